"""The data version: one number that every load increments in its own transaction."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, select

from app.database import read
from app.models import DataVersion


@dataclass(frozen=True, slots=True)
class Version:
    """`number` grows with each load that changed something; `changed_at` is UTC, None if never."""

    number: int
    changed_at: datetime | None

    @property
    def key(self) -> str:
        """What tells these data from all others, also from those of another database."""
        return f"{self.number} {self.changed_at}"


def data_version(connection: Connection | None = None) -> Version:
    """The version of the data that a reader sees now."""
    row = read(select(DataVersion.version, DataVersion.changed_at), connection=connection).iloc[0]
    changed = row["changed_at"]
    return Version(int(row["version"]), None if pd.isna(changed) else changed.to_pydatetime())
