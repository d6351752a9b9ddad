"""What follows from the life of a case: its versions, as `etl.history.cases` derives them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from etl.seed.lives import Life


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that history follows: who is waited on, what is closed, what cards mean."""

    waiting: dict[str, str]
    closed: frozenset[str]
    card_statuses: dict[str, str]
    potential: str
    browse: str

    def card_status(self, told: str | None) -> str | None:
        """A card's status as the board says it."""
        return None if told is None else self.card_statuses.get(told.lower(), told)

    def done(self, told: str) -> bool:
        """Whether a card of this status is done."""
        return self.card_status(told) == "Done"


@dataclass(frozen=True, slots=True)
class Version:
    """A case from `at` on (seconds since 1970); what is told of it, and what follows from that."""

    at: int
    state: dict[str, Any]
    updated: int
    event: str | None
    is_closed: bool
    status_since: int
    closed_at: int | None


def versions(life: Life, rules: Rules) -> list[Version]:
    """The versions of a case, oldest first."""
    found: list[Version] = []
    for at, updated, state in _states(life, rules):
        before = found[-1] if found else None
        if before and before.state == state and before.updated == updated:
            continue
        closed = state["status"].lower() in rules.closed
        was_closed = before is not None and before.is_closed
        event = "created" if before is None else None
        if before and closed and not was_closed:
            event = "closed"
        if was_closed and not closed:
            event = "reopened"
        version = Version(at, state, updated, event, closed, at, at if event == "closed" else None)
        if before and before.state["status"] == state["status"]:
            version = replace(version, status_since=before.status_since)
        if before and version.closed_at is None:
            version = replace(version, closed_at=before.closed_at)
        found.append(version)
    return found


def _states(life: Life, rules: Rules) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Each instant at which something was told, the last update by then, and all told so far."""
    told: dict[int, dict[str, Any]] = {}
    updates: set[int] = set()
    for at, change in life.case:
        told.setdefault(at, {}).update(change)
        updates.add(at)
    for at, change in life.card:
        seen: dict[str, Any] = {"card": life.card_key}
        if "status" in change:
            seen["card_status"] = rules.card_status(change["status"])
        seen |= {name: change[name] for name in ("assignee", "contributors", "labels")
                 if name in change}  # fmt: skip
        told.setdefault(at, {}).update(seen)
    for at, change in life.prio:
        held = None if rules.done(change["status"]) else life.prio_key
        told.setdefault(at, {}).update(escalation=held)
    state: dict[str, Any] = {}
    updated = life.case[0][0]
    for at in sorted(told):
        state = {**state, **told[at]}
        updated = at if at in updates else updated
        yield at, updated, state
