"""How the board stands beside its syncs: data, rejects, database, the latest backup."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

BACKUP = """
select at from audit_log where act = 'backup' and outcome = 'done' order by id desc limit 1
"""
TOLD = text(f"""
select d.version, d.changed_at, pg_database_size(current_database()) as size,
    ({BACKUP}) as backup_at, clock_timestamp() as now
from data_version d
""")  # noqa: S608
REJECTS = text("""
select source, count(*) from rejects where resolved_at is null group by source order by source
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """`version` and `changed_at` are those of the data, `size` the database's bytes.

    `rejects` counts by source the records that could not be understood and still are not;
    `backup_at` is when Caseboard last made a backup. Instants are UTC, None where there was none,
    and `now` is the database's clock.
    """

    version: int
    changed_at: datetime | None
    size: int
    rejects: Mapping[str, int]
    backup_at: datetime | None
    now: datetime


def standing(connection: Connection) -> Standing:
    """How the board stands now."""
    told: Any = connection.execute(TOLD).one()
    rejects = {source: int(number) for source, number in connection.execute(REJECTS)}
    return Standing(
        version=int(told.version),
        changed_at=told.changed_at,
        size=int(told.size),
        rejects=rejects,
        backup_at=told.backup_at,
        now=told.now,
    )
