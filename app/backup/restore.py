"""Restoring a backup into an empty database, and proving that it is the one that was backed up."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app import database
from app.auth import audit
from app.backup import BackupError, contents, programs
from app.backup.manifest import Manifest, read, verify
from app.metric_values import same

Tell = Callable[[str], None]

MOST_TOLD = 5
NAME = "select current_database()"
MIGRATED_DOWN = ("alembic_version",)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: its manifest, how many instants were compared, the revision now."""

    manifest: Manifest
    instants: int
    revision: str


def restore(dump: Path, tell: Tell = lambda _: None) -> Restored:
    """Put a backup into the empty database of the settings, bring its tables up to date, compare.

    BackupError when the backup is damaged, does not fit or finds the database filled: then nothing
    was done; and when what came out is not what went in: then the database is not to be used.
    """
    tell("verifying the checksum")
    manifest = read(dump)
    verify(dump, manifest)
    major, full = programs.server_version()
    _refuse_unfit(manifest, major, full)
    pg_restore = programs.program("pg_restore", major)
    _refuse_filled()
    tell("restoring")
    _run(pg_restore, dump)
    tell("counting")
    with database.snapshot() as connection:
        faults = differences(manifest.tables, contents.hashes(connection))
    if faults:
        raise BackupError(_not_the_same(faults))
    tell("bringing the tables up to date")
    database.upgrade()
    _make_ready()
    return _checked(manifest, tell)


def _checked(manifest: Manifest, tell: Tell) -> Restored:
    """Compare the catalogue, now that the tables are those of this version."""
    tell("computing the catalogue anew")
    told = manifest.catalogue or {}
    with database.snapshot() as connection:
        found = contents.catalogue(connection, [datetime.fromisoformat(at) for at in told])
    faults = [
        f"{name} at {at}: {known['value']} before, {found[at].get(name, {}).get('value')} now"
        for at, values in told.items()
        for name, known in values.items()
        if not same(known, found[at].get(name))
    ]
    if faults:
        raise BackupError(_not_the_same(faults))
    audit.record("restore", outcome="done", actor="caseboard", target=manifest.taken_at)
    return Restored(manifest, len(told), str(database.current_revision()))


def differences(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """What tables do not hold the same, in words; none when all do."""
    found = [f"table {name}: missing" for name in sorted(before.keys() - now.keys())]
    found += [f"table {name}: nobody knows it" for name in sorted(now.keys() - before.keys())]
    for name in sorted(before.keys() & now.keys()):
        was, has = before[name], now[name]
        if was["rows"] != has["rows"]:
            found.append(f"table {name}: {was['rows']:,} rows before, {has['rows']:,} now")
        elif was["hash"] != has["hash"]:
            found.append(f"table {name}: other contents in as many rows")
    return found


def _not_the_same(faults: list[str]) -> str:
    more = [f"and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else []
    told = "\n".join(f"  - {fault}" for fault in [*faults[:MOST_TOLD], *more])
    return "What was restored is not what was backed up; drop the database, do not use it:\n" + told


def _refuse_unfit(manifest: Manifest, major: int, full: str) -> None:
    head = database.head_revision()
    if not database.knows(manifest.revision):
        raise BackupError(
            f"The backup is of tables at revision {manifest.revision}, made by Caseboard "
            f"{manifest.caseboard}; this version knows revisions up to {head}. Restore it with the "
            "version that made it, or a newer one."
        )
    if manifest.postgresql_major > major:
        raise BackupError(
            f"The backup is of a PostgreSQL {manifest.postgresql}, the server is an older one "
            f"({full}); restore into PostgreSQL {manifest.postgresql_major} or newer."
        )


def _refuse_filled() -> None:
    with database.transaction() as connection:
        name = connection.execute(text(NAME)).scalar_one()
        filled = [one for one in contents.tables(connection) if one not in MIGRATED_DOWN]
        if not filled and contents.tables(connection):
            connection.exec_driver_sql("drop table alembic_version")
    if filled:
        raise BackupError(
            f"The database {name} has {len(filled)} tables already; a backup is restored into an "
            "empty one. Make one (createdb NAME) and name it in CASEBOARD_DATABASE_URL, or, with "
            "Caseboard's own PostgreSQL, restore into a new folder: --data-dir NEW. To make this "
            "one empty, and lose what it holds: caseboard db downgrade base."
        )


def _run(pg_restore: Path, dump: Path) -> None:
    command = [
        str(pg_restore),
        # All or nothing, so that what fails leaves the database empty.
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        str(dump),
    ]
    with (
        tempfile.TemporaryFile("w+") as errors,
        programs.running(command, errors) as process,
    ):
        programs.succeeded(process, "pg_restore", errors)


def _make_ready() -> None:
    """Tell the planner what there is, as a dump does not."""
    plain = database.engine().connect().execution_options(isolation_level="AUTOCOMMIT")
    with plain as connection:
        connection.exec_driver_sql("set statement_timeout = 0")
        try:
            connection.exec_driver_sql("vacuum (analyze, parallel 0)")
        finally:
            connection.exec_driver_sql("reset statement_timeout")
