"""Every service of docker-compose.yml, run natively together: what a team would have."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
import pytest
import requests
import yaml
from redis import Redis

from app import database, serving
from app.auth import sessions
from app.settings import get_settings, use
from tests.auth.keys import key_pair
from tests.auth.people import identity
from tests.deploy.compose import ROOT, Native, free_port
from tests.deploy.conftest import until
from tests.deploy.test_files import FILLED, understands

pytestmark = [pytest.mark.database, pytest.mark.long]

BEARER = {"Authorization": f"Bearer {FILLED['CASEBOARD_METRICS_TOKEN']}"}


@pytest.fixture(scope="module")
def running(composed: Native):
    """Everything but the proxy and Prometheus, well by its own health checks."""
    migrate = composed.start("migrate")
    assert migrate.wait(60) == 0, composed.log("migrate").read_text()
    names = ["sandbox", "worker", "beat", "web", "flower"]
    if understands(["worker", "--images"]):
        names.append("images")
    composed.start("sandbox")
    composed.wait_until_healthy("sandbox")
    for name in names[1:]:
        composed.start(name)
    for name in names:
        composed.wait_until_healthy(name)
    return composed


def address(running: Native, name: str = "web") -> str:
    place = {"web": "0.0.0.0:8050", "flower": "0.0.0.0:5555"}[name]
    return f"http://{running.places[place]}"


@contextlib.contextmanager
def inside(running: Native):
    """This process with the settings of web."""
    before = {key: value for key, value in os.environ.items() if key.startswith("CASEBOARD_")}
    database.reset()
    use({k: v for k, v in running.environment("web").items() if k.startswith("CASEBOARD_")})
    try:
        yield
    finally:
        database.reset()
        for name in [key for key in os.environ if key.startswith("CASEBOARD_")]:
            del os.environ[name]
        os.environ.update(before)
        get_settings.cache_clear()


def cookie(running: Native, role: str) -> dict[str, str]:
    with inside(running):
        value = sessions.begin(identity(role), None)
        return {"Cookie": f"{sessions.cookie_name()}={value}", "Sec-Fetch-Site": "same-origin"}


def metric(running: Native, start: str) -> list[float]:
    answer = requests.get(f"{address(running)}/metrics", headers=BEARER, timeout=20)
    assert answer.status_code == 200
    return [float(line.split()[-1]) for line in answer.text.splitlines() if line.startswith(start)]


def test_a_sync_runs_the_page_is_served_and_the_metrics_tell_of_it(running):
    until(lambda: metric(running, 'caseboard_sync_standing{standing="fresh",sync="cases"}') == [1.0],
          f"a sync\n{running.log('worker').read_text()[-3000:]}", 60)  # fmt: skip
    [age] = metric(running, 'caseboard_sync_age_seconds{sync="cases"}')
    assert 0 <= age < 120
    headers = cookie(running, "viewer")
    page = requests.get(f"{address(running)}/", headers=headers, timeout=20)
    assert page.status_code == 200
    assert "Caseboard" in page.text
    cases = requests.get(
        f"{address(running)}/api/v1/cases?state=all", headers=headers, timeout=20
    ).json()
    assert cases["total"] > 0
    assert metric(running, "caseboard_data_version")[0] > 0
    assert sum(metric(running, "caseboard_http_requests_total{")) >= 2
    for path in ("/", "/api/v1/cases", "/metrics"):
        anonymous = requests.get(f"{address(running)}{path}", allow_redirects=False, timeout=20)
        assert anonymous.status_code in {303, 401}


def test_the_queue_keeps_and_the_cache_forgets(running):
    secret = FILLED["REDIS_PASSWORD"]
    ports = {
        name: int(running.places[f"@{name}:6379"].rpartition(":")[2]) for name in ("queue", "cache")
    }
    with Redis(port=ports["queue"], password=secret) as queue, Redis(port=ports["cache"], password=secret) as cache:  # fmt: skip
        assert queue.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert queue.config_get("appendfsync")["appendfsync"] == "everysec"
        assert queue.info("persistence")["aof_enabled"] == 1
        assert cache.config_get("maxmemory-policy")["maxmemory-policy"] == "allkeys-lru"
        assert cache.info("persistence")["aof_enabled"] == 0
        assert cache.config_get("save")["save"] == ""
        assert any(b"kombu" in key for key in queue.scan_iter())
        assert not any(b"kombu" in key for key in cache.scan_iter()), (
            "the queue is not in the cache"
        )


def test_the_role_of_caseboard_may_nothing_beyond_its_database(running):
    url = running.postgres.url()
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls "
                       "from pg_roles where rolname = current_user")  # fmt: skip
        assert cursor.fetchone() == (False,) * 5
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("copy (select 1) to program 'true'")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(url.replace("caseboard:", "postgres:", 1))


def test_lines_of_the_logs_are_objects_that_name_request_and_run(running):
    for name in ("web", "worker"):
        lines = running.log(name).read_text().splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        assert told, f"{name} logs nothing"
        # What Celery prints before it logs is its banner.
        assert name != "web" or len(told) == len(lines)
        assert not any(
            secret in line for line in lines for secret in FILLED.values() if len(secret) == 32
        )
    web = [json.loads(line) for line in running.log("web").read_text().splitlines()]
    assert any(line.get("request") and line.get("status") == 200 for line in web)
    worker = [
        json.loads(line)
        for line in running.log("worker").read_text().splitlines()
        if line.startswith("{")
    ]
    assert any(line.get("run") and line.get("sync") == "cases" for line in worker)


def test_a_reload_drops_no_request_and_no_count(running):
    web, faults, answered = running.running["web"], [], []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answered.append(requests.get(f"{address(running)}/healthz", timeout=30).status_code)
            except requests.RequestException as fault:
                faults.append(fault)

    before = sum(metric(running, 'caseboard_http_requests_total{method="GET",route="/healthz"'))
    old = {child.pid for child in psutil.Process(web.pid).children()}
    assert len(old) == 2
    thread = threading.Thread(target=ask)
    thread.start()
    web.send_signal(signal.SIGHUP)
    until(
        lambda: not old & {c.pid for c in psutil.Process(web.pid).children()},
        "a new generation",
        40,
    )
    time.sleep(0.5)
    stop.set()
    thread.join()
    assert set(answered) == {200}
    assert not faults
    after = sum(metric(running, 'caseboard_http_requests_total{method="GET",route="/healthz"'))
    assert after >= before + len(answered)
    [folder] = Path(tempfile.gettempdir()).glob(f"{serving.NAME}{web.pid}-*")
    pids = {path.stem.rpartition("_")[2] for path in folder.glob("*.db")}
    assert not pids & {str(pid) for pid in old}, "the departed leave no files"


def test_flower_is_reached_through_the_proxy_by_admins_only(running):
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not here: apt-get install nginx-light")
    folder = running.folder / "nginx"
    folder.mkdir()
    key, certificate = key_pair("127.0.0.1")
    (folder / "board.key").write_text(key)
    (folder / "board.crt").write_text(certificate)
    pages, flower = free_port(), free_port()
    told = (ROOT / "deploy/nginx/nginx.conf").read_text()
    for there, here in {
        "/etc/nginx/tls": str(folder), "/run/nginx.pid": f"{folder}/pid",
        # `resolve` is of nginx 1.27.3, which the image has and this machine may not have.
        "web:8050 resolve": address(running).removeprefix("http://"),
        "flower:5555 resolve": address(running, "flower").removeprefix("http://"),
        "8443": f"127.0.0.1:{pages}", "8556": f"127.0.0.1:{flower}",
    }.items():  # fmt: skip
        told = told.replace(there, here)
    (folder / "nginx.conf").write_text(told)
    with (folder / "log").open("ab") as log:
        nginx = subprocess.Popen(
            ["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    session = requests.Session()
    session.verify, session.trust_env = False, False
    try:

        def get(port: int, path: str, headers=None, method: str = "GET") -> requests.Response:
            return session.request(method, f"https://127.0.0.1:{port}{path}", headers=headers or {},
                                   allow_redirects=False, timeout=20)  # fmt: skip

        def is_up() -> bool:
            try:
                status = get(pages, "/healthz").status_code
            except requests.ConnectionError:
                status = 0
            return status == 200

        import urllib3

        urllib3.disable_warnings()
        until(is_up, f"nginx\n{(folder / 'log').read_text()}")
        assert get(pages, "/metrics", BEARER).status_code == 404
        forged = {**cookie(running, "viewer"), "X-Request-Id": "made-up-by-a-reader"}
        answer = get(pages, "/api/v1/cases", forged)
        assert answer.status_code == 200
        assert answer.headers["X-Request-Id"] != "made-up-by-a-reader"
        assert len(answer.headers["X-Request-Id"]) == 32, "the id that the proxy gave"
        away = get(flower, "/")
        assert (away.status_code, away.headers["Location"]) == (303, "https://127.0.0.1/login")
        assert get(flower, "/", cookie(running, "viewer")).status_code == 403
        assert get(flower, "/", cookie(running, "editor")).status_code == 403
        admin = cookie(running, "admin")
        shown = get(flower, "/", admin)
        assert shown.status_code in {200, 302}
        assert "Flower" in get(flower, "/workers", admin).text
        assert get(flower, "/api/worker/shutdown/x", admin, "POST").status_code == 403
    finally:
        nginx.terminate()
        nginx.wait(20)


def test_a_real_prometheus_scrapes_and_has_our_rules(running):
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not here: apt-get install prometheus")
    folder = running.folder / "prometheus"
    shutil.copytree(ROOT / "deploy/prometheus", folder)
    (folder / "token").write_text(FILLED["CASEBOARD_METRICS_TOKEN"])
    told = yaml.safe_load((folder / "prometheus.yml").read_text())
    told["global"] = dict.fromkeys(told["global"], "1s")
    [job] = told["scrape_configs"]
    job["authorization"]["credentials_file"] = str(folder / "token")
    assert job["static_configs"][0]["targets"] == ["web:8050"]
    job["static_configs"][0]["targets"] = [address(running).removeprefix("http://")]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(told))
    port = free_port()
    with (folder / "log").open("ab") as log:
        prometheus = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def asked(path: str):
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5)
            return answer.json()["data"] if answer.ok else {}
        except requests.ConnectionError:
            return {}

    def value(query: str) -> float | None:
        found = asked(f"query?query={quote(query)}").get("result")
        return float(found[0]["value"][1]) if found else None

    try:
        until(
            lambda: value('up{job="caseboard"}') == 1,
            f"a scrape\n{(folder / 'log').read_text()[-2000:]}",
        )
        assert value("caseboard_data_version") > 0
        assert value('caseboard_sync_objective_seconds{sync="cases"}') == 2700
        [target] = asked("targets")["activeTargets"]
        assert target["health"] == "up"
        assert target["lastError"] == ""
        loaded = asked("rules")["groups"][0]["rules"]
        written = yaml.safe_load((folder / "rules.yml").read_text())["groups"][0]["rules"]
        assert [rule["name"] for rule in loaded] == [rule["alert"] for rule in written]
        until(
            lambda: all(r["health"] == "ok" for r in asked("rules")["groups"][0]["rules"]),
            "an evaluation",
        )
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def test_backups_are_made_and_restored_by_the_service(running):
    """What cron runs on the host, and what one runs on the day that one needs it."""
    backup = running.start("backup")
    assert backup.wait(60) == 0, running.log("backup").read_text()
    [made] = (running.folder / "backup").glob("*.dump")
    running.postgres.execute("create database again owner caseboard")
    there = {"CASEBOARD_DATABASE_URL": running.postgres.url("again")}
    command = [*running.command("backup")[:3], "restore", str(made)]
    done = subprocess.run(
        command, cwd=ROOT, env=running.environment("backup") | there, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the catalogue at 10 instants" in done.stdout


def test_what_stops_stops_in_order_and_leaves_nothing(running):
    web, worker = running.running["web"], running.running["worker"]
    assert running.is_healthy("worker")
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(20)
    assert not running.is_healthy("worker"), "a health check that a dead worker passes is none"
    web.terminate()
    assert web.wait(30) == 0
    assert not running.is_healthy("web")
    assert not list(Path(tempfile.gettempdir()).glob(f"{serving.NAME}{web.pid}-*"))
