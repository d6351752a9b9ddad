"""PostgreSQL gone or frozen: the last board is shown with its age, nothing is changed, all heals."""

import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import cache, database, lastshown
from app.auth import sessions
from app.local import POSTGRES_BIN, LocalServers
from app.settings import use
from tests.auth import people
from tests.conftest import own_redis, own_settings

pytestmark = pytest.mark.database

STATS = "/api/v1/stats?as_of=2016-03-10"
CASES = "/api/v1/cases?as_of=2016-03-10&state=open"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def servers(app, tmp_path_factory):
    """A PostgreSQL and a Redis of this file's own, with the sample log."""
    from etl.events_import import SAMPLE, import_events

    local = LocalServers(
        tmp_path_factory.mktemp("away"), Path(os.environ.get("TEST_PG_BIN", POSTGRES_BIN))
    )
    running = local.start(durable=False)
    with own_settings():
        database.reset()
        use(
            {
                "CASEBOARD_DATABASE_URL": running.database_url,
                "CASEBOARD_REDIS_URL": running.redis_url,
            }
        )
        with app.app_context():
            cache.init_cache(app, running.redis_url)
        try:
            database.upgrade()
            import_events(SAMPLE)
            yield local
        finally:
            database.reset()
            with app.app_context():
                cache.init_cache(app, own_redis())
            local.stop()


@pytest.fixture(autouse=True)
def remembered_anew():
    lastshown._noted.clear()
    cache.breaker.reset()


def postmaster(local: LocalServers) -> int:
    return int((local.database / "postmaster.pid").read_text().split("\n")[0])


def family(local: LocalServers) -> list[int]:
    """The postmaster and all its children."""
    parent = postmaster(local)
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


def well(client) -> None:
    """Wait until the database is known to answer."""
    cache.breaker.reset()
    until = time.monotonic() + 10
    while (answer := client.get(STATS)).status_code != 200 or "Age" in answer.headers:
        assert time.monotonic() < until, answer.text
        time.sleep(0.2)


@contextmanager
def gone(local: LocalServers):
    """PostgreSQL refuses connections."""
    local.children.pop(0).stop()
    try:
        yield
    finally:
        local._start_postgres(durable=False)
        local.children.insert(0, local.children.pop())


@contextmanager
def frozen(local: LocalServers):
    """PostgreSQL takes connections and says nothing."""
    stopped = family(local)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def page(client, path: str, query: str = ""):
    """The content of a page, as Dash asks for it."""
    body = {
        "output": OUTPUT["page"],
        "outputs": [{"id": i, "property": p} for i, p in OUTPUT["page_outputs"]],
        "inputs": [
            {"id": "_pages_location", "property": p, "value": v}
            for p, v in (("pathname", path), ("search", query))
        ],
        "changedPropIds": ["_pages_location.pathname", "_pages_location.search"],
        "state": [
            {"id": "_pages_location", "property": p, "value": v}
            for p, v in (("pathname", path), ("search", query))
        ],
    }
    return client.post("/_dash-update-component", data=json.dumps(body), headers=JSON)


OUTPUT: dict = {}


@pytest.fixture(autouse=True, scope="module")
def known(app):
    """How Dash calls its own callback for pages."""
    board = app.extensions["board"]
    [name] = [n for n in board.callback_map if "_pages_content" in n]
    OUTPUT["page"] = name
    parts = name[2:-2].split("...") if name.startswith("..") else [name]
    OUTPUT["page_outputs"] = [p.rsplit(".", 1) for p in parts]


def recovered(client, path: str, right, seconds: float = 10) -> float:
    began = time.monotonic()
    while True:
        answer = client.get(path)
        if answer.status_code == 200 and "Age" not in answer.headers:
            assert answer.get_json() == right
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, answer.text
        time.sleep(0.1)


@pytest.mark.parametrize("how", [gone, frozen])
def test_the_last_board_is_shown_with_its_age(servers, client, how):
    well(client)
    right = {path: client.get(path).get_json() for path in (STATS, CASES)}
    shown = page(client, "/", "?as_of=2016-03-10").get_json()
    assert "sideUpdate" not in shown
    with how(servers):
        for path, told in right.items():
            began = time.monotonic()
            answer = client.get(path)
            assert answer.status_code == 200, answer.text
            assert answer.get_json() == told
            assert int(answer.headers["Age"]) < 60
            assert "does not answer" in answer.headers["Warning"]
            assert time.monotonic() - began < 12
        # Once it is known, nobody waits.
        began = time.monotonic()
        again = page(client, "/", "?as_of=2016-03-10")
        assert time.monotonic() - began < 1
        told = again.get_json()
        assert told["response"] == shown["response"]
        banner = told["sideUpdate"]["away"]["children"]["props"]["children"]
        assert "does not answer" in banner
        assert "less than a minute ago" in banner
        # What was never shown cannot be.
        never = client.get("/api/v1/stats?as_of=2016-03-09")
        assert never.status_code == 503
        assert never.headers["Retry-After"]
        # And nothing is changed, in kind words.
        refused = client.post("/api/v1/annotations", json={"at": "2016-03-01", "told": "x"})
        assert refused.status_code == 503
        assert "nothing can be changed" in refused.get_json()["detail"]
    recovered(client, STATS, right[STATS])
    assert "sideUpdate" not in page(client, "/", "?as_of=2016-03-10").get_json()
    noted = client.get("/api/v1/annotations").get_json()["items"]
    assert not [one for one in noted if one["told"] == "x"]


