"""`caseboard up`: everything Caseboard needs on one machine, started, watched and stopped."""

import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from sqlalchemy import select

from app import database
from app.local import servers
from app.lock import Servers, note
from app.models import Case
from app.processes import Child, StartFailed, port_is_free, start, wait_until
from app.settings import get_settings, use

WEB_WORKERS, WEB_THREADS = 2, 4
READY_SECONDS = 60.0


class _Stopped(Exception):
    """Somebody asked us to stop."""


def up(port: int, data_dir: Path) -> None:
    """Run until stopped by Ctrl-C or SIGTERM; StartFailed when a process fails."""
    if not port_is_free(port):
        raise StartFailed(
            f"Port {port} of 127.0.0.1 is in use by another program; choose another one, "
            f"for example: caseboard up --port {port + 1}"
        )
    with _stoppable():
        settings = get_settings()
        if settings.database_url:
            _serve(port, data_dir, None, [])
            return
        _say("Starting PostgreSQL and Redis ...")
        with servers(data_dir) as (running, local, lock):
            running.web_url = f"http://127.0.0.1:{port}"
            note(lock, running)
            use(running.environment())
            _serve(port, data_dir, running, local.children)


def _serve(port: int, data_dir: Path, running: Servers | None, others: list[Child]) -> None:
    database.upgrade()
    logs = data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    web = start(
        "The web server",
        gunicorn_command(f"127.0.0.1:{port}"),
        logs / "web.log",
        environment=running.environment() if running else None,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(web, lambda: _ready(f"{address}/readyz"), READY_SECONDS)
        _welcome(address)
        _watch([web, *others])
    finally:
        web.stop()


def gunicorn_command(bind: str) -> list[str]:
    """How the web application is served: threads, so that one slow reader delays nobody."""
    return [
        sys.executable,
        *("-m", "gunicorn", "--bind", bind),
        *("--worker-class", "gthread", "--workers", str(WEB_WORKERS)),
        *("--threads", str(WEB_THREADS), "--no-control-socket", "--graceful-timeout", "10"),
        "app.server:create_app()",
    ]


def _welcome(address: str) -> None:
    with database.engine().connect() as connection:
        empty = connection.execute(select(Case.case_number).limit(1)).first() is None
    if empty:
        _say(
            "There are no cases yet. Load the sample (a real incident log) with the button on the "
            "page, or:\n"
            "    caseboard import events --sample --shift-to now\n"
            "Import your own event log:\n"
            "    caseboard import events FILE.csv.gz --map MAP.toml\n"
            "(from a checkout the command is .venv/bin/caseboard)"
        )
    _say(f"Caseboard is at {address}  (Ctrl-C stops it)")


def _watch(children: list[Child]) -> None:
    try:
        while True:
            time.sleep(0.5)
            for child in children:
                if not child.alive():
                    raise StartFailed(f"{child.name} ended by itself:\n{child.last_words()}")
    except _Stopped:
        _say("Stopping ...")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into an exception, so that every `finally` is run."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        # A second Ctrl-C must not break the orderly stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except _Stopped:
        _say("Stopping ...")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - the command's output
