"""`/metrics`: what is told, to whom, and what happens while half of it is away."""

import os
import re
import time

import pytest
from prometheus_client import Histogram
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import text

from app import serving
from app.auth import audit, policy
from app.database import transaction
from app.queue import QUEUE
from app.settings import SHARED_FOLDER
from tests.auth.people import cookie_of, settings, token_of, with_login
from tests.conftest import own_redis

pytestmark = pytest.mark.database

TOKEN = "for-prometheus-" + "m" * 32
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def told(answer) -> dict[tuple, float]:
    """{(name, *label values): value} of an answer."""
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_callbacks_and_the_cache_are_counted(log, client):
    before = told(client.get("/metrics"))
    for _ in range(3):
        client.get("/api/v1/charts/backlog.json")
    client.get("/api/v1/nowhere/at/all")
    client.get("/no-such-page")
    after = told(client.get("/metrics"))

    def grew(*key):
        return after.get(key, 0) - before.get(key, 0)

    route = "/api/v1/charts/<name>.json"
    assert grew("caseboard_http_requests_total", "GET", route, "200") == 3
    assert grew("caseboard_http_request_seconds_count", route) == 3
    assert grew("caseboard_http_request_seconds_bucket", "+Inf", route) == 3
    assert grew("caseboard_cache_lookups_total", "hit") >= 1
    routes = {key[2] for key in after if key[0] == "caseboard_http_requests_total"}
    known = {rule for _, rule in policy.ROUTES} | {"none", "/_reload-hash"}
    assert routes <= known, "labels come from our rules, never from addresses"


def test_a_callback_is_counted_by_its_function(log, client, app):
    from tests.auth.people import envelope

    board = app.extensions["board"]
    body = envelope(board.callback_map, "sync-live.children")
    headers = {"Sec-Fetch-Site": "same-origin"}
    before = told(client.get("/metrics"))
    client.post("/_dash-update-component", json=body, headers=headers)
    after = told(client.get("/metrics"))
    key = ("caseboard_callback_seconds_count", "pages.sync.look")
    assert after[key] == before.get(key, 0) + 1


def test_what_the_database_knows_is_read_at_the_scrape(empty, client):
    with transaction() as connection:
        connection.execute(text(
            "insert into syncs (name, source, place, told, schedule, fresh_seconds, due_at) "
            "values ('cases', 'portal', 0, '', '* * * * *', 2700, now())"
        ))  # fmt: skip
        connection.execute(text(
            "insert into sync_runs (sync, source, state, started_at, finished_at, seen) values "
            "('cases', 'portal', 'finished', now() - interval '100 s', now() - interval '40 s', 7)"
        ))  # fmt: skip
        connection.execute(text(
            "insert into rejects (run_id, source, position, key, reason, payload, fingerprint) "
            "select id, 'portal', 1, 'k', 'why', '{}', 'f' from sync_runs"
        ))  # fmt: skip
    backup = ("caseboard_backup_timestamp_seconds",)
    assert backup not in told(client.get("/metrics"))
    audit.record("backup", outcome="done", actor="caseboard", target="x.dump")
    # The queue that tests have together is filled and emptied by others meanwhile.
    broker = re.sub(r"db=\d+", "db=13", own_redis())
    with settings(BROKER_URL=broker), Redis.from_url(broker) as redis:
        redis.rpush(QUEUE, "a word", "another")
        found = told(client.get("/metrics"))
        redis.delete(QUEUE)
    assert found[("caseboard_queue_length", QUEUE)] == 2
    assert found[backup] == pytest.approx(time.time(), abs=60)
    assert found[("caseboard_sync_age_seconds", "cases")] == pytest.approx(40, abs=5)
    assert found[("caseboard_sync_duration_seconds", "cases")] == pytest.approx(60, abs=1)
    assert found[("caseboard_sync_objective_seconds", "cases")] == 2700
    assert found[("caseboard_sync_standing", "fresh", "cases")] == 1
    assert found[("caseboard_sync_standing", "late", "cases")] == 0
    assert found[("caseboard_sync_last_run_records", "cases", "seen")] == 7
    assert found[("caseboard_rejects", "portal")] == 1
    assert found[("caseboard_database_up",)] == found[("caseboard_redis_up",)] == 1
    assert found[("caseboard_migrations_right",)] == 1
    assert found[("caseboard_disk_free_bytes",)] > 0


