"""Names of accounts and engineers may hold anything: each has its page, and its page says it."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from flask import g

import pages
from app import cache
from app.auth.person import LOCAL
from app.directory import directory, is_known
from app.kpis import kpis
from app.scope import Scope
from app.version import data_version
from app.view import View
from app.who import ACCOUNTS, ENGINEERS, WHO
from etl.events_import import import_events
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

HEAD = (
    "number,incident_state,sys_mod_count,opened_at,sys_updated_by,sys_updated_at,location,category,"
    "subcategory,u_symptom,priority,assignment_group,assigned_to,resolved_at\n"
)


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


NAMES = [
    "a/b/c",
    "//leading",
    "trailing/",
    "100% + & = ? # ;",
    'O\'Neil "the" <b>bold</b>',
    "東京通信株式会社",
    "شركة الاتصالات",
    "back\\slash",
    "..",
    ".",
    "... and more",
    "%2F",
    "tab\tand  spaces",
    "x" * 300,
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    lines = [HEAD]
    for place, name in enumerate(NAMES):
        cell = '"' + name.replace('"', '""') + '"'
        lines.append(
            f"INC{place:03d},New,0,01-03-2016 10:00,Ann,01-03-2016 10:05,{cell},Router,R1,It hurts,"
            f"1 - Critical,Group 1,{cell},?\n"
        )
    path = folder / "log.csv"
    path.write_text("".join(lines), encoding="utf-8")
    with cloned(EMPTY):
        import_events(path)
        yield


def test_any_name_has_a_page_and_every_page_its_name(hostile, client):
    version = data_version()
    instant = datetime(2016, 4, 1, tzinfo=UTC)
    view = View(as_of=instant)
    scope = Scope.of(view, instant, version)
    for who in WHO.values():
        names = {entry.name for entry in directory(who, scope, version)}
        assert len(names) == len(NAMES)
        for name in names:
            path = who.page(name)
            if path is None:
                assert name in {".", ".."}
                continue
            assert urlsplit(path).path == path
            page, parts = pages._find(path)
            assert (page.name, parts) == (who.field, {"of": name})
            assert page.heading(**parts) == name
            assert is_known(who, name, scope, version)
            assert client.get(f"{path}?as_of=2016-04-01").status_code == 200
            shown = str(page.content(view, version, **parts))
            assert "No account of this name" not in shown
            [tile] = kpis(
                ("open_cases",), Scope.of(view.but(**{who.field: (name,)}), instant), version
            )
            assert tile.value == 1


@pytest.mark.parametrize("who", [ACCOUNTS, ENGINEERS])
def test_an_unknown_name_is_told_kindly(hostile, who):
    version = data_version()
    page, parts = pages._find(who.page("<nobody> / nowhere"))
    shown = str(page.content(View(), version, **parts))
    assert f"No {who.one} of this name" in shown
    assert "tiles" not in shown


def test_a_filter_by_another_account_is_not_silently_left_aside(hostile, client):
    page, parts = pages._find(ACCOUNTS.page("a/b/c"))
    with client.application.app_context():
        g.person = LOCAL
        shown = str(page.content(View(account=("Other",)), data_version(), **parts))
    assert "left aside" in shown
    assert "/accounts/a%2Fb%2Fc" in shown
