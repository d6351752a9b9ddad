"""Loads, repeats, aborted loads and rebuilds in any order, against a model of sets of facts."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app import database
from app.metrics import catalogue_values
from app.view import View
from etl.history import rebuild_all
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned
from tests.etl.test_history import BORN, derived, fact, model

pytestmark = pytest.mark.database

KEYS = ("A", "B", "C")


class Broken(Exception):
    """The process ended before it could commit."""


class Board(RuleBasedStateMachine):
    """What the board says is a function of the facts that were committed, and of nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.database = cloned(EMPTY)
        self.database.__enter__()
        self.known: dict[str, list[Fact]] = {}
        self.version = 0

    def teardown(self) -> None:
        self.database.__exit__(None, None, None)

    def _load(self, key: str, facts: list[Fact], *, broken: bool = False) -> None:
        created = Fact("created", canonical_instant(BORN), BORN)
        told = [Observation(1, key, (created, *facts))]
        run = start_run("test", "machine")
        with database.transaction() as connection:
            load(connection, run, "test", told)
            if broken:
                raise Broken

    @rule(key=st.sampled_from(KEYS), facts=st.lists(fact(), max_size=6))
    def learn(self, key: str, facts: list[Fact]) -> None:
        self._load(key, facts)
        self.known.setdefault(key, []).extend(facts)

    @rule(key=st.sampled_from(KEYS))
    def learn_again(self, key: str) -> None:
        before = self._version()
        if key in self.known:
            self._load(key, self.known[key])
            assert self._version() == before, "learning it again changes nothing"

    @rule(key=st.sampled_from(KEYS), facts=st.lists(fact(), min_size=1, max_size=4))
    def break_off(self, key: str, facts: list[Fact]) -> None:
        before = self._version()
        with pytest.raises(Broken):
            self._load(key, facts, broken=True)
        assert self._version() == before

    @rule()
    def rebuild(self) -> None:
        rebuild_all()

    @rule()
    def begin_anew(self) -> None:
        database.engine().dispose()

    @rule(hours=st.integers(-3, 12))
    def look_back(self, hours: int) -> None:
        instant = BORN + timedelta(hours=hours)
        told = catalogue_values(View(), instant, live=False)["open_cases"]
        assert told["value"] == sum(self._is_open(key, instant) for key in self.known)

    def _is_open(self, key: str, instant) -> bool:
        held = [version for version in model(self.known[key]) if version[0] <= instant]
        return bool(held and held[-1][2])

    @staticmethod
    def _version() -> int:
        with database.snapshot() as connection:
            return connection.exec_driver_sql("select version from data_version").scalar_one()

    @invariant()
    def versions_are_those_of_the_model(self) -> None:
        for key, facts in self.known.items():
            assert derived(key) == model(facts)

    @invariant()
    def versions_of_the_data_grow(self) -> None:
        now = self._version()
        assert now >= self.version
        self.version = now


def test_the_board_is_what_the_facts_say() -> None:
    run_state_machine_as_test(
        Board, settings=settings(max_examples=6, stateful_step_count=12, deadline=None)
    )
