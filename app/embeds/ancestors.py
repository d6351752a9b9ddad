"""Which pages may show an embed: their origins, as `frame-ancestors` of a policy takes them.

Only whole origins: a wildcard would let in whoever gets a name under a domain, and a path is not
looked at by browsers. Plain http is for this machine alone, as anybody on the way could put a page
of theirs in place of one that comes so.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Request

from app.auth.loopback import is_loopback
from app.auth.same_site import is_own

MOST = 20
LONGEST = 253
# What stands in a policy unescaped must be nothing but names, dots and a port.
ORIGIN = re.compile(
    r"(https?)://((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?::([0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)
USUAL_PORTS = {"http": 80, "https": 443}
# What browsers say of a request when a page of its own is to be shown for it.
WINDOW = "document"


class BadAncestor(ValueError):
    """An origin that cannot be taken; the message names it and says what it may be."""


def origins(told: Iterable[str]) -> tuple[str, ...]:
    """Origins in the one way of writing them, each once, in their order; BadAncestor."""
    found = tuple(dict.fromkeys(_origin(one) for one in told))
    if len(found) > MOST:
        raise BadAncestor(f"There are {len(found)} ancestors; {MOST} are the most.")
    return found


def frame_ancestors(found: Iterable[str]) -> str:
    """The value of the policy's `frame-ancestors`."""
    return " ".join(found) or "'none'"


def may_show(request: Request, found: Iterable[str]) -> bool:
    """Whether a request comes from a page that may show the embed, as far as the browser says.

    It says so unless that page keeps it from doing so; then `frame-ancestors` alone holds. Whoever
    opens the address in a window of its own is no page, and what the embed itself asks for is ours.
    """
    if request.headers.get("Sec-Fetch-Dest") == WINDOW:
        return True
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    said = [request.headers.get(name) for name in ("Origin", "Referer")]
    return all(_is_among(one, request, found) for one in said if one is not None)


def _is_among(address: str, request: Request, found: Iterable[str]) -> bool:
    if is_own(address, request):
        return True
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    return _written(parts.scheme, parts.hostname or "", port) in set(found)


def _origin(told: str) -> str:
    shown = told[:80]
    found = ORIGIN.fullmatch(told.strip())
    if found is None or len(told) > LONGEST:
        raise BadAncestor(
            f"{shown!r} is not the origin of a page: give scheme and host, and a port where there "
            "is one, as in https://reports.example.com; no path, no wildcard."
        )
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    if port is not None and not 0 < int(port) < 65_536:
        raise BadAncestor(f"{shown!r}: there is no port {port}.")
    if scheme == "http" and not is_loopback(host):
        raise BadAncestor(
            f"{shown!r} comes without encryption, so anybody on the way could show it in another "
            "page: use https (http is for this machine alone)."
        )
    return _written(scheme, host, int(port) if port else None)


def _written(scheme: str, host: str, port: int | None) -> str:
    usual = port is None or port == USUAL_PORTS.get(scheme)
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{port}"
