"""`/api/v1/report`: the weekly report of a View between two instants, in several forms."""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
from flask import Blueprint, Response, abort

from app.api.requests import arguments
from app.period import PARAMETERS, Period
from app.report.mail import fragment, html_mail
from app.report.markdown import markdown
from app.report.period import DAYS
from app.report.plain import plain
from app.report.remembered import report_of
from app.report.value import Report
from app.settings import get_settings
from app.version import data_version
from app.view import View

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1")

# What a browser copies: it must never be taken for a page of ours.
SAFE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
FORMS: dict[str, tuple[str, Callable[[Report, str, str], str]]] = {
    "md": ("text/markdown", lambda report, base, _address: markdown(report, base)),
    "html": ("text/html", html_mail),
    "rich": ("text/html", fragment),
    "txt": ("text/plain", lambda report, _base, address: plain(report, address)),
}


@blueprint.get("/report")
def report() -> Response:
    """The report as JSON: its lines by section, bugs, comments, counts, period and query."""
    made = _asked()
    told = orjson.loads(made.to_json())
    return Response(orjson.dumps({**told, "counts": made.counts}), mimetype="application/json")


@blueprint.get("/report.<form>")
def written(form: str) -> Response:
    """The report as `md`, `html` (a mail), `rich` (its body alone) or `txt`."""
    if form not in FORMS:
        abort(404, f"A report comes as one of {', '.join(FORMS)}.")
    made = _asked()
    base = get_settings().base_url.rstrip("/")
    view = View.from_query(made.query).but(state=View().state)
    parts = (view.to_query(), Period(made.start, made.end).to_query())
    address = f"{base}/weekly?{'&'.join(filter(None, parts))}"
    kind, write = FORMS[form]
    return Response(write(made, base, address), mimetype=kind, headers=SAFE)


def _asked() -> Report:
    values = arguments()
    taken = {name: values.pop(name) for name in PARAMETERS if name in values}
    view = View.from_values(values)
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    period = Period.taken(taken, view.tz).within(instant, view.tz, DAYS)
    return report_of(view, *period.filled(), version)
