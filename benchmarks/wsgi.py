"""What gunicorn serves here: the board, and beside it a callback that returns a constant.

The constants are files in BENCH_FOLDER; each process reads one at its first use.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from dash import Input, Output, callback
from flask import Flask

from app.auth import policy

FOLDER = "BENCH_FOLDER"

policy.CALLBACKS["benchmarks.wsgi.constant"] = policy.Need("viewer")


@callback(Output("floor", "data"), Input("floor-asked", "data"), prevent_initial_call=True)
def constant(name: str) -> Any:
    """An answer that was kept, as it is."""
    return kept(name)


@lru_cache(maxsize=256)
def kept(name: str) -> Any:
    """The constant of a name."""
    return orjson.loads((Path(os.environ[FOLDER]) / name).read_bytes())


def create_app() -> Flask:
    """The product's web application; the callback above comes along, as those of the pages do."""
    from app import server

    return server.create_app()
