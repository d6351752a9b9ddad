"""The operations of the API, from the declarations beside its routes."""

from collections.abc import Iterator

from flask import Flask

from app.api.openapi import operations
from app.auth import policy
from app.server import BLUEPRINTS
from docs.reference.markdown import code, page, prose, table

SOURCE = "app/api"
ABOUT = """\
Every operation under `/api/v1`. `/api/v1/docs` on your board tells all of each, with parameters,
an example and a curl line; `/api/v1/openapi.json` says it to programs (OpenAPI 3.1). How answers,
cursors and faults look: [API](../api.md). *Role* is the least role of whoever asks, *scope* what
a token must have."""


def render() -> str:
    """The whole page."""
    server = Flask(__name__, static_folder=None)
    for blueprint in BLUEPRINTS:
        server.register_blueprint(blueprint)
    found: dict[str, list[tuple[str, ...]]] = {}
    for tag, row in _rows(server):
        found.setdefault(tag, []).append(row)
    parts: list[str] = []
    for tag, rows in found.items():
        parts += [f"## {tag}", table(("operation", "answers", "role", "scope"), rows)]
    return page("Operations of the API", SOURCE, ABOUT, *parts)


def _rows(server: Flask) -> Iterator[tuple[str, tuple[str, ...]]]:
    for method, path, rule, operation in operations(server):
        need = policy.route(method, rule.rule)
        if operation is not None:
            role, scope = (need.role, need.scope) if need else (None, None)
            name = code(f"{method} {path}")
            yield operation.tag, (name, prose(operation.summary), role or "", scope or "")
