"""`/api/v1/audit.csv`: the audit log for admins, as a file."""

from flask import Blueprint, Response, request

from app.auth.listing import asked_of, audit_select
from app.export import copied, inert_texts
from app.view_fields import ParameterError

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1")

PARAMETERS = ("act", "outcome", "q", "from", "to", "tz")


@blueprint.get("/audit.csv")
def audit_csv() -> Response:
    """The rows of the audit log, newest first, filtered by act, outcome, q, from, to (in tz)."""
    for name in request.args:
        if name not in PARAMETERS:
            raise ParameterError(name[:60], f"is not known; {', '.join(PARAMETERS)} are")
    statement = inert_texts(audit_select(asked_of(request.args)))
    headers = {"Content-Disposition": 'attachment; filename="audit-log.csv"'}
    zone = request.args.get("tz") or "UTC"
    return Response(copied(statement, zone=zone), mimetype="text/csv", headers=headers)