def test_the_catalogue_is_that_of_the_api(log, client):
    values = client.get("/api/v1/stats").get_json()
    found = told(client.get("/metrics"))
    assert found[("caseboard_data_version",)] == values["version"]
    for name in ("open_cases", "high_priority", "closed_last_week"):
        assert found[("caseboard_cases", name)] == values["metrics"][name]["value"]


def test_no_text_of_a_case_is_told(log, client):
    answer = client.get("/metrics").text
    items = client.get("/api/v1/cases?limit=50&state=all").get_json()["items"]
    assert len(items) == 50
    assert not any(item["number"] in answer for item in items)


def test_without_database_and_redis_it_still_answers(client):
    away = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    from app import database

    with settings(**away):
        database.reset()
        found = told(client.get("/metrics"))
        database.reset()
    assert found[("caseboard_database_up",)] == 0
    assert found[("caseboard_redis_up",)] == found[("caseboard_broker_up",)] == 0
    assert ("caseboard_http_requests_total", "GET", "/metrics", "200") in found


def test_with_a_login_the_token_opens_the_metrics_and_nothing_else(empty, app):
    client = app.test_client(use_cookies=False)
    with with_login(METRICS_TOKEN=TOKEN):
        assert client.get("/metrics", headers=BEARER).status_code == 200
        assert client.get("/api/v1/cases", headers=BEARER).status_code == 401
        assert client.get("/", headers=BEARER).status_code == 401
        for wrong in (
            {},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": f"Basic {TOKEN}"},
        ):
            assert client.get("/metrics", headers=wrong).status_code == 401
        for role, status in (("viewer", 403), ("editor", 403), ("admin", 200)):
            assert client.get("/metrics", headers=cookie_of(role)).status_code == status
        assert client.get("/metrics", headers=token_of("admin", "admin")).status_code == 200
        assert client.get("/metrics", headers=token_of("admin", "read")).status_code == 403


def test_without_a_token_nobody_from_elsewhere_reads_them(empty, app):
    client = app.test_client()
    with with_login():
        assert client.get("/metrics", headers=BEARER).status_code == 401
    elsewhere = {"REMOTE_ADDR": "10.1.2.3"}
    assert client.get("/metrics", environ_base=elsewhere).status_code == 403


def test_counters_outlive_their_process_and_files_do_not(tmp_path, monkeypatch):
    import subprocess
    import sys

    (tmp_path / serving.LOCK).touch()
    script = (
        "from app import meters\n"
        "meters.CACHE.labels('hit').inc(2)\n"
        "meters.REQUEST_SECONDS.labels('/x').observe(0.2)\n"
        "import os; print(os.getpid())"
    )
    pids = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, SHARED_FOLDER: str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        pids.append(int(done.stdout))
        serving.fold(tmp_path, pids[-1])
    serving.fold(tmp_path, pids[-1])  # twice does no harm
    files = {path.name for path in tmp_path.glob("*.db")}
    assert files == {"counter_0.db", "histogram_0.db"}

    from app.scrape import _counted

    monkeypatch.setenv(SHARED_FOLDER, str(tmp_path))
    text_told = _counted().decode()
    assert 'caseboard_cache_lookups_total{outcome="hit"} 6.0' in text_told
    assert 'caseboard_http_request_seconds_count{route="/x"} 3.0' in text_told
    assert 'le="0.25",route="/x"} 3.0' in text_told
    assert isinstance(Histogram, type)


def test_folders_of_killed_servers_are_swept_and_no_others(tmp_path):
    dead = tmp_path / f"{serving.NAME}999999999-abc"
    alive = tmp_path / f"{serving.NAME}1-abc"
    other = tmp_path / "something-else"
    for folder in (dead, alive, other):
        folder.mkdir()
    serving._sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([alive, other])
