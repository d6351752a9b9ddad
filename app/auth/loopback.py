"""Without a login Caseboard is for whoever is at this machine, and for nobody else."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import psutil
from flask import Request

from app.settings import Settings, SettingsError, variable


def refuse_unsafe_start(settings: Settings, bind: str | None = None) -> None:
    """SettingsError when there is no login and others could reach us.

    Looks at the address people use, at `bind` (host:port) and at what this process listens on
    already, which is how a web server is found that somebody started by hand.
    """
    if settings.auth != "none":
        return
    way_out = (
        f"Let people sign in ({variable('auth')}=saml), or keep it to this machine "
        f"({variable('base_url')}=http://127.0.0.1:8050, bound to 127.0.0.1)."
    )
    host = urlsplit(settings.base_url).hostname or ""
    if not is_loopback(host):
        raise SettingsError(
            f"{variable('auth')} is none, so nobody signs in, but {variable('base_url')} says that "
            f"people come from elsewhere ({host}). {way_out}"
        )
    if settings.trusted_proxies:
        raise SettingsError(
            f"{variable('auth')} is none, but {variable('trusted_proxies')} says that people come "
            f"through a proxy. {way_out}"
        )
    bound = [bind.rpartition(":")[0]] if bind else _listening()
    for address in bound:
        if not address.startswith("unix") and not is_loopback(address.strip("[]")):
            raise SettingsError(
                f"{variable('auth')} is none, so the pages may be served on this machine only; "
                f"bound to {address or 'every address'} they would be shown to others. {way_out}"
            )


def is_from_here(request: Request) -> bool:
    """Whether a request was sent on this machine, to this machine, by a name of this machine.

    The name matters: a page elsewhere may let its own name lead to 127.0.0.1 (DNS rebinding).
    """
    ends = [request.remote_addr or "", *_local_end(request.environ)]
    return all(end == "" or is_loopback(end) for end in ends) and is_loopback(_name(request))


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _name(request: Request) -> str:
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def _local_end(environ: dict[str, Any]) -> list[str]:
    """The address of our end of the connection, where the web server tells it."""
    connection = environ.get("gunicorn.socket")
    try:
        told = connection.getsockname() if connection is not None else None
    except OSError:
        return []
    return [str(told[0])] if isinstance(told, tuple) else []


def _listening() -> list[str]:
    """The addresses that this process listens on."""
    try:
        found = psutil.Process().net_connections(kind="inet")
    except psutil.Error:
        return []
    return [one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN]
