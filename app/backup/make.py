"""Making a backup: dump and manifest of one and the same snapshot of the database."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from app import database
from app.auth import audit
from app.backup import BackupError, contents, programs
from app.backup.manifest import Manifest, manifest_of, sha256

Tell = Callable[[str], None]

DATA_VERSION = "select version from data_version"


def backup(target: Path | None, tell: Tell = lambda _: None) -> tuple[Path, Manifest]:
    """Write the dump and, beside it, its manifest; tells where, and what it holds.

    `target` is the file to write, or the folder for one named after the instant (UTC); by default
    the current folder. Nothing is overwritten, and nothing half written stays under its name.
    BackupError says why it was not done.
    """
    path = _named(target)
    revision = database.current_revision()
    if revision is None:
        raise BackupError("The database has no tables of Caseboard: there is nothing to back up.")
    major, full = programs.server_version()
    pg_dump = programs.program("pg_dump", major)
    with _partial(path) as partial, _partial(manifest_of(path)) as beside:
        with (
            _snapshot() as (connection, name),
            tempfile.TemporaryFile("w+") as errors,
            programs.running(_command(pg_dump, partial, name), errors) as process,
        ):
            tell("dumping, and counting beside it")
            told = _counted(connection, revision)
            programs.succeeded(process, "pg_dump", errors)
        tell("computing the checksum")
        manifest = Manifest(
            **told,
            taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
            caseboard=version("caseboard"),
            postgresql=full,
            postgresql_major=major,
            size=partial.stat().st_size,
            sha256=sha256(partial),
        )
        beside.write_bytes(manifest.to_bytes())
        # The manifest makes it a backup, so it comes last.
        _publish(partial, path)
        try:
            _publish(beside, manifest_of(path))
        except BackupError:
            path.unlink()
            raise
    if manifest.catalogue is not None:
        audit.record("backup", outcome="done", actor="caseboard", target=path.name)
    return path, manifest


def _counted(connection: Connection, revision: str) -> dict[str, Any]:
    """What the manifest says of the contents, from the snapshot of the dump."""
    known = revision == database.head_revision()
    asked = contents.instants(connection) if known else []
    return {
        "revision": revision,
        "data_version": connection.execute(text(DATA_VERSION)).scalar(),
        "catalogue": contents.catalogue(connection, asked) if known else None,
        "tables": contents.hashes(connection),
        "left_out": contents.LEFT_OUT,
    }


def _command(pg_dump: Path, target: Path, snapshot: str) -> list[str]:
    return [
        str(pg_dump),
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        f"--snapshot={snapshot}",
        f"--file={target}",
        *(f"--exclude-table-data=public.{table}" for table in contents.LEFT_OUT),
    ]


@contextmanager
def _snapshot() -> Iterator[tuple[Connection, str]]:
    """A read-only transaction whose snapshot others can share by the name that comes with it."""
    with database.snapshot() as connection:
        connection.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
        name = connection.exec_driver_sql("select pg_export_snapshot()").scalar_one()
        yield connection, str(name)


def _named(target: Path | None) -> Path:
    """The file to write; BackupError where it may not be."""
    path = target or Path()
    if path.is_dir():
        path = path / f"caseboard-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
    elif not path.parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}; make it first.")
    for taken in (path, manifest_of(path)):
        if taken.exists():
            raise BackupError(f"{taken} exists, and is not overwritten: name another file.")
    return path


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """A file beside `path` that only we can read, gone after the block unless published."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    except OSError as fault:
        raise BackupError(f"Nothing can be written into {path.parent}: {fault.strerror}.") from None
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _publish(partial: Path, path: Path) -> None:
    """Give a finished file its name, safe on disk; never in place of another."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        raise BackupError(f"{path} exists, and is not overwritten: name another file.") from None
    except OSError:  # a file system without links
        partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
