"""The SLA in SQL: the target of a case version under a policy, and when it is in which state."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Float, and_, case, cast, func, literal

from app.setting_values import SlaPolicy
from app.sla import PolicySpan
from app.versions import TICK, V


def targets(policy: SlaPolicy) -> ColumnElement[float]:
    """The target in days under one policy."""
    own = [
        (and_(V.account == account, V.severity == severity), literal(days, Float))
        for account, targets in policy.accounts.items()
        for severity, days in enumerate(targets, start=1)
    ]
    general = [
        (V.severity == severity, literal(days, Float))
        for severity, days in enumerate(policy.days, start=1)
    ]
    return case(*own, *general, else_=None)


def sla_bounds(
    span: PolicySpan, states: Sequence[str]
) -> Iterator[tuple[list[ColumnElement[Any]], list[ColumnElement[Any]]]]:
    """For each state, when an open case gets into it and out of it while a policy is in force."""
    target = targets(span.policy)
    breach = V.created_date + target * timedelta(days=1)
    risk = V.created_date + target * timedelta(hours=12) + TICK
    never = cast("infinity", DateTime(True))
    begins = {"at_risk": risk, "breached": breach}
    ceases = {"ok": risk, "at_risk": breach}
    for state in states:
        starts: list[ColumnElement[Any]] = [
            # Without a target a case is in none of these states.
            case((target.is_(None), never), else_=begins.get(state, V.valid_from))
        ]
        ends: list[ColumnElement[Any]] = [
            func.coalesce(ceases[state], never) if state in ceases else V.valid_to
        ]
        if span.start:
            starts.append(literal(span.start, DateTime(True)))
        if span.end:
            ends.append(literal(span.end, DateTime(True)))
        yield starts, ends
