"""`/api/v1/cases/<number>` and its history: a case told whole."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app import sla
from app.api.cases import TAG, plain_row
from app.api.operation import Json, Parameter, described
from app.api.parameters import VIEW, limit
from app.api.requests import arguments, as_json, asked_instant, asked_view, integer, problem
from app.api.schemas import (
    CELLS,
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    WHOLE,
    component,
    many,
    maybe,
    record,
    table,
)  # fmt: skip
from app.auth import audit
from app.clock import stretches, versions_of, waited
from app.database import plain, snapshot
from app.hanging import bugs_of
from app.setting_values import SlaPolicy
from app.story import KINDS, story, told_by_kind
from app.timeline import exists, facts
from app.view import View
from app.view_fields import ParameterError, write_instant
from app.words import day_words

blueprint = Blueprint("case", __name__, url_prefix="/api/v1")

MOST_EVENTS = 100_000
CASE_NUMBER = Parameter(
    "number", "The number of the case", {"type": "string", "minLength": 1}, "path", example="01234"
)
KIND = Parameter(
    "kind", "Only events of these kinds", {"type": "string", "enum": list(KINDS)}, many="repeated"
)
# Told of a case beside its columns.
MORE = {
    "as_of": INSTANT, "description": maybe(TEXT), "is_open": FLAG, "gone": FLAG,
    "escalation_link": maybe(TEXT), "elapsed_days": maybe(NUMBER), "target_days": maybe(NUMBER),
    "days_waited_on": table(NUMBER), "links": many(component("Link")),
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    **dict.fromkeys(CELLS), "number": "01234567", "severity": 1, "account": "Acme",
    "as_of": "2026-01-31T09:30:00Z", "description": "It stops after an hour.", "is_open": True,
    "gone": False, "escalation_link": None, "elapsed_days": 3.5, "target_days": 14.0,
    "days_waited_on": {"us": 2.5, "customer": 1.0}, "links": [],
}  # fmt: skip
HISTORY_EXAMPLE = {
    "items": [{
        "at": "2026-01-30T08:00:00Z", "kind": "case", "source": "portal", "entity": "case",
        "key": "01234567", "field": "severity", "before": 2, "after": 1, "actor": "ana",
        "is_public": None,
    }],
    "total": 1,
    "kinds": {"case": 1},
}  # fmt: skip
NO_SUCH = {404: "There is no case of that number, or there was none yet at the instant"}


@blueprint.get("/cases/<number>")
@described(
    "One case",
    TAG,
    takes=(CASE_NUMBER, *VIEW),
    gives=Json(record({**CELLS, **MORE}), EXAMPLE),
    faults=NO_SUCH,
    versioned=True,
)
def case(number: str) -> Response:
    """All that is known of a case as of the View's instant: every column, its SLA clock, its links.

    Of a View `as_of` and `tz` matter here. `days_waited_on` parts its open time by who was to act.
    """
    view = asked_view()
    instant = asked_instant(view)
    with snapshot() as connection:
        found = plain(connection, facts(_storable(number), instant))
        if not found:
            return _unknown(number, instant, view, connection)
        [row] = found
        links = plain(connection, bugs_of(number, instant))
        versions = plain(connection, versions_of(number, instant, _policy(row, instant)))
    audit.record("case_view", outcome="done", target=number)
    told = {
        **row,
        "severity": None if row["severity"] is None else int(row["severity"]),
        "as_of": write_instant(instant),
        "days_waited_on": waited(stretches(versions, instant)),
        "links": [plain_row(link, view) for link in links],
    }
    return as_json(plain_row(told, view))


@blueprint.get("/cases/<number>/history")
@described(
    "The story of a case",
    TAG,
    takes=(CASE_NUMBER, *VIEW, KIND, limit(MOST_EVENTS, "all")),
    gives=Json(
        record({"items": many(component("Event")), "total": WHOLE, "kinds": table(WHOLE)}),
        HISTORY_EXAMPLE,
    ),
    faults=NO_SUCH,
    versioned=True,
)
def history(number: str) -> Response:
    """Every comment and every change of the case, its cards and its bugs, the newest first.

    `total` and `kinds` count all events up to the View's instant, whichever are told.
    """
    values = arguments()
    most = integer(values, "limit", MOST_EVENTS, 1, MOST_EVENTS)
    chosen = _kinds(values.pop("kind", []))
    view = View.from_values(values)
    instant = asked_instant(view)
    with snapshot() as connection:
        if not plain(connection, facts(_storable(number), instant)):
            return _unknown(number, instant, view, connection)
        events = plain(connection, story(number, instant))
        kinds = {
            row["kind"]: row["events"] for row in plain(connection, told_by_kind(number, instant))
        }
    audit.record("case_view", outcome="done", target=number)
    told = [event for event in events if event["kind"] in chosen][:most]
    items = [plain_row({name: event[name] for name in EVENT}, view) for event in told]
    return as_json({"items": items, "total": sum(kinds.values()), "kinds": kinds})


EVENT = (
    "at", "kind", "source", "entity", "key", "field", "before", "after", "actor", "is_public",
)  # fmt: skip


def _policy(row: dict[str, Any], instant: datetime) -> SlaPolicy:
    """A case goes by the policy of its closing, or of the instant while it is open."""
    return sla.at(row["closed"] or instant).policy


def _kinds(texts: list[str]) -> set[str]:
    unknown = [text for text in texts if text not in KINDS]
    if unknown:
        raise ParameterError("kind", f"{unknown[0][:40]!r} is not one of {', '.join(KINDS)}")
    return set(texts or KINDS)


def _storable(number: str) -> str:
    return number.replace("\x00", "�")


def _unknown(number: str, instant: datetime, view: View, connection: Connection) -> Response:
    if not plain(connection, exists(_storable(number))):
        return problem(404, "No such case", f"No case has the number {number[:100]}.")
    when = day_words(instant, view.tz)
    return problem(404, "Not yet", f"Case {number[:100]} did not exist on {when}.")
