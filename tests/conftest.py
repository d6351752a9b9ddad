"""Real servers for the whole run, and a fresh database for each test that asks for one."""

import contextlib
import gc
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url

from app import database
from app.local import POSTGRES_BIN, LocalServers
from app.settings import get_settings, use

settings.register_profile(
    "caseboard",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("caseboard")

EMPTY, LOG = "template_empty", "template_log"
MEMORY = Path("/dev/shm")
# What a run needs at most, several times over.
ROOM = 6 * 1024**3
FOLDERS = "cb-"


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL and Redis once, in the process that starts the test workers."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-", dir=_place()))
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # Paths of sockets must be short.
    config.option.basetemp = config.option.basetemp or str(folder / "t")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    binaries = Path(os.environ.get("TEST_PG_BIN", POSTGRES_BIN))
    local = LocalServers(folder / "servers", binaries)
    config.add_cleanup(local.stop)
    running = local.start(durable=False)
    os.environ["TEST_SERVERS_DATABASE"] = running.database_url
    os.environ["TEST_SERVERS_REDIS"] = running.redis_url
    _make_templates()


def _place() -> Path | None:
    """Where all files of the run lie: in memory if there is room, None for where files lie else.

    Each test makes a database and drops it: hundreds of files. An ext4 gives nobody an inode that
    was freed a moment ago and looks at every one of them for each new file, so that a database,
    made in 0.05 s at first, takes 0.4 s of processor after some dozens.
    """
    # Some tests make programs and run them.
    if not os.access(MEMORY, os.W_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return None
    for left in MEMORY.glob(f"{FOLDERS}*"):
        # Of a run that was killed.
        pid, ours = left.name.split("-")[1], left.stat().st_uid == os.geteuid()
        if ours and pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    room = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
    return MEMORY if room > ROOM else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: else one process would still be at it when all others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """All is loaded that tests need: garbage is to be looked for, but not among that."""
    gc.collect()
    gc.freeze()


def _make_templates() -> None:
    from etl.events_import import SAMPLE, import_events

    for name in (EMPTY, LOG):
        _execute(f"create database {name}")
        use({"CASEBOARD_DATABASE_URL": _url(name)})
        database.upgrade()
        if name == LOG:
            import_events(SAMPLE)
        database.reset()
    os.environ.pop("CASEBOARD_DATABASE_URL")
    get_settings.cache_clear()


def _url(name: str) -> str:
    url = make_url(os.environ["TEST_SERVERS_DATABASE"]).set(database=name)
    return url.render_as_string(hide_password=False)


def own_redis() -> str:
    """The part of Redis that this process has for itself."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    # In database 1 lie the queues; some tests have the last three.
    number = (0, *range(2, 13))[number % 12]
    return os.environ["TEST_SERVERS_REDIS"].replace("db=0", f"db={number}")


def _execute(statement: str) -> None:
    connection = psycopg2.connect(_url("postgres"))
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """Whatever the block sets is forgotten at its end."""
    before = {key: value for key, value in os.environ.items() if key.startswith("CASEBOARD_")}
    try:
        yield
    finally:
        for variable in [key for key in os.environ if key.startswith("CASEBOARD_")]:
            del os.environ[variable]
        use(before)


@contextlib.contextmanager
def cloned(template: str) -> Iterator[str]:
    """A copy of a template database, used by this process for the length of the block."""
    name = f"test_{uuid.uuid4().hex}"
    # By copying files, in half of the time that it takes through the log.
    _execute(f"create database {name} template {template} strategy file_copy")
    database.reset()
    # Nobody pays for a Redis that an earlier test took away, or that was slow then.
    if "app.cache" in sys.modules:
        sys.modules["app.cache"].breaker.reset()
    try:
        with own_settings():
            use(
                {
                    "CASEBOARD_DATABASE_URL": _url(name),
                    "CASEBOARD_REDIS_URL": own_redis(),
                    "CASEBOARD_SECRET_KEY": "only-for-tests-" + "x" * 32,
                }
            )
            try:
                yield _url(name)
            finally:
                database.reset()
    finally:
        _execute(f"drop database {name} with (force)")


@pytest.fixture
def empty() -> Iterator[str]:
    """An empty migrated database of the test's own; its URL."""
    with cloned(EMPTY) as url:
        yield url


@pytest.fixture(scope="module")
def log() -> Iterator[str]:
    """A database that holds the sample log, for the tests of one file, which only read."""
    with cloned(LOG) as url:
        yield url


@pytest.fixture(scope="session")
def app():
    """The web application; it reads whichever database the test has."""
    from app.server import create_app

    use({"CASEBOARD_REDIS_URL": own_redis()})
    try:
        return create_app()
    finally:
        del os.environ["CASEBOARD_REDIS_URL"]
        get_settings.cache_clear()


@pytest.fixture
def client(app):
    """A client of the web application."""
    return app.test_client()


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = "127.0.0.1" if address[0] == "localhost" else address[0]
            if not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"A test tried to reach {address}; only loopback is allowed.")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect
