"""The lock of a data folder: one Caseboard at a time, and a note of what it runs."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO


@dataclass(slots=True)
class Servers:
    """Where the running servers are, and who runs them."""

    pid: int
    database_url: str
    redis_url: str
    secret_key: str
    web_url: str = ""
    sources: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The settings that make a process use these servers."""
        return {
            "CASEBOARD_DATABASE_URL": self.database_url,
            "CASEBOARD_REDIS_URL": self.redis_url,
            "CASEBOARD_SECRET_KEY": self.secret_key,
            **self.sources,
        }


class AlreadyRunning(Exception):
    """Another Caseboard uses the data folder. `servers` is what it runs."""

    def __init__(self, data_dir: Path, servers: Servers | None) -> None:
        who = f" (process {servers.pid}, {servers.web_url or 'no page yet'})" if servers else ""
        super().__init__(
            f"Caseboard already runs on {data_dir}{who}. Use that one, stop it first, or give "
            "another folder with --data-dir."
        )
        self.servers = servers


@contextmanager
def held(data_dir: Path) -> Iterator[IO[str]]:
    """Hold a data folder's lock; AlreadyRunning when another process does.

    The kernel lets go of the lock when its holder dies, so a stale one cannot be.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(data_dir, _noted(file)) from None
        file.truncate(0)
        try:
            yield file
        finally:
            file.truncate(0)


def note(lock: IO[str], running: Servers) -> None:
    """Write into the lock what runs, for those who come later."""
    lock.truncate(0)
    lock.write(json.dumps({**asdict(running), "secret_key": ""}))
    lock.flush()


def running_servers(data_dir: Path) -> Servers | None:
    """The servers that another process runs on a data folder, None when nobody does."""
    if not (data_dir / "lock").exists():
        return None
    try:
        with held(data_dir):
            return None
    except AlreadyRunning as other:
        if other.servers is not None:
            other.servers.secret_key = (data_dir / "secret_key").read_text().strip()
        return other.servers


def _noted(file: IO[str]) -> Servers | None:
    file.seek(0)
    try:
        return Servers(**json.loads(file.read()))
    except (ValueError, TypeError):
        return None
