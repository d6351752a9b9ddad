"""The SLA policies that were in force, one after the other.

A case goes by the policy that was in force when it was closed, while it is open by the one in force
at the instant looked at. So a new policy never rewrites a finished case.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, text

from app.database import engine, snapshot, transaction
from app.setting_values import SlaPolicy
from app.settings import get_settings

# One JSON text, so that it can be told beside the data version without a statement of its own.
TOLD = """
select json_agg(json_build_array(valid_from, policy, rolled) order by valid_from)
from sla_policies
"""
NEWEST = "select policy from sla_policies order by valid_from desc limit 1"
ADD = """
insert into sla_policies (valid_from, policy) values (clock_timestamp(), cast(:policy as jsonb))
"""
# Of two processes that see a new policy at once, the second finds it written down.
ALONE = "select pg_advisory_xact_lock(hashtext('caseboard sla policy'))"
BUMP = "update data_version set version = version + 1, changed_at = clock_timestamp()"


@dataclass(frozen=True, slots=True)
class PolicySpan:
    """A policy from `start` on until `end` (UTC); None at the first start and the last end.

    `rolled` tells that the roll-up of counts goes by it.
    """

    start: datetime | None
    end: datetime | None
    policy: SlaPolicy
    rolled: bool = False


class _Known:
    """The policies that this process has last seen in its database."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._told: Any = None
        self._spans: tuple[PolicySpan, ...] = ()
        self._engine: Engine | None = None

    def note(self, told: Any) -> tuple[PolicySpan, ...]:
        with self._guard:
            if told != self._told or self._engine is not engine():
                self._told, self._engine, self._spans = told, engine(), _spans(told or [])
            return self._spans or (PolicySpan(None, None, get_settings().sla),)

    def last(self) -> tuple[PolicySpan, ...] | None:
        return self.note(self._told) if self._engine is engine() else None


_known = _Known()


def noted(told: Any) -> tuple[PolicySpan, ...]:
    """Take note of what the database tells (see `TOLD`): its policies, oldest first.

    Without any it is the one of the settings. Every look-up of the data version does this.
    """
    return _known.note(told)


def in_force() -> tuple[PolicySpan, ...]:
    """The policies as last seen, oldest first; they follow each other without a gap."""
    known = _known.last()
    if known is not None:
        return known
    with snapshot() as connection:
        return noted(connection.execute(text(TOLD)).scalar())


def record(connection: Connection) -> bool:
    """Write down the policy of the settings where it is new; tells whether it was.

    It is in force from now on; the first one ever, since ever.
    """
    asked = as_json(get_settings().sla)
    if connection.execute(text(NEWEST)).scalar() == asked:
        return False
    connection.execute(text(ALONE))
    known = connection.execute(text(NEWEST)).scalar()
    if known == asked:
        return False
    connection.execute(text(ADD), {"policy": orjson.dumps(asked).decode()})
    if known is not None:
        connection.execute(text(BUMP))
    return True


def keep() -> None:
    """Write down the policy of the settings where it is new, in a transaction of its own."""
    with transaction() as connection:
        record(connection)


def at(moment: datetime) -> PolicySpan:
    """The policy that was in force at an instant (UTC), as last seen."""
    return next(span for span in in_force() if span.end is None or moment < span.end)


def as_json(policy: SlaPolicy) -> dict[str, Any]:
    """A policy as the table holds it."""
    accounts = {name: list(days) for name, days in sorted(policy.accounts.items())}
    return {"days": list(policy.days), "accounts": accounts}


def _spans(told: Sequence[Sequence[Any]]) -> tuple[PolicySpan, ...]:
    starts = [datetime.fromisoformat(at) for at, _, _ in told]
    ends: list[datetime | None] = [*starts[1:], *([None] if starts else [])]
    return tuple(
        PolicySpan(start if place else None, end, _policy(policy), rolled)
        for place, (start, end, (_, policy, rolled)) in enumerate(
            zip(starts, ends, told, strict=True)
        )
    )


def _policy(told: Mapping[str, Any]) -> SlaPolicy:
    accounts = {name: _four(days) for name, days in told["accounts"].items()}
    return SlaPolicy(_four(told["days"]), MappingProxyType(accounts))


def _four(days: Sequence[float]) -> tuple[float, float, float, float]:
    return float(days[0]), float(days[1]), float(days[2]), float(days[3])
