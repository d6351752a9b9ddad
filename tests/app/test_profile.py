"""The page of one account or engineer: its bugs, its words, and what it asks of the database."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from app import cache, database
from app.caselists import AT_RISK, NEW, listed
from app.directory import directory, is_known
from app.openbugs import cases_of, open_bugs
from app.scope import Scope
from app.version import data_version
from app.view import View
from app.who import ACCOUNTS
from components.text import time_left
from etl.seed import seed
from tests.app.test_agreement import number
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


@pytest.fixture(scope="module")
def world():
    with cloned(EMPTY):
        seed(500, 11, datetime(2026, 6, 1, tzinfo=UTC))
        yield datetime(2026, 6, 1, tzinfo=UTC)


def test_the_bugs_of_an_account_lead_to_the_cases_that_wait_for_them(world):
    version = data_version()
    for days, account in ((0, ()), (200, ()), (0, ("Acme Telecom",))):
        instant = world - timedelta(days=days)
        view = View(as_of=instant, account=account)
        found = open_bugs(Scope.of(view, instant, version), version)
        assert found.bugs >= len(found.rows) > 0
        assert [row["cases"] for row in found.rows] == sorted(
            (row["cases"] for row in found.rows), reverse=True
        )
        for row in found.rows:
            linked = View.from_query(cases_of(row["key"], Scope.of(view, instant)).to_query())
            assert number(linked) == row["cases"]


def test_what_is_remembered_asks_for_the_data_version_alone(world):
    version = data_version()
    scope = Scope.of(View(severity=(1, 2)), world, version)
    for ask in (
        lambda: directory(ACCOUNTS, scope, version),
        lambda: listed(AT_RISK, scope, version),
        lambda: listed(NEW, scope, version),
        lambda: open_bugs(scope, version),
        lambda: is_known(ACCOUNTS, "Acme Telecom", scope, version),
    ):
        with statements() as cold:
            first = ask()
        with statements() as warm:
            assert ask() == first
        assert (len(cold), len(warm)) == (1, 0)


class statements:  # noqa: N801 - reads as a phrase
    """The statements sent within the block."""

    def __enter__(self):
        self.seen = []
        self.note = lambda *told: self.seen.append(told[2])
        event.listen(database.engine(), "before_cursor_execute", self.note)
        return self.seen

    def __exit__(self, *_):
        event.remove(database.engine(), "before_cursor_execute", self.note)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (15 * 1440 + 5, "15 d left"),
        (2 * 1440 + 180, "2 d 3 h left"),
        (61, "1 h 1 min left"),
        (4, "4 min left"),
        (0, "0 min over"),
        (-59, "59 min over"),
        (-1440, "1 d over"),
    ],
)
def test_time_left_in_words(minutes, words):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert time_left(now + timedelta(minutes=minutes), now) == words
