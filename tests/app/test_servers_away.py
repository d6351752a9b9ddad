"""Redis stopped, frozen or full of rubbish, PostgreSQL restarted: the board answers all the same."""

import os
import pickle
import signal
import time
from pathlib import Path

import pytest
from redis import Redis

from app import cache, health
from app.local import POSTGRES_BIN, LocalServers
from app.settings import get_settings, use

pytestmark = pytest.mark.database

CHART = "/api/v1/charts/by_severity.json?as_of=2016-03-10"
MARK = "/tmp/caseboard-test-pickle-ran"


@pytest.fixture
def servers(log, app, tmp_path_factory):
    """A PostgreSQL and a Redis of the test's own, with the cache of the application on that Redis."""
    folder = tmp_path_factory.mktemp("servers")
    local = LocalServers(folder, Path(os.environ.get("TEST_PG_BIN", POSTGRES_BIN)))
    running = local.start(durable=False)
    before = get_settings().redis_url
    with app.app_context():
        cache.init_cache(app, running.redis_url)
        yield local, running
        cache.init_cache(app, before)
    local.stop()


def asked(client) -> tuple[int, float, dict]:
    start = time.monotonic()
    answer = client.get(CHART)
    return answer.status_code, time.monotonic() - start, answer.get_json()


def test_an_answer_is_remembered_and_the_same(servers, client):
    _, running = servers
    first, second = asked(client)[2], asked(client)[2]
    assert first == second
    redis = Redis.from_url(running.redis_url)
    assert any(key.startswith(cache.PREFIX.encode()) for key in redis.scan_iter())


def test_redis_stopped_costs_a_fraction_of_a_second_once(servers, client):
    local, _ = servers
    right = asked(client)[2]
    local.children[1].stop()
    times = [asked(client) for _ in range(20)]
    assert all(status == 200 and body == right for status, _, body in times)
    assert max(seconds for _, seconds, _ in times) < 1


def test_redis_frozen_costs_a_fraction_of_a_second_once(servers, client):
    local, _ = servers
    right = asked(client)[2]
    frozen = local.children[1].process
    frozen.send_signal(signal.SIGSTOP)
    try:
        cache.breaker.reset()
        times = [asked(client) for _ in range(20)]
    finally:
        frozen.send_signal(signal.SIGCONT)
    assert all(status == 200 and body == right for status, _, body in times)
    assert max(seconds for _, seconds, _ in times) < 1


class Bomb:
    def __reduce__(self):
        return (os.system, (f"touch {MARK}",))


@pytest.mark.parametrize("rubbish", [b"!" + pickle.dumps(Bomb()), b"\xff\xfe", b"[1", b"", b"null"])
def test_rubbish_in_redis_is_not_run_and_not_shown(servers, client, rubbish):
    _, running = servers
    right = asked(client)[2]
    redis = Redis.from_url(running.redis_url)
    for key in list(redis.scan_iter()):
        redis.set(key, rubbish)
    assert asked(client)[::2] == (200, right)
    assert not Path(MARK).exists()


def test_a_load_is_seen_at_once_though_answers_are_remembered(empty, client):
    from etl.events_import import SAMPLE, import_events

    assert asked(client)[2]["rows"] == []
    import_events(SAMPLE)
    assert sum(row[1] for row in asked(client)[2]["rows"]) == 362


def test_a_restarted_postgresql_is_found_again(client, tmp_path_factory):
    from app import database
    from etl.events_import import SAMPLE, import_events

    local = LocalServers(
        tmp_path_factory.mktemp("restart"), Path(os.environ.get("TEST_PG_BIN", POSTGRES_BIN))
    )
    running = local.start(durable=False)
    before = {k: v for k, v in os.environ.items() if k.startswith("CASEBOARD_")}
    database.reset()
    use({"CASEBOARD_DATABASE_URL": running.database_url})
    try:
        database.upgrade()
        import_events(SAMPLE)
        path = "/api/v1/stats?as_of=2016-03-10"
        right = client.get(path).get_json()
        assert client.get("/readyz").get_json()["status"] == "ready"
        assert right["metrics"]["open_cases"]["value"] == 362
        local.stop()
        away = client.get("/api/v1/stats?as_of=2016-03-09")
        assert away.status_code == 503
        assert away.headers["Retry-After"]
        assert "database does not answer" in away.get_json()["detail"]
        # Who was ready shows the last board; who never was is given nothing to do.
        assert client.get("/readyz").get_json()["status"] == "shows the last board"
        health._seen.clear()
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        local.start(durable=False)
        assert client.get(path).get_json() == right
        assert client.get("/readyz").status_code == 200
    finally:
        database.reset()
        for name in [name for name in os.environ if name.startswith("CASEBOARD_")]:
            del os.environ[name]
        use(before)
        local.stop()
