"""The gate that every request passes: who is it?"""

import secrets

from flask import Flask, g

from app.auth import sessions
from app.auth.person import LOCAL, Person
from app.settings import get_settings


def register(server: Flask) -> None:
    """Put the gate before everything else that the application does with a request."""

    @server.before_request
    def identify() -> None:
        g.request_id = secrets.token_hex(8)
        g.person = _who()


def _who() -> Person | None:
    if get_settings().auth == "none":
        return LOCAL
    value = sessions.sent()
    return sessions.find(value) if value else None
