"""A View and its parts in English: one wording for titles, chips, file names and captions."""

import re
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.lengths import read_length

if TYPE_CHECKING:
    from app.view import View

SEVERITY_NAMES = {1: "Urgent", 2: "High", 3: "Normal", 4: "Low", 0: "Not set"}
SLA_NAMES = {"ok": "on track", "at_risk": "at risk", "breached": "breached"}
WAITING_NAMES = {
    "us": "us",
    "customer": "customer",
    "engineering": "engineering",
    "vendor": "vendor",
    "unknown": "unknown",
    "none": "nobody",
}
# The filters by how long cases took, and to what.
MILESTONES = {
    "days_to_relief": "relief",
    "days_to_resolution": "resolution",
    "days_to_close": "close",
}
CARD_NAMES = {
    "none": "without card",
    "open": "card not done",
    "done": "card done",
    "several": "two cards or more",
}
_NAMES: dict[str, dict[Any, str]] = {
    "severity": SEVERITY_NAMES,
    "sla": SLA_NAMES,
    "waiting_on": WAITING_NAMES,
    "card": CARD_NAMES,
}
FIELD_LABELS = {
    "q": "Search",
    "state": "State",
    "severity": "Severity",
    "status": "Status",
    "account": "Account",
    "engineer": "Engineer",
    "owner": "Owner",
    "group": "Group",
    "product": "Product",
    "product_version": "Version",
    "tag": "Tag",
    "label": "Label",
    "waiting_on": "Waiting on",
    "card": "Card",
    "card_status": "Card status",
    "escalated": "Prio-list",
    "crit_sit": "Crit sit",
    "escalation": "Escalation",
    "sla": "SLA",
    "bugs": "Bugs",
    "days_to_relief": "Days to relief",
    "days_to_resolution": "Days to resolution",
    "days_to_close": "Days to close",
    "closing": "Closed between",
    "reopened": "Reopened soon after closing between",
    "bug": "Bug",
    "stale": "No update for",
    "recent": "Updated within",
    "created_from": "Created from",
    "created_to": "Created before",
    "closed_from": "Closed from",
    "closed_to": "Closed before",
    "updated_from": "Updated from",
    "updated_to": "Updated before",
}
_STATES = {"open": "open cases", "closed": "closed cases", "all": "all cases", "gone": "gone cases"}
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def day_words(moment: datetime, zone: str) -> str:
    """An instant as a reader says it: the day alone when it is midnight in the zone."""
    local = moment.astimezone(ZoneInfo(zone))
    day = f"{local.day} {MONTHS[local.month - 1]} {local.year}"
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return day
    return f"{day} {local:%H:%M} {local.tzname()}"


def period_words(start: datetime, end: datetime, zone: str) -> str:
    """A period in words: "from 26 November 2025 to 25 November 2026 18:00 UTC"."""
    return f"from {day_words(start, zone)} to {day_words(end, zone)}"


def value_words(name: str, value: Any, zone: str) -> str:
    """The value of one filter in words, for a chip: `Urgent, High`; `30 days`."""
    if isinstance(value, datetime):
        return day_words(value, zone)
    if name in {"closing", "reopened", *MILESTONES}:
        return _course_words(name, value, zone)
    names = _NAMES.get(name)
    if names is not None:
        return ", ".join(names[part] for part in value)
    if name in {"stale", "recent"}:
        return f"{value} day" if value == 1 else f"{value} days"
    if isinstance(value, tuple):
        return ", ".join(str(part) or "not set" for part in value)
    return str(value)


def view_sentence(view: "View") -> str:
    """What a View shows: "open cases of Acme, severity 1-2, as known on 31 January 2026"."""
    parts = [_STATES[view.state]]
    if view.account:
        parts[0] += f" of {_either(view.account, 'no account')}"
    if view.engineer:
        parts[0] += f" with {_either(view.engineer, 'no engineer')}"
    if view.severity:
        parts.append(_severity_words(view.severity))
    parts += _text_parts(view)
    parts += _course_parts(view)
    parts += _range_parts(view)
    if view.q:
        parts.append(f"matching “{view.q}”")
    if view.as_of:
        parts.append(f"as known on {day_words(view.as_of, view.tz)}")
    return ", ".join(parts)


def file_name(words: str) -> str:
    """A file name (without ending) of some words: letters, digits and hyphens only."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:120] or "cases"


def _either(values: tuple[str, ...], missing: str) -> str:
    return " or ".join(value or missing for value in values)


def _severity_words(numbers: tuple[int, ...]) -> str:
    known = [number for number in numbers if number]
    if not known:
        return "severity not set"
    run = known == list(range(known[0], known[-1] + 1)) and len(known) > 1
    words = f"{known[0]}-{known[-1]}" if run else ", ".join(map(str, known))
    return f"severity {words}" + (" or not set" if 0 in numbers else "")


def _text_parts(view: "View") -> list[str]:
    bugs = {"none": "without bugs", "untargeted": "with untargeted bugs", "any": "with bugs"}
    told = (
        (view.status, f"status {_either(view.status, 'not set')}"),
        (view.owner, f"owned by {_either(view.owner, 'nobody')}"),
        (view.group, f"group {_either(view.group, 'not set')}"),
        (view.product, f"product {_either(view.product, 'not set')}"),
        (view.product_version, f"version {_either(view.product_version, 'not set')}"),
        (view.tag, f"tagged {_either(view.tag, 'nothing')}"),
        (view.label, f"labelled {_either(view.label, 'nothing')}"),
        (view.waiting_on, f"waiting on {value_words('waiting_on', view.waiting_on, view.tz)}"),
        (view.card, value_words("card", view.card, view.tz)),
        (view.card_status, f"card {_either(view.card_status, 'without status')}"),
        (view.escalated, f"prio-list {' or '.join(view.escalated)}"),
        (view.crit_sit, f"critical situation {' or '.join(view.crit_sit)}"),
        (view.escalation, "prio-list or critical situation"),
        (view.sla, f"SLA {' or '.join(SLA_NAMES[part] for part in view.sla)}"),
        (view.bugs, " or ".join(bugs[part] for part in view.bugs)),
        (view.bug, f"waiting for {_either(view.bug, 'no bug')}"),
        (view.stale is not None, f"no update for {value_words('stale', view.stale, view.tz)}"),
        (view.recent is not None, f"updated within {value_words('recent', view.recent, view.tz)}"),
    )
    return [words for asked, words in told if asked]


def _course_words(name: str, value: Any, zone: str) -> str:
    if name not in MILESTONES:
        return " and ".join(day_words(moment, zone) for moment in value)
    return " or ".join(span.words for span in map(read_length, value) if span)


def _course_parts(view: "View") -> list[str]:
    """What a View asks of the course that cases took."""
    parts = [
        f"time to {told} {value_words(name, getattr(view, name), view.tz)}"
        for name, told in MILESTONES.items()
        if getattr(view, name)
    ]
    if view.closing:
        parts.append(f"closed between {value_words('closing', view.closing, view.tz)}")
    if view.reopened:
        between = value_words("reopened", view.reopened, view.tz)
        parts.append(f"reopened soon after a closing between {between}")
    return parts


def _range_parts(view: "View") -> list[str]:
    parts = []
    for verb in ("created", "closed", "updated"):
        start, end = getattr(view, f"{verb}_from"), getattr(view, f"{verb}_to")
        if start:
            parts.append(f"{verb} from {day_words(start, view.tz)}")
        if end:
            parts.append(f"{verb} before {day_words(end, view.tz)}")
    return parts
