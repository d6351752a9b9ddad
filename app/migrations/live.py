"""How a migration changes tables that people read and write meanwhile.

A statement that wants a table for itself makes everybody who comes after it wait, also while it
waits itself. So it waits for `LOCK_TIMEOUT` at most; then the migration begins anew a little later
(`app.database.upgrade`). What takes long (filling, building an index) is done in `beside`, each
statement committed by itself, before the short rest. Whatever stands there must bear being done
again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

# A page behind a waiting migration waits no longer than this, well below a second.
LOCK_TIMEOUT = "400ms"
BATCH = 5_000

# The case numbers at which a batch ends, the last one included.
ENDS = """
select case_number from (
    select case_number, row_number() over (order by case_number) as place, count(*) over () as n
    from cases
) placed
where place % :batch = 0 or place = n
order by case_number
"""


@contextmanager
def beside() -> Iterator[None]:
    """Statements that commit one by one. Put it first: it commits what stands before it."""
    with op.get_context().autocommit_block():
        yield


@contextmanager
def patient() -> Iterator[None]:
    """Within `beside`: statements that may wait long, as nobody has to wait for them."""
    op.execute("set lock_timeout = 0")
    try:
        yield
    finally:
        op.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")


def build_index(name: str, on: str, *, unique: bool = False) -> None:
    """Within `beside`: build an index, in place of an unfinished one; `on` is what follows ON."""
    with patient():
        op.execute(f"drop index concurrently if exists {name}")
        op.execute(f"create {'unique ' if unique else ''}index concurrently {name} on {on}")


def drop_index(name: str) -> None:
    """Within `beside`: drop an index, if it is there."""
    with patient():
        op.execute(f"drop index concurrently if exists {name}")


def replace_index(name: str, on: str) -> None:
    """Within `beside`: build an index anew under its name; the old one serves until then."""
    build_index(f"{name}_new", on)
    drop_index(name)
    with patient():
        op.execute(f"alter index {name}_new rename to {name}")


def in_batches(statement: str) -> None:
    """Within `beside`: an update of some thousand cases at a time, so that no writer waits long.

    The statement knows them as `case_number > :after and case_number <= :upto`.
    """
    connection = op.get_bind()
    after = ""
    with patient():
        for upto in connection.execute(sa.text(ENDS), {"batch": BATCH}).scalars().all():
            connection.execute(sa.text(statement), {"after": after, "upto": upto})
            after = upto
