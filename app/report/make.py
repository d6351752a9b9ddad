"""Making the report: a few statements in one snapshot, put together into one value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row

from app.database import snapshot
from app.report.actors import Fact, actors
from app.report.bugs import bug_steps
from app.report.comments import latest
from app.report.steps import HALF, STANDING, WHOLE, passed, steps
from app.report.value import (
    BUG_SECTIONS,
    CASE_SECTIONS,
    LONGEST_TEXT,
    TICK,
    BugLine,
    Line,
    Report,
    Said,
    Standing,
)
from app.selection import count
from app.version import data_version
from app.view import View

_ends = attrgetter(*(f"end_{name}" for name in STANDING))
PASSED = {HALF: "at_risk", WHOLE: "breached"}


def make(view: View, start: datetime, end: datetime) -> Report:
    """What happened in `[start, end)` to the cases that match the filters as the period ends.

    Open and closed ones: the View's own state and instant do not matter.
    """
    asked = population(view).but(as_of=end - TICK)
    with snapshot() as connection:
        lines = _Lines(start)
        for row in connection.execute(steps(asked, start, end)):
            lines.step(row)
        for row in connection.execute(passed(asked, start, end)):
            lines.add(PASSED[row.rank], Line(_standing(row), row.at))
        bugs = _bug_lines(connection.execute(bug_steps(asked, start, end)))
        said = [_said(row) for row in connection.execute(latest(asked, start, end, LONGEST_TEXT))]
        who = _who(connection, [*lines.facts(), *(fact for _, _, fact in bugs)])
        return Report(
            query=population(view).to_query(),
            start=start,
            end=end,
            known_at=data_version(connection).changed_at,
            open_before=_open(connection, asked, start - TICK),
            open_after=_open(connection, asked, end - TICK),
            cases=lines.told(who),
            bugs=_told_bugs(bugs, who),
            said=tuple(sorted(said, key=_place)),
        )


def population(view: View) -> View:
    """The View of all the cases that a report is about, open and closed, at no certain instant."""
    return view.only_filters().but(state="all", as_of=None)


@dataclass(slots=True)
class _Lines:
    """The lines about cases while they are gathered, each with the fact that tells who did it."""

    start: datetime
    found: list[tuple[str, Line, Fact | None]] = field(default_factory=list)

    def add(self, section: str, line: Line, fact: Fact | None = None) -> None:
        self.found.append((section, line, fact))

    def step(self, row: Row[Any]) -> None:
        """What one version tells beside the one before."""
        case, at, first = _standing(row), row.at, row.first

        def fact(name: str, moment: datetime = at) -> Fact:
            return "case", case.number, name, moment

        if first:
            self.add("opened", Line(case, at))
        if row.last and row.closed_at and row.closed_at >= self.start:
            self.add("closed", Line(case, row.closed_at), fact("status", row.closed_at))
        if row.event == "reopened":
            self.add("reopened", Line(case, at), fact("status"))
        for name, on in (("escalated", "yes"), ("crit_sit", True)):
            now, then = getattr(row, name), getattr(row, f"{name}_before")
            if (now == on) != (then == on):
                section = "escalated" if now == on else "deescalated"
                self.add(section, Line(case, at, name, _text(then), _text(now)), fact(name))
        if not first:
            self._changes(row, case, fact)
        if row.is_open and row.rank > (row.rank_before or 0):
            self.add(PASSED[row.rank], Line(case, at))

    def _changes(self, row: Row[Any], case: Standing, fact: Any) -> None:
        if row.severity != row.severity_before:
            change = _text(row.severity_before), _text(row.severity)
            self.add("severity", Line(case, row.at, "severity", *change), fact("severity"))
        engineer, owner = (row.engineer_before, row.engineer), (row.owner_before, row.owner)
        if row.engineer != row.engineer_before:
            # Where no card names an engineer, it is the owner.
            by_card: Fact = ("card", row.card or "", "assignee", row.at)
            told = fact("owner") if owner == engineer else by_card
            self.add("hands", Line(case, row.at, "engineer", *engineer), told)
        if row.owner != row.owner_before and owner != engineer:
            self.add("hands", Line(case, row.at, "owner", *owner), fact("owner"))

    def facts(self) -> list[Fact]:
        return [fact for _, _, fact in self.found if fact]

    def told(self, who: Mapping[Fact, str]) -> dict[str, tuple[Line, ...]]:
        """The lines of each section, oldest first."""
        sections: dict[str, list[Line]] = {name: [] for name in CASE_SECTIONS}
        for section, line, fact in self.found:
            actor = who.get(fact) if fact else None
            sections[section].append(replace(line, who=actor) if actor else line)
        return {
            name: tuple(sorted(lines, key=lambda line: (line.at, line.case.number, line.field)))
            for name, lines in sections.items()
        }


def _standing(row: Row[Any]) -> Standing:
    return Standing(row.number, *_ends(row))


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)


def _bug_lines(rows: Iterable[Row[Any]]) -> list[tuple[str, BugLine, Fact]]:
    found = []
    for row in rows:
        for section, name, told in (
            ("targeted", "target", row.got_target),
            ("fixed", "status", row.got_fix),
        ):
            if told:
                line = BugLine(
                    row.tracker,
                    row.key,
                    row.summary,
                    name,
                    row.at,
                    getattr(row, f"{name}_before"),
                    getattr(row, name),
                    None,
                    tuple(row.cases),
                )
                fact: Fact = ("bug", f"{row.tracker}|{row.key}", name, row.at)
                found.append((section, line, fact))
    return found


def _told_bugs(
    found: list[tuple[str, BugLine, Fact]], who: Mapping[Fact, str]
) -> dict[str, tuple[BugLine, ...]]:
    sections: dict[str, list[BugLine]] = {name: [] for name in BUG_SECTIONS}
    for section, line, fact in found:
        sections[section].append(replace(line, who=who.get(fact)))
    return {
        name: tuple(sorted(lines, key=lambda line: (line.at, line.tracker, line.key)))
        for name, lines in sections.items()
    }


def _said(row: Row[Any]) -> Said:
    return Said(
        _standing(row),
        row.at,
        row.author,
        row.source,
        row.text,
        row.length,
        row.comments,
    )


def _place(said: Said) -> tuple[Any, ...]:
    """By account, status and case; what is not set comes last."""
    case = said.case
    parts = [
        (not text, (text or "").casefold(), text or "") for text in (case.account, case.status)
    ]
    return (*parts, case.number)


def _who(connection: Connection, facts: list[Fact]) -> dict[Fact, str]:
    asked = list(dict.fromkeys(facts))
    if not asked:
        return {}
    told = connection.execute(actors(asked))
    return {asked[row.place - 1]: row.actor for row in told}


def _open(connection: Connection, view: View, instant: datetime) -> int:
    there = view.but(state="open", as_of=instant)
    return int(connection.execute(count(there, instant)).scalar_one())
