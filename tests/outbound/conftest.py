"""A small board that may write, beside trackers that are real servers."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from app.settings import use
from etl import schedule
from etl.outbound import jira_writer
from etl.sandbox.world import World
from tests.sync.conftest import Clock, Desk, desk_of

WRITING = {"CASEBOARD_READ_ONLY": "false", "CASEBOARD_MAX_TO_CREATE": "50"}


class Writer(Desk):
    """A board that writes back."""

    def outbox(self, where: str = "true", **given):
        return [
            dict(row._mapping)
            for row in self.rows(f"select * from outbox where {where} order by id", **given)
        ]

    def states(self, sync: str = "portal2jira") -> dict[str, str]:
        return {row["key"]: row["state"] for row in self.outbox("sync = :s", s=sync)}

    def cards_of(self, number: str):
        """The issues of the world about a case."""
        return [
            issue
            for issue in self.world.issues.by_project["FE"].values()
            if issue.summary.startswith(f"{number}:")
        ]

    def card(self, number: str):
        [card] = self.cards_of(number)
        return card

    def arrive(self, **fields) -> str:
        """A case that has no card, known to the board."""
        number = self.world.add_case(**fields)
        for name in ("cases", "details"):
            assert self.run(name).state == "finished"
        return number


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock, monkeypatch) -> Iterator[Writer]:
    """A small board, filled, every open case of which has a card."""
    monkeypatch.setattr(jira_writer, "SETTLE_SECONDS", 0.0)
    world = World(cases=25, days=365, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    truth = world.truth()
    for told in truth:
        if told["closed"] is None and told["card"] is None and told["matches"]:
            world.close_case(told["number"])
    with desk_of(world) as plain:
        use(WRITING)
        desk = Writer(plain.sandbox)
        schedule.tick()
        desk.fill(full=True)
        yield desk
