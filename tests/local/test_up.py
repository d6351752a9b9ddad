"""`caseboard up` as a person meets it: started, started twice, stopped, killed, healed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from app import database, tables
from app.local import servers
from app.settings import use
from tests.conftest import own_settings

pytestmark = pytest.mark.long
ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-m", "app.cli"]


def clean_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("CASEBOARD_", "TEST_"))}


def caseboard(*arguments, timeout=120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env=clean_environment(),
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Up:
    def __init__(self, folder: Path, port: int, *, sandbox: bool = False) -> None:
        self.port, self.output = port, folder.parent / f"up-{port}.txt"
        folder.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--port", str(port), "--data-dir", str(folder)]
                + ([] if sandbox else ["--no-sandbox"]),
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=clean_environment(),
            )

    def wait_for(self, words: str, seconds: float = 60) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            told = self.output.read_text()
            if words in told:
                return told
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"{words!r} never came:\n{self.output.read_text()}")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            # Its children, Redis and PostgreSQL may take 15 s each.
            self.process.wait(60)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A data folder with its tables, that nobody uses."""
    folder = tmp_path_factory.mktemp("made") / "data"
    with own_settings(), servers(folder) as (running, _, _):
        use(running.environment())
        tables.upgrade()
        database.reset()
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A data folder of the test's own, with its tables."""
    subprocess.run(["cp", "-a", made, tmp_path / "data"], check=True)
    return tmp_path / "data"


@pytest.fixture
def up(tmp_path):
    started: list[Up] = []

    def begin(folder: Path | None = None, port: int | None = None, **given) -> Up:
        started.append(Up(folder or tmp_path / "data", port or free_port(), **given))
        return started[-1]

    yield begin
    for one in started:
        try:
            one.stop()
        finally:
            # What did not stop is not to trouble the tests after it.
            one.process.kill()
            one.process.wait()


def gone(processes: list[psutil.Process], seconds: float = 20) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not alive


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_pages_and_stops_cleanly(up, how, tmp_path):
    """Started twice, it says so and harms nothing."""
    one = up()
    told = one.wait_for("Caseboard is at")
    assert f"http://127.0.0.1:{one.port}" in told
    assert "caseboard import events --sample --shift-to now" in told
    with urllib.request.urlopen(f"http://127.0.0.1:{one.port}/", timeout=10) as page:
        assert page.status == 200
    family = one.family()
    assert len(family) > 4
    second = caseboard("up", "--port", free_port(), "--data-dir", tmp_path / "data")
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert str(one.port) in second.stderr
    assert "Traceback" not in second.stderr
    with urllib.request.urlopen(f"http://127.0.0.1:{one.port}/readyz", timeout=10) as page:
        assert page.status == 200
    one.process.send_signal(how)
    assert one.process.wait(40) == 0
    assert gone(family)


def test_data_stay_between_runs_and_commands_use_the_running_servers(up, folder):
    one = up(folder)
    one.wait_for("Caseboard is at")
    done = caseboard("import", "events", "--sample", "--data-dir", folder)
    assert done.returncode == 0, done.stderr
    assert "5,998 rows of 890 cases read = 5,998 inserted + 0 unchanged + 0 rejected" in done.stdout
    one.stop()
    again = caseboard("import", "events", "--sample", "--data-dir", folder)
    assert "0 inserted + 5,998 unchanged" in again.stdout
    two = up(folder)
    assert "no cases yet" not in two.wait_for("Caseboard is at")


def test_a_port_in_use_is_told_with_the_way_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = caseboard("up", "--port", port, "--data-dir", tmp_path / "data")
    assert told.returncode == 1
    assert f"Port {port}" in told.stderr
    assert f"--port {port + 1}" in told.stderr


def test_what_dies_leaves_nobody_behind_and_starts_again(up, tmp_path):
    """Killed itself, or one of its servers; that it all lies at the end of a long path is no trouble."""
    folder = tmp_path / ("long-" * 30) / "data"
    one = up(folder)
    one.wait_for("Caseboard is at")
    family = one.family()
    one.process.kill()
    one.process.wait()
    two = up(folder)
    two.wait_for("Caseboard is at")
    assert gone(family)
    family = two.family()
    next(p for p in family if "redis-server" in p.name()).kill()
    assert two.process.wait(40) == 1
    assert "Redis ended by itself" in two.output.read_text()
    assert gone(family)


