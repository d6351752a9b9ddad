"""`caseboard up`: everything Caseboard needs on one machine, started, watched and stopped."""

import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from sqlalchemy import select

from app import database, programs, tables
from app.auth.loopback import refuse_unsafe_start
from app.local import servers
from app.lock import note
from app.models import Case
from app.processes import Child, StartFailed, port_is_free, start, stop, wait_until
from app.sandbox import is_wanted
from app.sandbox import serve as serve_sandbox
from app.settings import get_settings, use

READY_SECONDS = 60.0


class _Stopped(Exception):
    """Somebody asked us to stop."""


class _Wish:
    """Whether somebody has asked us to stop: Python drops what a signal raises in a finalizer."""

    stop = False


def up(port: int, data_dir: Path, *, sandbox: bool = True) -> None:
    """Run until stopped by Ctrl-C or SIGTERM; StartFailed when a process fails.

    `sandbox` adds made-up sources, unless real ones are set.
    """
    if not port_is_free(port):
        raise StartFailed(
            f"Port {port} of 127.0.0.1 is in use by another program; choose another one, "
            f"for example: caseboard up --port {port + 1}"
        )
    with _stoppable() as wish:
        if "base_url" not in get_settings().sources:
            use({"CASEBOARD_BASE_URL": f"http://127.0.0.1:{port}"})
        if "log_format" not in get_settings().sources:
            use({"CASEBOARD_LOG_FORMAT": "text"})
        settings = get_settings()
        refuse_unsafe_start(settings, f"127.0.0.1:{port}")
        made_up = sandbox and is_wanted(settings)
        if settings.database_url:
            with _sources(made_up, data_dir, port) as (sources, told):
                use(told)
                _serve(port, data_dir, wish, sources)
            return
        _say("Starting PostgreSQL and Redis ...")
        with (
            servers(data_dir) as (running, local, lock),
            _sources(made_up, data_dir, port) as (
                sources,
                told,
            ),
        ):
            running.web_url = f"http://127.0.0.1:{port}"
            running.sources = told
            note(lock, running)
            use(running.environment())
            _serve(port, data_dir, wish, sources, local.children)


@contextmanager
def _sources(
    wanted: bool, data_dir: Path, port: int
) -> Iterator[tuple[list[Child], dict[str, str]]]:
    """The made-up sources, if wanted: their process, and the settings that connect to them."""
    if not wanted:
        yield [], {}
        return
    _say("Starting the sandbox: a made-up portal, JIRA and Bugzilla ...")
    (data_dir / "logs").mkdir(parents=True, exist_ok=True)
    child, told = serve_sandbox(data_dir, port)
    try:
        yield [child], told
    finally:
        child.stop()


def _serve(
    port: int,
    data_dir: Path,
    wish: _Wish,
    sources: list[Child],
    servers: list[Child] | None = None,
) -> None:
    tables.upgrade()
    logs = data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    try:
        web = start("The web server", programs.web(f"127.0.0.1:{port}"), logs / "web.log")
        children.append(web)
        if get_settings().queue_url:
            children += [
                start(
                    "The worker",
                    programs.worker(),
                    logs / "worker.log",
                    # What a run has committed stays; the next worker goes on from there.
                    stop_signal=signal.SIGQUIT,
                ),
                start("The beat", programs.beat(), logs / "beat.log"),
                start("The image worker", programs.image_worker(), logs / "images.log"),
            ]
        else:
            _say("CASEBOARD_REDIS_URL is not set: no worker is started, nothing is synced.")
        address = f"http://127.0.0.1:{port}"
        wait_until(web, lambda: _ready(f"{address}/readyz"), READY_SECONDS)
        _welcome(address, made_up=bool(sources))
        _watch([web, *sources, *(servers or [])], children[1:], wish)
    finally:
        stop(children)


def _welcome(address: str, *, made_up: bool) -> None:
    with database.engine().connect() as connection:
        empty = connection.execute(select(Case.case_number).limit(1)).first() is None
    if made_up:
        _say(
            "The board shows a made-up team; connect your own sources with the settings in "
            "docs/sources.md."
        )
    elif empty:
        _say(
            "There are no cases yet. Load the sample (a real incident log) with the button on the "
            "page, or:\n"
            "    caseboard import events --sample --shift-to now\n"
            "Import your own event log:\n"
            "    caseboard import events FILE.csv.gz --map MAP.toml\n"
            "(from a checkout the command is .venv/bin/caseboard)"
        )
    _say(f"Caseboard is at {address}  (Ctrl-C stops it)")


def _watch(vital: list[Child], workers: list[Child], wish: _Wish) -> None:
    """Wait until we are stopped; workers that die are started again, the rest ends all."""
    with suppress(_Stopped):
        while not wish.stop:
            time.sleep(0.5)
            for child in vital:
                if not child.alive():
                    raise StartFailed(f"{child.name} ended by itself:\n{child.last_words()}")
            for child in workers:
                if not child.alive():
                    _say(f"{child.name} ended by itself and is started again ({child.log}).")
                    child.restart()
    _say("Stopping ...")


@contextmanager
def _stoppable() -> Iterator[_Wish]:
    """Turn SIGINT and SIGTERM into an exception, so that every `finally` is run."""
    wish = _Wish()

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        wish.stop = True
        # A second Ctrl-C must not break the orderly stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
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
