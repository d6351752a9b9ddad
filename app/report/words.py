"""The report in English, as tables of texts: what every rendering of it lays out.

Nothing here knows where it will be shown: texts of sources are plain, and whoever writes them
somewhere makes them inert there.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import quote
from zoneinfo import ZoneInfo

from app.report.value import BugLine, Line, Report, Said
from app.view import View
from app.words import MONTHS, SEVERITY_NAMES, day_words

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TITLES = {
    "opened": "Opened",
    "closed": "Closed",
    "reopened": "Reopened",
    "escalated": "Escalated",
    "deescalated": "De-escalated",
    "severity": "Severity changed",
    "hands": "Changed hands",
    "at_risk": "Newly at risk",
    "breached": "Newly breached",
    "targeted": "Bugs that got a target",
    "fixed": "Bugs that got a fix",
}
MEANINGS = {
    "opened": "cases created in the period",
    "closed": "cases whose latest closing lies in the period",
    "reopened": "closed cases that were opened again",
    "escalated": "onto the prio-list, or flagged as a critical situation",
    "deescalated": "off the prio-list, or no longer a critical situation",
    "severity": "each change of severity",
    "hands": "each change of engineer or owner",
    "at_risk": "open cases that passed half of their SLA target",
    "breached": "open cases that passed the whole of their SLA target",
    "targeted": "bugs of these cases that had no target before",
    "fixed": "bugs of these cases whose status says that the work is done",
}
FIELD_WORDS = {
    "engineer": "Engineer",
    "owner": "Owner",
    "escalated": "Prio-list",
    "crit_sit": "Crit sit",
    "target": "Target",
    "status": "Status",
}
TRACKERS = {"bugzilla": "Bugzilla", "jira": "JIRA"}
CASES_NAMED = 5
LONGEST_CELL = 300
_BREAKS = {"Cc", "Zl", "Zp"}
_INVISIBLE = {"Cf", "Cs", "Co"}
_JOINERS = "\u200c\u200d"  # parts of words and of emoji


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: about a case, or about a `bug` (tracker and key).

    `path` leads to the case within Caseboard, None for a bug. `severity` is 1..4 or None; `change`
    is what happened, in words; `who` and `note` may be empty.
    """

    name: str
    path: str | None
    bug: tuple[str, str] | None
    severity: int | None
    account: str
    summary: str
    change: str
    at: datetime
    when: str
    who: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A section of the report: its title, what it counts, and its rows."""

    name: str
    title: str
    meaning: str
    rows: tuple[Row, ...]


def tables(report: Report) -> list[Table]:
    """Every section in the order in which they are told, also the empty ones."""
    zone = View.from_query(report.query).tz
    found = [
        Table(
            name, TITLES[name], MEANINGS[name], tuple(_case_row(line, name, zone) for line in lines)
        )
        for name, lines in report.cases.items()
    ]
    return found + [
        Table(name, TITLES[name], MEANINGS[name], tuple(_bug_row(line, zone) for line in lines))
        for name, lines in report.bugs.items()
    ]


def by_account(report: Report) -> Iterator[tuple[str, list[tuple[str, list[Said]]]]]:
    """The latest comments by account and status, in their order."""
    for account, rest in groupby(report.said, key=lambda said: said.case.account):
        statuses = groupby(rest, key=lambda said: said.case.status)
        yield (
            cut(one_line(account), LONGEST_CELL) or "No account",
            [
                (cut(one_line(status), LONGEST_CELL) or "No status", list(group))
                for status, group in statuses
            ],
        )


def rows_of(report: Report, section: str) -> View | None:
    """The View that lists exactly what a section counts, None where no View can say it."""
    view = View.from_query(report.query).but(as_of=report.last)
    field = {"opened": "created", "closed": "closed"}.get(section)
    if field is None:
        return None
    start, end = getattr(view, f"{field}_from"), getattr(view, f"{field}_to")
    return view.but(
        **{
            f"{field}_from": max(report.start, start or report.start),
            f"{field}_to": min(report.end, end or report.end),
        }
    )


def open_cases(report: Report, instant: datetime) -> View:
    """The View of the cases that were open at an end of the period."""
    return View.from_query(report.query).but(state="open", as_of=instant)


def title(report: Report) -> str:
    """What the report is, in one line: `Week of 16 to 22 November 2026: all cases`."""
    view = View.from_query(report.query)
    return f"{period_words(report.start, report.end, view.tz)}: {cell(view.sentence())}"


def period_words(start: datetime, end: datetime, zone: str) -> str:
    """A half-open period as people say it: whole days by their first and last one."""
    first, after = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    whole = all((m.hour, m.minute, m.second, m.microsecond) == (0, 0, 0, 0) for m in (first, after))
    if not whole or end <= start:
        return f"{day_words(start, zone)} to {day_words(end, zone)}"
    last = after - timedelta(days=1)
    if first.date() == last.date():
        return day_words(start, zone)
    year = f" {first.year}" if first.year != last.year else ""
    month = f" {MONTHS[first.month - 1]}" if year or first.month != last.month else ""
    return f"{first.day}{month}{year} to {last.day} {MONTHS[last.month - 1]} {last.year}"


def headline(report: Report) -> str:
    """The numbers in one sentence: what there was, and how many were open before and after."""
    told = [
        f"{number:,} {TITLES[name].lower()}" for name, number in report.counts.items() if number
    ]
    happened = ", ".join(told) if told else "Nothing happened"
    step = report.open_after - report.open_before
    way = f", {abs(step):,} {'more' if step > 0 else 'fewer'} than at its start" if step else ""
    return f"{happened}. {report.open_after:,} open at the end of the period{way}."


def case_path(number: str) -> str:
    """The address of a case within Caseboard."""
    return f"/cases/{quote(number, safe='')}"


def one_line(text: str | None) -> str:
    """A text as one line: spaces for breaks, without characters that nobody sees.

    Invisible characters could turn the direction of what stands beside them.
    """
    return re.sub(r"\s+", " ", "".join(map(_seen, text or ""))).strip()


def cut(text: str, most: int) -> str:
    """A text of at most `most` characters, with a sign that more was there."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def said_text(said: Said, most: int) -> str:
    """What was said, as one line, with a sign when there is more of it."""
    told = one_line(said.text)
    whole = said.length <= len(said.text) and len(told) <= most
    return told if whole else f"{told[: most - 1].rstrip()}…"


