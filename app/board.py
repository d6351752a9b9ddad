"""The cases as they stood at an instant, and what can be said of each, as SQL expressions.

The board at T is the versions with `valid_from <= T < valid_to`, so a page of today and one of
last January are the same statement. All values are bound parameters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    Integer,
    and_,
    case,
    cast,
    func,
    or_,
    text,
)

from app import filters, links, ranges, search, sla
from app.links import Instant
from app.setting_values import SlaPolicy
from app.sla import PolicySpan
from app.targets import deadline, newest_used, sla_bounds, targets
from app.versions import V
from app.view import View

Condition = ColumnElement[bool]
SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Board:
    """The cases as they stood at `instant` (UTC), and the expressions that describe them.

    `live` tells that nothing is known after the instant (`Version.live`): the versions in force are
    then those without an end, which have indexes of their own.
    """

    instant: Instant
    policies: tuple[PolicySpan, ...]
    live: bool = False

    @classmethod
    def at(cls, instant: Instant, *, live: bool = False) -> "Board":
        """The board at an instant, under the SLA policies that were in force by then."""
        return cls(instant, sla.in_force(), live)

    @property
    def known(self) -> Condition:
        """The versions in force at the instant."""
        if self.live:
            return V.valid_to == text("'infinity'")
        # A version is never updated after it began: the third term says nothing new, but lets an
        # index of updates begin at the instant.
        return and_(
            V.valid_from <= self.instant, V.valid_to > self.instant, V.updated_at <= self.instant
        )

    def expression(self, name: str) -> ColumnElement[Any]:
        """The SQL of a column of `app.columns.COLUMNS`, read off the version `V`."""
        if name in _PLAIN:
            return _PLAIN[name]
        computed: ColumnElement[Any] = getattr(self, f"_{name}")()
        return computed

    def open_expression(self, name: str) -> ColumnElement[Any]:
        """The same of an open version, so that an index without closings can answer."""
        if name != "sla":
            return self.expression(name)
        return case(*((known, state) for state, known in self._open_states().items()))

    def conditions(self, view: View) -> list[Condition]:
        """What the filters of a View ask of a version, its state included."""
        asked = [_STATES[view.state]]
        asked += [] if self.live else ranges.soon_after(view, self.instant)
        return [*asked, *(self.open_filters if view.state == "open" else self.filters)(view)]

    def open_filters(self, view: View) -> list[Condition]:
        """What the filters of a View ask of an open version.

        They say the same as `filters`, but tell the SLA by the creation alone, so that an index
        without closings can answer, and look for words only in cases that were open then.
        """
        sla = [self._open_sla(view.sla)] if view.sla else []
        found = search.found_since(view.q, self.instant)
        return [*self._timed_filters(view.but(sla=())), *found, *sla]

    def _open_sla(self, states: Sequence[str]) -> Condition:
        if set(states) == {"at_risk", "breached"}:
            return V.created_date < self._used_up(0.5)
        known = self._open_states()
        return or_(*(known[state] for state in states))

    def _open_states(self) -> dict[str, Condition]:
        """What tells that the clock of an open version is in a state; in none without a target."""
        half, whole = self._used_up(0.5), self._used_up(1)
        return {
            "breached": V.created_date <= whole,
            "at_risk": and_(V.created_date < half, V.created_date > whole),
            "ok": V.created_date >= half,
        }

    def _used_up(self, part: float) -> ColumnElement[datetime]:
        return self._in_force(lambda policy: newest_used(policy, part, self.instant))

    def breach(self) -> ColumnElement[datetime]:
        """When a version, open at the instant, has used up its SLA target; NULL without one."""
        return self._in_force(lambda policy: deadline(policy, 1))

    def _in_force(self, told: Callable[[SlaPolicy], ColumnElement[Any]]) -> ColumnElement[Any]:
        """What is told of the policy that open cases are under at the instant."""
        *earlier, last = self.policies
        if isinstance(self.instant, datetime):
            ended = (span for span in earlier if span.end and self.instant < span.end)
            return told(next(ended, last).policy)
        return self._told_under(told, cast(self.instant, DateTime(timezone=True)))

    def filters(self, view: View) -> list[Condition]:
        """What the filters of a View ask of a version, whatever its state."""
        found = [search.matches(view.q)] if view.q else []
        return [*self._timed_filters(view), *found]

    def _timed_filters(self, view: View) -> list[Condition]:
        """What they ask but for the words that are said now."""
        asked = self.lasting_filters(view)
        if view.sla:
            asked.append(self._sla().in_(view.sla))
        if view.stale is not None:
            asked.append(V.updated_at <= self.instant - timedelta(days=view.stale))
        if view.recent is not None:
            asked.append(V.updated_at > self.instant - timedelta(days=view.recent))
        return asked

    def lasting_filters(self, view: View) -> list[Condition]:
        """The filters that hold or fail for a version as a whole, however far time has gone.

        Of a search that its words were said by then, not that they are said now.
        """
        past = view.q and view.as_of is not None
        said = [search.said(view.q, self.instant)] if past else []
        return [*self.value_filters(view), *said]

    def value_filters(self, view: View) -> list[Condition]:
        """The filters by values of a version alone, without the search."""
        return filters.of_values(view, self.instant)

    def open_spans(
        self, view: View, until: ColumnElement[Any] = V.valid_to
    ) -> list[tuple[ColumnElement[Any], ColumnElement[Any]]]:
        """The parts `[start, end)` of an open version in which its filters of time hold.

        It lasts until `until`, which a spell tells elsewhere.

        A case turns stale, at risk or breached without any change, so a version can begin or
        cease to match while it lasts.
        """
        starts: list[ColumnElement[Any]] = [V.valid_from]
        ends: list[ColumnElement[Any]] = [until]
        if view.stale is not None:
            starts.append(V.updated_at + timedelta(days=view.stale))
        if view.recent is not None:
            ends.append(V.updated_at + timedelta(days=view.recent))
        if not view.sla:
            return [(_latest(starts), _earliest(ends))]
        return [
            (_latest([*starts, *begins]), _earliest([*ends, *ceases]))
            for span in self.policies
            for begins, ceases in sla_bounds(span, view.sla, until)
        ]

    def elapsed_days(self) -> ColumnElement[float]:
        """Days from creation to closing, or to the instant while open."""
        return _days_between(V.created_date, self._end())

    def target_days(self) -> ColumnElement[float]:
        """The SLA target in days by account and severity; NULL without severity."""
        return self._told_under(targets, self._end())

    def _told_under(
        self, told: Callable[[SlaPolicy], ColumnElement[Any]], end: ColumnElement[datetime]
    ) -> ColumnElement[Any]:
        *earlier, last = self.policies
        until_then = [(end < span.end, told(span.policy)) for span in earlier]
        newest = told(last.policy)
        return case(*until_then, else_=newest) if until_then else newest

    def _end(self) -> ColumnElement[datetime]:
        return case((V.is_open, self.instant), else_=func.coalesce(V.closed_at, self.instant))

    def _age_days(self) -> ColumnElement[int]:
        return cast(func.floor(self.elapsed_days()), Integer)

    def _age_in_status_days(self) -> ColumnElement[int]:
        days = _days_between(V.status_since, cast(self.instant, DateTime(timezone=True)))
        return cast(func.floor(days), Integer)

    def _sla(self) -> ColumnElement[str]:
        elapsed, target = self.elapsed_days(), self.target_days()
        return case(
            (target.is_(None), None),
            (elapsed >= target, "breached"),
            (elapsed > target / 2, "at_risk"),
            else_="ok",
        )

    def _sla_remaining_days(self) -> ColumnElement[float]:
        tenths = func.floor((self.target_days() - self.elapsed_days()) * 10)
        return cast(tenths / 10, Float)

    def _bugs(self) -> ColumnElement[list[str]]:
        return links.bug_keys(self.instant)

    def _last_comment(self) -> ColumnElement[str]:
        return links.latest_comment(self.instant, "text")

    def _last_comment_at(self) -> ColumnElement[datetime]:
        return links.latest_comment(self.instant, "at")


_PLAIN: dict[str, ColumnElement[Any]] = {
    "number": V.case_number,
    "created": V.created_date,
    "updated": V.updated_at,
    # A case reopened since is not closed, though `closed_from` still finds its closing.
    "closed": case((~V.is_open, V.closed_at)),
    "severity": V.severity,
    "status": V.status,
    "account": V.account,
    "summary": V.summary,
    "product": V.product,
    "product_version": V.product_version,
    "owner": V.owner,
    "engineer": V.engineer,
    "contributors": V.contributors,
    "card": V.card,
    "card_status": V.card_status,
    "escalated": V.escalated,
    "crit_sit": V.crit_sit,
    "group": V.group_name,
    "tags": V.tags,
    "labels": V.labels,
    "waiting_on": V.waiting_on,
    "relief": V.relief_at,
    "resolved": V.resolved_at,
}

_STATES: dict[str, Condition] = {
    "open": V.is_open,
    "closed": and_(~V.is_open, ~V.gone),
    "all": ~V.gone,
    "gone": V.gone,
}


def _latest(moments: list[ColumnElement[Any]]) -> ColumnElement[Any]:
    return func.greatest(*moments) if len(moments) > 1 else moments[0]


def _earliest(moments: list[ColumnElement[Any]]) -> ColumnElement[Any]:
    return func.least(*moments) if len(moments) > 1 else moments[0]


def _days_between(start: ColumnElement[Any], end: ColumnElement[Any]) -> ColumnElement[float]:
    return cast(func.extract("epoch", end - start) / SECONDS_PER_DAY, Float)
