"""The script that draws charts, for pages that nobody is signed in to: the file that others get.

It comes under a name of its own, so that Dash's files stay behind the door.
"""

import hashlib
from functools import lru_cache

from flask import Response

from app import bundles, statics

PATH = "/embed/plotly.js"


@lru_cache(maxsize=1)
def mark() -> str:
    """What tells this file from that of another release."""
    return hashlib.sha256(bundles.plotly()).hexdigest()[:16]


def address() -> str:
    """Where it is; the address changes with the file, so that it may be kept for ever."""
    return f"{PATH}?{mark()}"


def answer() -> Response:
    """The file, packed as the browser takes it."""
    response = Response(bundles.plotly(), mimetype="text/javascript")
    response.headers["Cache-Control"] = statics.FOR_EVER
    statics.compress(response)
    return response