def test_many_who_wait_for_a_frozen_database_all_get_an_answer(servers, app):
    well(app.test_client())
    right = app.test_client().get(STATS).get_json()
    got: list[tuple[int, float]] = []

    def ask() -> None:
        began = time.monotonic()
        answer = app.test_client().get(STATS)
        got.append((answer.get_json() == right or answer.text, time.monotonic() - began))

    with frozen(servers):
        readers = [threading.Thread(target=ask) for _ in range(8)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(20)
    assert [same for same, _ in got] == [True] * 8
    assert max(seconds for _, seconds in got) < 12
    recovered(app.test_client(), STATS, right)


def test_a_statement_that_is_merely_slow_is_not_cut(servers, client):
    assert client.get(STATS).status_code == 200
    with database.transaction() as connection:
        assert connection.exec_driver_sql("select pg_sleep(4), 1").one()[1] == 1


def test_nobody_is_shown_what_another_saw(servers, app, monkeypatch):
    from app.auth import gate
    from app.auth.person import Person

    client = app.test_client()
    assert client.get(STATS).status_code == 200
    monkeypatch.setattr(gate, "LOCAL", Person("other", "Other", None, "viewer"))
    with gone(servers):
        assert client.get(STATS).status_code == 503


def test_without_redis_too_there_is_nothing_to_show_and_that_is_said(servers, client):
    assert client.get(STATS).status_code == 200
    redis = servers.children[1].process
    redis.send_signal(signal.SIGSTOP)
    try:
        with gone(servers):
            assert client.get(STATS).status_code == 503
    finally:
        redis.send_signal(signal.SIGCONT)
    well(client)


def test_a_redis_that_was_slow_once_is_asked_again_for_what_only_it_knows(servers, client):
    well(client)
    assert client.get(STATS).status_code == 200
    with gone(servers):
        # As after a time-out: for seconds it would be left alone.
        cache.breaker.trip(TimeoutError())
        answer = client.get(STATS)
        assert answer.status_code == 200
        assert "Age" in answer.headers
    well(client)


def test_what_redis_did_not_take_is_kept_with_the_next_answer(servers, client):
    well(client)
    path = f"{STATS}T01:00:00Z"
    cache.breaker.trip(TimeoutError())
    assert client.get(path).status_code == 200
    cache.breaker.reset()
    assert client.get(path).status_code == 200
    with gone(servers):
        assert client.get(path).status_code == 200
    well(client)


def test_who_is_signed_in_sees_what_they_saw_and_nobody_else_does(servers, app):
    client = app.test_client(use_cookies=False)
    well(client)
    with people.with_login():
        viewer, program = people.cookie_of("viewer", "away-1"), people.token_of("viewer")
        left = people.cookie_of("viewer", "away-2")
        right = client.get(STATS, headers=viewer).get_json()
        assert client.get(STATS, headers=left).get_json() == right
        assert client.get(CASES, headers=program).status_code == 200
        sessions.end(left["Cookie"].partition("=")[2])
        with gone(servers):
            shown = client.get(STATS, headers=viewer)
            assert (shown.status_code, shown.get_json()) == (200, right)
            assert "Age" in shown.headers
            # A token sees what it saw; nobody sees what others did.
            assert client.get(CASES, headers=program).status_code == 200
            assert client.get(CASES, headers=viewer).status_code == 503
            assert client.get(STATS, headers=program).status_code == 503
            # Who has left, or was never here, is not let in by what is remembered.
            assert client.get(STATS, headers=left).status_code == 503
            assert client.get(STATS).status_code == 401
            forged = {**viewer, "Cookie": viewer["Cookie"][:-2] + "xx"}
            assert client.get(STATS, headers=forged).status_code == 503
    well(client)


def test_only_so_much_is_kept(servers, client, monkeypatch):
    well(client)
    monkeypatch.setattr(lastshown, "MOST_KEPT", 3)
    paths = [f"/api/v1/stats?as_of=2016-03-{day:02d}" for day in range(1, 9)]
    for path in paths:
        assert client.get(path).status_code == 200
    assert len(lastshown._noted) == 3
    time.sleep(1.1)
    with gone(servers):
        shown = [client.get(path).status_code for path in paths]
    assert shown == [503] * 5 + [200] * 3
    well(client)
