"""`/api/v1/audit.csv`: the audit log for admins, as a file."""

from flask import Blueprint, Response, request

from app.api.operation import CSV, Parameter, Text, described
from app.api.parameters import PERIOD, ZONE
from app.api.requests import as_csv, reader_left
from app.auth.audit import ACTS
from app.auth.listing import asked_of, audit_select
from app.export import copied, inert_texts

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
    rows = inert_texts(audit_select(asked_of(request.args)))
    zone = request.args.get("tz") or "UTC"
    return as_csv(copied(rows, zone=zone, left=reader_left()), "audit log")
