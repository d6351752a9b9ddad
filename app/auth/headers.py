"""What every answer tells browsers: what may run, who may frame it, what may be kept."""

from collections.abc import Callable, Sequence

from flask import Flask, Response, g

from app.settings import get_settings

FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Addresses hold what people search for; trackers that they follow a link to need not know.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"
NOBODY = "'none'"


def register(server: Flask, hashes: Callable[[], Sequence[str]]) -> None:
    """Put the headers on every answer, faults included.

    `hashes` are those of the few inline scripts that Dash itself writes; asked for once, when the
    first answer is sent, for by then all callbacks are known.
    """
    scripts: list[str] = []

    @server.after_request
    def add(response: Response) -> Response:
        if not scripts:
            scripts.append(" ".join(hashes()))
        # An answer that others may frame (an embed) names them here, and nowhere else.
        ancestors = g.get("frame_ancestors", NOBODY)
        response.headers["Content-Security-Policy"] = policy(scripts[0], ancestors)
        if ancestors == NOBODY:
            response.headers["X-Frame-Options"] = "DENY"
        for name, value in FIXED.items():
            response.headers.setdefault(name, value)
        if get_settings().base_url.startswith("https://"):
            response.headers["Strict-Transport-Security"] = HSTS
        if "request_id" in g:
            response.headers["X-Request-Id"] = g.request_id
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def policy(hashes: str, ancestors: str) -> str:
    """The content security policy.

    Styles may stand inline, for the grid and the figures place their parts by them; scripts never.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
            f"frame-ancestors {ancestors}",
        )
    )
