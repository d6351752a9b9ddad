"""A sandbox of the three sources, an empty database, and a way to run syncs between them."""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app import database
from app.settings import get_settings, use
from etl import schedule, sync
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World
from etl.syncs import BY_NAME
from tests.conftest import EMPTY, _execute, cloned

SOURCES = ("cases", "details", "cards", "escalations", "issues", "bugs")
OF_CASES = (
    "status",
    "severity",
    "account",
    "created",
    "modified",
    "closed",
    "summary",
    "owner",
    "tags",
)
# Everything that the board knows, without what only says when and by which run it was learned,
# and without the addresses of the sandbox. That a bug is restricted is known from when we saw it.
CONTENTS = {
    "cases": "select * from cases",
    "case_versions": "select * from case_versions",
    "comments": "select case_number, created_date, author, comment_text, commented_at, source_id, is_public, gone_at from comments",
    "jira_comments": "select * from jira_comments",
    "jira_cards": "select * from jira_cards",
    "card_versions": "select * from card_versions",
    "bugs": "select * from bugs",
    "bug_versions": "select * from bug_versions where not restricted",
    "case_bugs": "select * from case_bugs",
    "changes": "select entity, key, field, value, at, seq, actor from changes where field <> 'restricted'",
    "case_details": "select * from case_details",
}


@dataclass
class Ran:
    """What a sync did."""

    state: str
    error: str | None
    row: Any
    requests: int


class Desk:
    """A board beside its sources."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.world = sandbox, sandbox.world

    def run(self, name: str, *, full: bool = False, allow_drop: bool = False) -> Ran:
        """Run one sync to its end."""
        before = sum(self.sandbox.requests.values())
        schedule.ask(name, full=full, allow_drop=allow_drop)
        outcomes = sync.work(BY_NAME[name].source, name)
        assert outcomes, f"{name} did not run"
        last = outcomes[-1]
        row = self.one("select * from sync_runs where id = :id", id=last.run_id)
        assert last.state in {row.state, "lost"}
        return Ran(last.state, last.error, row, sum(self.sandbox.requests.values()) - before)

    def fill(self, *, full: bool = False) -> None:
        """Run every sync once, well."""
        for name in SOURCES:
            ran = self.run(name, full=full)
            assert ran.state == "finished", (name, ran.state, ran.error)

    def rows(self, statement: str, **given: Any) -> list[Any]:
        with database.transaction() as connection:
            return list(connection.execute(text(statement), given))

    def one(self, statement: str, **given: Any) -> Any:
        [row] = self.rows(statement, **given)
        return row

    def value(self, statement: str, **given: Any) -> Any:
        return self.one(statement, **given)[0]

    def case(self, number: str) -> Any:
        """The current row of a case."""
        return self.one("select * from cases where case_number = :n", n=number)

    def contents(self) -> dict[str, tuple[int, int]]:
        """Rows and an order-free hash of every table."""
        told = {}
        for name, statement in CONTENTS.items():
            hashed = f"select count(*), coalesce(sum(hashtextextended((to_jsonb(t) - 'escalation_link')::text, 0)), 0) from ({statement}) t"
            told[name] = tuple(map(int, self.one(hashed)))
        return told

    def disagreements(self, only: str = "") -> list[tuple[str, str, Any, Any]]:
        """Where the board differs from an independent look at the sandbox's world.

        `only` names the sync whose part is meant, all by default.
        """
        truth = {told["number"]: told for told in self.world.truth() if told["matches"]}
        board = {r.case_number: r for r in self.rows("select * from cases where gone_at is null")}
        found: list[tuple[str, str, Any, Any]] = [
            (number, "on the board", number in truth, number in board)
            for number in truth.keys() ^ board.keys()
        ]
        links = self._links()
        comments = dict(
            map(
                tuple,
                self.rows(
                    "select case_number, count(*) from comments where gone_at is null group by 1"
                ),
            )
        )
        on_cards = dict(
            map(
                tuple,
                self.rows(
                    "select case_number, count(*) from jira_comments where gone_at is null group by 1"
                ),
            )
        )
        for number in truth.keys() & board.keys():
            told, row = truth[number], board[number]
            pairs = {
                "status": row.status, "severity": row.severity, "account": row.account,
                "created": row.created_date, "modified": row.last_update, "closed": row.closed_date,
                "summary": row.summary and " ".join(row.summary.split()), "owner": row.owner,
                "crit_sit": row.crit_sit, "group": row.group_name, "relief": row.relief_at,
                "resolved": row.resolved_at, "card": row.fe_jira_card, "tags": sorted(row.tags),
                "product": row.product, "version": row.product_version,
                "bugs": sorted(int(k) for t, k in links.get(number, []) if t == "bugzilla"),
                "issues": sorted(k for t, k in links.get(number, []) if t == "jira"),
                "comments": comments.get(number, 0), "card_comments": on_cards.get(number, 0),
            }  # fmt: skip
            if only == "cases":
                pairs = {name: pairs[name] for name in OF_CASES}
            told["summary"] = told["summary"] and " ".join(told["summary"].split())
            found += [
                (number, name, told[name], value)
                for name, value in pairs.items()
                if told[name] != value
            ]
        return found if only else found + self._cards_that_differ(truth)

    def _links(self) -> dict[str, list[tuple[str, str]]]:
        links: dict[str, list[tuple[str, str]]] = {}
        for number, tracker, key in self.rows(
            "select case_number, tracker, key from case_bugs where unlinked_at is null"
        ):
            links.setdefault(number, []).append((tracker, key))
        return links

    def _cards_that_differ(self, truth: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
        wanted = get_settings().jira_status_map
        rows = self.rows(
            "select case_number, card_status, engineer, owner from case_versions where valid_to = 'infinity'"
        )
        current = {row.case_number: row for row in rows}
        return [
            (number, "card status", wanted.get(told["card_status"]), current[number].card_status)
            for number, told in truth.items()
            if number in current and wanted.get(told["card_status"]) != current[number].card_status
        ]


class Clock:
    """A clock that tests move by hand; it never runs ahead of the real one."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


