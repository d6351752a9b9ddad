"""What a page costs the database: a statement a panel when cold, none when warm."""

from datetime import UTC, datetime

import orjson
import pytest
from flask import g

import pages
from app import cache, database
from app.annotations import annotations
from app.auth.person import LOCAL
from app.panel import answer
from app.panels import PANELS
from app.period import Period
from app.scope import Scope
from app.version import data_version
from app.view import View
from etl.seed import seed
from tests.app.sent import statements
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
BOARD = (
    "/", "/trends", "/flow", "/accounts", "/accounts/<of>", "/engineers", "/engineers/<of>",
    "/bugs", "/trending", "/updates", "/weekly", "/quality",
)  # fmt: skip
VIEWS = (View(as_of=UNTIL), View(as_of=datetime(2026, 2, 3, 4, 5, tzinfo=UTC), severity=(1, 2)))


@pytest.fixture(scope="module")
def world():
    with cloned(EMPTY):
        seed(300, 4, UNTIL)
        yield


@pytest.fixture(autouse=True)
def with_cache(app, world):
    cache.breaker.reset()
    with app.test_request_context():
        g.person = LOCAL
        yield


@pytest.mark.parametrize("view", VIEWS, ids=["newest", "past"])
@pytest.mark.parametrize("panel", PANELS.values(), ids=list(PANELS))
def test_a_panel_is_one_statement_and_none_when_warm(panel, view):
    version = data_version()
    scope = Scope.of(view, view.as_of, version)
    # What is noted in a period is one more look, for all its panels together.
    annotations(*scope.period.filled(), version)
    with statements() as cold:
        first = answer(panel, scope, version)
    assert len(cold) <= 1, cold
    with statements() as warm:
        assert answer(panel, scope, version) == first
    assert warm == []


@pytest.mark.parametrize("path", BOARD)
def test_a_page_asks_nothing_when_warm_but_the_version(path):
    page = next(one for one in pages.PAGES if one.path == path)
    name = {"/accounts/<of>": "account", "/engineers/<of>": "engineer"}.get(path)
    view, version = VIEWS[0], data_version()
    asked = {"period": Period()} if page.period else {}
    if page.own:
        asked["own"] = page.own({})
    if name:
        found = database.fetch(
            f"select {name} from case_versions where valid_to = 'infinity' order by 1 limit 1", {}
        )
        asked["of"] = found[0][0]
    page.content(view, version, **asked)
    with statements() as warm:
        page.content(view, version, **asked)
    assert warm == []


def test_the_weekly_report_is_drawn_once(monkeypatch):
    version, view = data_version(), View(as_of=UNTIL)

    def drawn(asked: View) -> bytes:
        told = pages.weekly.content(asked, version, Period())
        return orjson.dumps(told, default=lambda one: one.to_plotly_json())

    first = drawn(view)
    assert b"report-numbers" in first
    monkeypatch.setattr(pages.weekly, "report_of", None)
    assert drawn(view) == first
    with pytest.raises(TypeError):
        drawn(view.but(severity=(1,)))
