"""`/api/v1/report`: the weekly report of a View between two instants, in several forms."""

from collections.abc import Callable

import orjson
from flask import Blueprint, Response, abort

from app.api.operation import Json, Text, described
from app.api.parameters import PERIOD, VIEW, choice
from app.api.requests import arguments, asked_instant, asked_version
from app.api.schemas import FLAG, INSTANT, SEVERITY, TEXT, WHOLE, many, maybe, record
from app.period import PARAMETERS, Period
from app.report.mail import fragment, html_mail
from app.report.markdown import markdown
from app.report.period import DAYS
from app.report.plain import plain
from app.report.remembered import report_of
from app.report.value import BUG_SECTIONS, CASE_SECTIONS, Report
from app.settings import get_settings
from app.view import View

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1")

TAG = "Report"
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
STANDING = record(
    {
        "number": TEXT,
        "summary": maybe(TEXT),
        "account": maybe(TEXT),
        "severity": SEVERITY,
        "status": maybe(TEXT),
        "engineer": maybe(TEXT),
        "is_open": FLAG,
    }
)
CHANGE = {
    "at": INSTANT,
    "field": TEXT,
    "before": maybe(TEXT),
    "after": maybe(TEXT),
    "who": maybe(TEXT),
}
SAID = {
    "case": STANDING,
    "at": INSTANT,
    "author": maybe(TEXT),
    "source": TEXT,
    "text": TEXT,
    "length": WHOLE,
    "comments": WHOLE,
}
BUG = {"tracker": TEXT, "key": TEXT, "summary": maybe(TEXT), **CHANGE, "cases": many(TEXT)}
TOLD = record(
    {
        "query": {**TEXT, "description": "The query of the View"},
        "start": INSTANT,
        "end": INSTANT,
        "known_at": maybe(INSTANT),
        "open_before": WHOLE,
        "open_after": WHOLE,
        "cases": record(dict.fromkeys(CASE_SECTIONS, many(record({"case": STANDING, **CHANGE})))),
        "bugs": record(dict.fromkeys(BUG_SECTIONS, many(record(BUG)))),
        "said": many(record(SAID)),
        "counts": record(dict.fromkeys((*CASE_SECTIONS, *BUG_SECTIONS), WHOLE)),
    }
)
EXAMPLE = {
    "query": "state=all",
    "start": "2026-01-24T09:30:00Z",
    "end": "2026-01-31T09:30:00Z",
    "known_at": "2026-01-31T09:15:00Z",
    "open_before": 30,
    "open_after": 28,
    "cases": {name: [] for name in CASE_SECTIONS},
    "bugs": {name: [] for name in BUG_SECTIONS},
    "said": [],
    "counts": dict.fromkeys((*CASE_SECTIONS, *BUG_SECTIONS), 0),
}
FORM = choice("form", "md: Markdown; html: a mail; rich: its body alone; txt", list(FORMS), "md")


@blueprint.get("/report")
@described(
    "The weekly report",
    TAG,
    takes=(*VIEW, *PERIOD),
    gives=Json(TOLD, EXAMPLE),
    versioned=True,
)
def report() -> Response:
    """What happened to the cases of a View from `from` to `to`, by default in the last seven days.

    Its lines by section, bugs, the latest comments, how many each has, its period and its query.
    """
    made = _asked()
    told = orjson.loads(made.to_json())
    return Response(orjson.dumps({**told, "counts": made.counts}), mimetype="application/json")


@blueprint.get("/report.<form>")
@described(
    "The weekly report as a text",
    TAG,
    takes=(FORM, *VIEW, *PERIOD),
    gives=(
        Text("text/markdown", "# What happened from 24 to 31 January 2026\n"),
        Text("text/html", "<h1>What happened from 24 to 31 January 2026</h1>"),
        Text("text/plain", "What happened from 24 to 31 January 2026\n"),
    ),
    faults={404: "A report does not come in this form"},
    versioned=True,
)
def written(form: str) -> Response:
    """The same report to be read: as Markdown, as a whole mail, as its body alone, or as text."""
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
    period = Period.taken(taken, view.tz).within(asked_instant(view), view.tz, DAYS)
    return report_of(view, *period.filled(), asked_version())