@contextlib.contextmanager
def desk_of(world: World, *, template: str = EMPTY, **given: Any) -> Iterator[Desk]:
    """A board connected to a sandbox of a world: an empty one, or a copy of one that knows it."""
    with cloned(template), Sandbox(world, **given) as sandbox:
        use(sandbox.environment())
        use({"CASEBOARD_SOURCE_TIMEOUT": "10", "CASEBOARD_SOURCE_PATIENCE": "20"})
        yield Desk(sandbox)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def usual_world(clock: Clock) -> World:
    """A small world that changes only by hand, the same whenever its clock tells the same."""
    return World(cases=120, days=365, start=clock() - timedelta(days=365), clock=clock, frozen=True)


@pytest.fixture
def desk(clock: Clock) -> Iterator[Desk]:
    """An empty board beside the usual world."""
    with desk_of(usual_world(clock)) as desk:
        yield desk


@pytest.fixture(scope="session")
def known() -> Iterator[tuple[str, datetime]]:
    """A database that knows the usual world, to be copied; and when the world's clock stands."""
    clock, name = Clock(), f"template_known_{uuid.uuid4().hex}"
    with desk_of(usual_world(clock)) as desk:
        desk.fill()
        filled = str(database.engine().url.database)
        database.reset()
        _execute(f"create database {name} template {filled} strategy file_copy")
    yield name, clock()
    _execute(f"drop database {name} with (force)")


@pytest.fixture
def filled(clock: Clock, known: tuple[str, datetime]) -> Iterator[Desk]:
    """A board that knows the usual world, as `desk` does once it is filled. It costs a copy."""
    name, clock.at = known
    with desk_of(usual_world(clock), template=name) as desk:
        yield desk
