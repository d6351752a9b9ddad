"""`/api/v1/quality`: the work lists, how many entries each has, and the entries."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from app.api.requests import arguments, as_json, problem, reader_left
from app.database import plain, snapshot
from app.export import copied, inert_texts
from app.quality import LISTS
from app.quality.answers import counts, entries
from app.scope import Scope
from app.version import data_version
from app.view import View
from app.view_fields import write_instant

blueprint = Blueprint("quality", __name__, url_prefix="/api/v1")


@blueprint.get("/quality")
def quality() -> Response:
    """Every list: `{"as_of", "items": [{"name", "title", "why", "entries", "muted", "rows"}]}`.

    `rows` is the query of the View of its cases, muted ones too, where a View says it.
    """
    scope, version = _scope(), data_version()
    found = counts(scope, version)
    items = []
    for one in LISTS.values():
        rows = one.rows(scope.view)
        told = {"name": one.name, "title": one.title, "why": one.why, **found[one.name]}
        items.append({**told, "rows": rows.to_query() if rows else None})
    return as_json({"as_of": write_instant(scope.instant), "items": items})


@blueprint.get("/quality/<name>")
def work_list(name: str) -> Response:
    """The entries of one list that are not muted, oldest fault first: `{"items", "total"}`."""
    one = LISTS.get(name)
    if one is None:
        return _unknown(name)
    scope = _scope()
    zone = ZoneInfo(scope.view.tz)
    with snapshot() as connection:
        rows = plain(connection, entries(one, scope))
    items = [
        {**row, "since": row["since"].astimezone(zone).isoformat(timespec="seconds")}
        for row in rows
    ]
    return as_json({"items": items, "total": len(items)})


@blueprint.get("/quality/<name>.csv")
def work_list_csv(name: str) -> Response:
    """The same entries as a CSV file, streamed."""
    one = LISTS.get(name)
    if one is None:
        return _unknown(name)
    scope = _scope()
    headers = {"Content-Disposition": f'attachment; filename="{one.name.replace("_", "-")}.csv"'}
    body = copied(inert_texts(entries(one, scope)), zone=scope.view.tz, left=reader_left())
    return Response(body, mimetype="text/csv", headers=headers)


def _scope() -> Scope:
    view, version = View.from_values(arguments()), data_version()
    return Scope.of(view, view.instant(datetime.now(UTC), version.changed_at), version)


def _unknown(name: str) -> Response:
    known = ", ".join(LISTS)
    return problem(404, "No such list", f"There is no list {name[:60]!r}; lists are {known}.")
