"""The script that draws charts, for pages that nobody is signed in to: the file that Dash serves.

It comes under a name of its own, so that Dash's other files stay behind the door.
"""

import gzip
import hashlib
from functools import lru_cache
from importlib.resources import files

from flask import Response, request

PATH = "/embed/plotly.js"
A_YEAR = "public, max-age=31536000, immutable"


@lru_cache(maxsize=1)
def _plain() -> bytes:
    return (files("plotly") / "package_data" / "plotly.min.js").read_bytes()


@lru_cache(maxsize=1)
def _packed() -> bytes:
    return gzip.compress(_plain(), 6, mtime=0)


@lru_cache(maxsize=1)
def mark() -> str:
    """What tells this file from that of another release."""
    return hashlib.sha256(_plain()).hexdigest()[:16]


def address() -> str:
    """Where it is; the address changes with the file, so that it may be kept for ever."""
    return f"{PATH}?{mark()}"


def answer() -> Response:
    """The file, packed where the browser takes it so."""
    packed = request.accept_encodings["gzip"] > 0
    response = Response(_packed() if packed else _plain(), mimetype="text/javascript")
    response.headers["Cache-Control"] = A_YEAR
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
