"""Where somebody goes after signing in: to a page of ours, whatever the address says."""

import re
from urllib.parse import urlsplit

LONGEST_PATH = 2_000
HOME = "/"
# What an address may be made of; no backslash, space or control character, which browsers mend.
ADDRESS = re.compile(r"/[!-\[\]-~]*")
# Nobody who has just entered wants to be where one signs in or out.
ELSEWHERE = ("/saml", "/_", "/api/", "/logout", "/login")


def return_path(asked: str | None) -> str:
    """The path and query to go to: what was asked for when it is a page of ours, else home."""
    if not asked or len(asked) > LONGEST_PATH or not ADDRESS.fullmatch(asked):
        return HOME
    if asked.startswith("//") or asked.lower().startswith(("/%2f", "/%5c")):
        return HOME
    try:
        parts = urlsplit(asked)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or parts.path.startswith(ELSEWHERE):
        return HOME
    # Dots would be taken away by the browser, and what is left might begin with two slashes.
    if "//" in parts.path or re.search(r"/(\.|%2e){1,2}(/|$)", parts.path, re.IGNORECASE):
        return HOME
    return asked
