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
# What a browser can show as a page of its own; whatever else is sent, nothing comes of it.
DOCUMENTS = frozenset({"text/html", "image/svg+xml"})
NO_DOCUMENT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HSTS = "max-age=31536000; includeSubDomains"
NOBODY = "'none'"
# The style elements that plotly.js makes: an empty one, which it then fills, and one for its maps,
# where its whole stands in for our part of it (`app.bundles`).
# With these hashes no other style can stand inline; a browser test tells when they change.
PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)


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
        ancestors = g.get("frame_ancestors")
        if ancestors is not None:
            told = embed_policy(ancestors)
        else:
            told = policy(scripts[0]) if response.mimetype in DOCUMENTS else NO_DOCUMENT
        response.headers["Content-Security-Policy"] = told
        if ancestors in {None, NOBODY}:
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


def policy(hashes: str) -> str:
    """The content security policy of our own pages.

    Styles may stand inline, for the grid and the figures place their parts by them; scripts never.
    """
    return _written(f"'self' {hashes}".strip(), "'self' 'unsafe-inline'", "'self'", NOBODY)


def embed_policy(ancestors: str) -> str:
    """That of what pages of other origins may show: nothing inline, no form to send."""
    return _written("'self'", f"'self' {PLOTLY_STYLES}", NOBODY, ancestors)


def _written(scripts: str, styles: str, forms: str, ancestors: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            f"style-src {styles}",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            f"form-action {forms}",
            "object-src 'none'",
            f"frame-ancestors {ancestors}",
        )
    )
