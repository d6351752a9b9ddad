"""`/api/v1/quality`: the work lists, how many entries each has, and the entries."""

from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from app.api.operation import CSV, Json, Text, described
from app.api.parameters import VIEW, choice
from app.api.requests import (
    as_csv,
    as_json,
    asked_scope,
    asked_version,
    asked_view,
    problem,
    reader_left,
)
from app.api.schemas import INSTANT, SEVERITY, TEXT, WHOLE, many, maybe, record
from app.database import plain, snapshot
from app.export import copied, inert_texts
from app.quality import LISTS
from app.quality.answers import counts, entries
from app.quality.worklist import COLUMNS
from app.scope import Scope
from app.view_fields import write_instant

blueprint = Blueprint("quality", __name__, url_prefix="/api/v1")

TAG = "Quality"
LIST = choice("name", "The work list", list(LISTS), next(iter(LISTS)))
NO_SUCH = {404: "There is no such list"}
ENTRY = {**dict.fromkeys(COLUMNS, maybe(TEXT)), "severity": SEVERITY, "since": INSTANT}
ENTRY_EXAMPLE = {
    **dict.fromkeys(COLUMNS), "subject": "01234567", "number": "01234567", "severity": 2,
    "account": "Acme", "told": "It has no card", "since": "2026-01-30T08:00:00Z",
}  # fmt: skip
LIST_EXAMPLE = {
    "name": "no_card",
    "title": "No card",
    "why": "Nobody tracks it",
    "entries": 3,
    "muted": 0,
    "rows": "card=none",
}


@blueprint.get("/quality")
@described(
    "The work lists",
    TAG,
    takes=VIEW,
    gives=Json(
        record(
            {
                "as_of": INSTANT,
                "items": many(
                    record(
                        {
                            "name": TEXT,
                            "title": TEXT,
                            "why": TEXT,
                            "entries": WHOLE,
                            "muted": WHOLE,
                            "rows": maybe(TEXT),
                        }
                    )
                ),
            }
        ),
        {"as_of": "2026-01-31T09:30:00Z", "items": [LIST_EXAMPLE]},
    ),
    versioned=True,
)
def quality() -> Response:
    """Every list with how many entries it has, and how many of them are muted.

    `rows` is the query of the View of its cases, muted ones too, where a View says it.
    """
    scope = _scope()
    found = counts(scope, asked_version())
    items = []
    for one in LISTS.values():
        rows = one.rows(scope.view)
        told = {"name": one.name, "title": one.title, "why": one.why, **found[one.name]}
        items.append({**told, "rows": rows.to_query() if rows else None})
    return as_json({"as_of": write_instant(scope.instant), "items": items})


@blueprint.get("/quality/<name>")
@described(
    "The entries of a work list",
    TAG,
    takes=(LIST, *VIEW),
    gives=Json(
        record({"items": many(record(ENTRY)), "total": WHOLE}),
        {"items": [ENTRY_EXAMPLE], "total": 1},
    ),
    faults=NO_SUCH,
    versioned=True,
)
def work_list(name: str) -> Response:
    """The entries that are not muted, the oldest fault first."""
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
@described(
    "The entries of a work list as a file",
    TAG,
    takes=(LIST, *VIEW),
    gives=Text(CSV, "subject,number,told\n01234567,01234567,It has no card\n"),
    faults=NO_SUCH,
    versioned=True,
)
def work_list_csv(name: str) -> Response:
    """The same entries, streamed."""
    one = LISTS.get(name)
    if one is None:
        return _unknown(name)
    scope = _scope()
    rows = copied(inert_texts(entries(one, scope)), zone=scope.view.tz, left=reader_left())
    return as_csv(rows, one.name)


def _scope() -> Scope:
    return asked_scope(asked_view())


def _unknown(name: str) -> Response:
    known = ", ".join(LISTS)
    return problem(404, "No such list", f"There is no list {name[:60]!r}; lists are {known}.")
