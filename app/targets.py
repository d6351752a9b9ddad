"""The SLA in SQL: the target of a case version under a policy, and when it is in which state."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    Interval,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
)

from app.links import Instant
from app.setting_values import SlaPolicy
from app.sla import PolicySpan
from app.versions import TICK, V


def targets(policy: SlaPolicy) -> ColumnElement[float]:
    """The target in days under one policy."""
    return _by_policy(policy, lambda days: literal(days, Float))


def _by_policy(
    policy: SlaPolicy, told: Callable[[float], ColumnElement[Any]]
) -> ColumnElement[Any]:
    own = [
        (and_(V.account == account, V.severity == severity), told(days))
        for account, targets in policy.accounts.items()
        for severity, days in enumerate(targets, start=1)
    ]
    general = [(severity, told(days)) for severity, days in enumerate(policy.days, start=1)]
    of_all = case(dict(general), value=V.severity, else_=None)
    return case(*own, else_=of_all) if own else of_all


def newest_used(policy: SlaPolicy, part: float, instant: Instant) -> ColumnElement[datetime]:
    """When a case was created that has just used up a part of its target at an instant.

    NULL without a target. To compare with it takes a third of the time that telling each case's
    deadline takes.
    """

    def told(days: float) -> ColumnElement[Any]:
        if isinstance(instant, datetime):
            return literal(instant - timedelta(days=days * part), DateTime(timezone=True))
        return instant - _span(days * part)

    return _by_policy(policy, told)


def deadline(policy: SlaPolicy, part: float) -> ColumnElement[datetime]:
    """When a part of the target is used up; NULL without a target."""
    return V.created_date + _by_policy(policy, lambda days: _span(days * part))


def _span(days: float) -> ColumnElement[timedelta]:
    """A span in seconds: one with days in it is added by the calendar, which is slow."""
    return cast(f"{days * 86_400:.6f} seconds", Interval)


def passing(
    policies: Iterable[PolicySpan], part: float, start: datetime, end: datetime
) -> ColumnElement[bool]:
    """What a version is like that may use up a part of a target in `[start, end]`.

    It says so by ranges of an index; whether the version does has still to be asked.
    """
    policy_days = (
        days for span in policies for days in (span.policy.days, *span.policy.accounts.values())
    )
    targets = {pair for days in policy_days for pair in enumerate(days, start=1)}
    return or_(
        *(
            and_(
                V.severity == severity,
                V.created_date.between(start - span - TICK, end - span),
            )
            for severity, days in sorted(targets)
            for span in (timedelta(days=days * part),)
        )
    )


def sla_bounds(
    span: PolicySpan, states: Sequence[str], until: ColumnElement[Any]
) -> Iterator[tuple[list[ColumnElement[Any]], list[ColumnElement[Any]]]]:
    """For each state, when an open case gets into it and out of it while a policy is in force.

    What lasts until `until` is a version or a spell.
    """
    never = cast("infinity", DateTime(True))
    # Without a target a case is in none of these states.
    breach = func.coalesce(deadline(span.policy, 1), never)
    risk = func.coalesce(deadline(span.policy, 0.5) + TICK, never)
    has_target = case((targets(span.policy).is_not(None), V.valid_from), else_=never)
    begins = {"ok": has_target, "at_risk": risk, "breached": breach}
    ceases = {"ok": risk, "at_risk": breach, "breached": until}
    for state in states:
        starts, ends = [begins[state]], [ceases[state]]
        if span.start:
            starts.append(literal(span.start, DateTime(True)))
        if span.end:
            ends.append(literal(span.end, DateTime(True)))
        yield starts, ends
