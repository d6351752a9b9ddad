"""Whose the tables are: of this release, of an older one, or of a newer one.

While one release takes the place of another, both run on the same tables. An older one goes on with
newer tables: what it reads is there still. It leaves syncs to the newer one, for it does not know
what that derives.
"""

from dataclasses import dataclass

from app import database


@dataclass(frozen=True, slots=True)
class Tables:
    """The revision that the tables are at (None: there are none), and the one of this release."""

    found: str | None
    wanted: str | None
    newer: bool

    @property
    def right(self) -> bool:
        """Whether they are those of this release."""
        return self.found == self.wanted

    @property
    def serve(self) -> bool:
        """Whether readers can be served from them."""
        return self.right or self.newer

    def words(self) -> str:
        """At which revision they are, and what to do when that is not the right one."""
        if self.right:
            return f"at revision {self.found}, as this release needs"
        if self.newer:
            return (
                f"at revision {self.found}, which is of a newer release than this one "
                f"({self.wanted}): readers are served, syncs are left to that release. Install it; "
                f"or go back with it: `caseboard db downgrade {self.wanted}`"
            )
        at = f"at revision {self.found}" if self.found else "not there yet"
        return f"{at}, this release needs {self.wanted}: run `caseboard db upgrade`"


def look() -> Tables:
    """Whose the tables are now; SQLAlchemyError where the database does not tell."""
    found = database.current_revision()
    newer = found is not None and not database.knows(found)
    return Tables(found, database.head_revision(), newer)
