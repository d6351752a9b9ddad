"""`/api/v1/audit.csv`: the audit log for admins, as a file."""

from dataclasses import replace

from flask import Blueprint, Response

from app.api.operation import CSV, Parameter, Text, described
from app.api.parameters import PERIOD, ZONE
from app.api.requests import arguments, as_csv, reader_left
from app.auth.audit import ACTS
from app.auth.listing import asked_of, audit_select
from app.export import copied, inert_texts
from app.period import Period
from app.view_fields import FIELDS, ParameterError

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1")

FILTERS = (
    Parameter("act", "What was done", {"type": "string", "enum": [*ACTS, ""]}, example="export"),
    Parameter(
        "outcome", "Whether it was done", {"type": "string", "enum": ["done", "refused", ""]}
    ),
    Parameter("q", "Words to look for in who, what and why", {"type": "string"}),
)


@blueprint.get("/audit.csv")
@described(
    "The audit log as a file",
    "Audit",
    takes=(*FILTERS, *PERIOD, *ZONE),
    gives=Text(CSV, "at,who,act,outcome\n2026-01-31T09:30:00+00:00,Ana,export,done\n"),
)
def audit_csv() -> Response:
    """Who saw, took or changed what, or was refused it: all rows asked for, the newest first."""
    values = arguments()
    zone = FIELDS["tz"].parse(values.pop("tz"), "UTC") if "tz" in values else "UTC"
    period = Period.taken(values, zone)
    asked = asked_of({name: _one(name, texts) for name, texts in values.items()})
    rows = inert_texts(audit_select(replace(asked, since=period.start, until=period.end)))
    return as_csv(copied(rows, zone=zone, left=reader_left()), "audit log")


def _one(name: str, texts: list[str]) -> str:
    if len(texts) > 1:
        raise ParameterError(name, "may be given once only")
    return texts[0]
