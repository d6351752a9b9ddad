"""What comes from our own pages and what from other sites; ways back that stay with us."""

from urllib.parse import urlsplit

from flask import Request

from app.settings import get_settings

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LONGEST_WAY = 8_000


def is_ours(request: Request) -> bool:
    """Whether a request may change things on the strength of its cookie.

    Browsers say where a request comes from (Sec-Fetch-Site, or Origin in older ones), and pages
    cannot keep them from it. What says nothing is no browser, so nobody misleads it.
    """
    if request.method in SAFE_METHODS:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return is_own(origin, request)


def is_own(address: str, request: Request) -> bool:
    """Whether an origin, or the address of a page, is of our own."""
    own = {_origin(get_settings().base_url)}
    if get_settings().auth == "none":
        own.add(_origin(request.host_url))  # the gate has seen that it is this machine
    return _origin(address) in own


def next_page(asked: str | None) -> str:
    """The path of ours that somebody wanted, `/` for anything that might lead elsewhere."""
    if not asked or len(asked) > LONGEST_WAY or not asked.isprintable():
        return "/"
    # Browsers take a backslash for a slash, so that "/\\host" is another host.
    if not asked.startswith("/") or asked.startswith("//") or "\\" in asked:
        return "/"
    try:
        parts = urlsplit(asked)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/login", "/logout", "/saml/")):
        return "/"
    return asked


def _origin(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; a port that a scheme has anyway is left out."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "", address, None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), None if port == usual else port