def moment(at: datetime, zone: str) -> str:
    """An instant to the minute in a zone: `Tue 17 Nov 09:30`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1][:3]} {local:%H:%M}"


def severity_word(severity: int | None) -> str:
    """`Urgent` to `Low`, or `Not set`."""
    return SEVERITY_NAMES.get(severity or 0, str(severity))


def _seen(char: str) -> str:
    kind = unicodedata.category(char)
    if kind in _BREAKS:
        return " "
    return "" if kind in _INVISIBLE and char not in _JOINERS else char


def _case_row(line: Line, section: str, zone: str) -> Row:
    case = line.case
    reopened = section == "closed" and case.is_open
    return Row(
        name=cell(case.number),
        path=case_path(case.number),
        bug=None,
        severity=case.severity,
        account=cell(case.account),
        summary=cell(case.summary),
        change=_change(line),
        at=line.at,
        when=moment(line.at, zone),
        who=cell(line.who),
        note="open again" if reopened else "",
    )


def _bug_row(line: BugLine, zone: str) -> Row:
    return Row(
        name=cell(f"{TRACKERS.get(line.tracker, line.tracker)} {line.key}"),
        path=None,
        bug=(line.tracker, line.key),
        severity=None,
        account="",
        summary=cell(line.summary),
        change=_change(line),
        at=line.at,
        when=moment(line.at, zone),
        who=cell(line.who),
        note=_waiting(line.cases),
    )


def cell(text: str | None) -> str:
    """A text of a source as one line of at most `LONGEST_CELL` characters."""
    return cut(one_line((text or "")[: 4 * LONGEST_CELL]), LONGEST_CELL)


def _waiting(cases: Sequence[str]) -> str:
    named = ", ".join(cell(number) for number in cases[:CASES_NAMED])
    more = f" and {len(cases) - CASES_NAMED:,} more" if len(cases) > CASES_NAMED else ""
    return f"{'case' if len(cases) == 1 else 'cases'} {named}{more}"


def _change(line: Line | BugLine) -> str:
    if not line.field:
        return ""
    before, after = _value(line.field, line.before), _value(line.field, line.after)
    name = FIELD_WORDS.get(line.field)
    told = f"{before} → {after}"
    return f"{name}: {told}" if name else told


def _value(field: str, value: str | None) -> str:
    if field == "severity":
        return severity_word(int(value) if value else None)
    if field == "target" and value in (None, "", "---"):
        return "none"
    return cell(value) or ("nobody" if field in {"engineer", "owner"} else "not set")