def test_wrong_settings_are_told_in_one_message():
    environment = {**clean_environment(), "CASEBOARD_SLA": "x", "CASEBOARD_NOPE": "1"}
    told = subprocess.run(
        [*COMMAND, "up"], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert told.returncode == 1
    assert "CASEBOARD_SLA" in told.stderr
    assert "CASEBOARD_NOPE is not a setting" in told.stderr
    assert "Traceback" not in told.stderr


def test_pages_without_a_login_are_not_shown_to_others():
    told = caseboard("web", "--bind", "0.0.0.0:8050")
    assert told.returncode == 1
    assert "CASEBOARD_AUTH is none" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "events", "nowhere.csv"), "no file nowhere.csv"),
        (("import", "events"), "Name one file, or --sample"),
        (("up", "--port", "99999"), "not a port"),
    ],
)
def test_misuse_is_told_without_a_traceback(tmp_path, arguments, words):
    told = caseboard(*arguments, "--data-dir", tmp_path / "data")
    assert told.returncode in {1, 2}
    assert words in told.stderr
    assert "Traceback" not in told.stderr


def test_doctor_names_what_to_mend_and_masks_secrets(folder):
    well = caseboard("doctor", "--data-dir", folder)
    assert "database: PostgreSQL" in well.stdout
    environment = {
        **clean_environment(),
        "CASEBOARD_DATABASE_URL": "postgresql://u:pa55@127.0.0.1:1/x",
    }
    ill = subprocess.run(
        [*COMMAND, "doctor"], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert ill.returncode == 1
    assert "CASEBOARD_DATABASE_URL" in ill.stdout
    listed = subprocess.run(
        [*COMMAND, "doctor", "--settings"],
        capture_output=True, text=True, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    assert "pa55" not in ill.stdout + ill.stderr + listed.stdout
    assert "CASEBOARD_DATABASE_URL=****  (CASEBOARD_DATABASE_URL)" in listed.stdout


@pytest.mark.parametrize("command", [("import", "events", "--sample"), ("db", "check"), ("up",)])
def test_a_database_that_does_not_answer_is_told_without_a_traceback(command):
    environment = {**clean_environment(), "CASEBOARD_DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    told = subprocess.run(
        [*COMMAND, *command], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert told.returncode == 1
    assert "The database did not do it" in told.stderr
    assert "Traceback" not in told.stderr


def ask(address: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data), timeout=20) as answer:
        return json.load(answer)


def test_from_empty_it_fills_itself_from_the_sandbox_and_follows_it(up, tmp_path):
    folder = tmp_path / "data"
    one = up(folder, sandbox=True)
    one.wait_for("Caseboard is at")
    board = f"http://127.0.0.1:{one.port}/api/v1"
    deadline = time.monotonic() + 120
    while sum(sync["standing"] == "fresh" for sync in ask(f"{board}/sync")["items"]) < 7:
        assert time.monotonic() < deadline, ask(f"{board}/sync")
        time.sleep(0.5)
    status = caseboard("status", "--data-dir", folder)
    assert status.stdout.count(" fresh ") >= 7, status.stdout + status.stderr
    assert status.returncode == 0, status.stdout
    control = f"{json.loads((folder / 'lock').read_text())['sources']['CASEBOARD_PORTAL_URL'].removesuffix('/hydra/rest')}/control"
    shown = ask(f"{board}/stats")["metrics"]["open_cases"]["value"]
    told = ask(control)
    # The sandbox also tells of cases that only look like ours.
    assert 0 < shown <= told["open"]
    made = ask(f"{control}/add_case", {"summary": "Made while you watched", "severity": 1})["made"]
    done = caseboard("sync", "cases", "--data-dir", folder)
    assert done.returncode == 0, done.stderr
    assert "1 new" in done.stdout
    assert ask(f"{board}/cases?q={made}")["items"][0]["summary"] == "Made while you watched"
    assert ask(f"{board}/stats")["metrics"]["open_cases"]["value"] == shown + 1
    # A worker that is killed is started again.
    worker = next(p for p in one.family() if "worker" in p.cmdline())
    worker.kill()
    one.wait_for("The worker ended by itself and is started again")
    one.stop()
    two = up(folder, sandbox=True)
    two.wait_for("Caseboard is at")
    board = f"http://127.0.0.1:{two.port}/api/v1"
    assert ask(f"{board}/cases?q={made}")["total"] == 1


def test_a_sync_that_is_not_connected_says_what_to_set(folder):
    done = caseboard("sync", "cards", "--data-dir", folder)
    assert done.returncode == 1
    assert "CASEBOARD_JIRA_URL" in done.stderr
    assert caseboard("status", "--data-dir", folder).returncode == 1
