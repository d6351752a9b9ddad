"""A small board that may write, beside trackers that are real servers."""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from app import database
from app.settings import get_settings, use
from etl import schedule
from etl.outbound import jira_writer
from etl.sandbox.world import World
from tests.conftest import _execute
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


def small_world(clock: Clock) -> World:
    """A world, always the same, every open case of which has a card."""
    world = World(cases=25, days=365, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    truth = world.truth()
    for told in truth:
        if told["closed"] is None and told["card"] is None and told["matches"]:
            world.close_case(told["number"])
    return world


@pytest.fixture(scope="session")
def filled() -> Iterator[tuple[str, datetime]]:
    """A database that knows the small world, to be copied; and when the world's clock stands."""
    clock, name = Clock(), f"template_desk_{uuid.uuid4().hex}"
    with desk_of(small_world(clock)) as plain:
        use(WRITING)
        schedule.tick()
        plain.fill(full=True)
        database.reset()
        known = urlsplit(get_settings().database_url).path.strip("/")
        _execute(f"create database {name} template {known}")
    yield name, clock()
    _execute(f"drop database {name} with (force)")


@contextlib.contextmanager
def writer_of(filled: tuple[str, datetime], clock: Clock) -> Iterator[Writer]:
    """A board of its own beside a small world of its own, which it knows."""
    name, clock.at = filled
    with desk_of(small_world(clock), template=name) as plain:
        use(WRITING)
        yield Writer(plain.sandbox)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock, filled, monkeypatch) -> Iterator[Writer]:
    """A small board, filled, every open case of which has a card."""
    monkeypatch.setattr(jira_writer, "SETTLE_SECONDS", 0.0)
    with writer_of(filled, clock) as desk:
        yield desk
