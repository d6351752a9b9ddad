"""The best bare upsert of staged cases: facts of what differs, and the current rows."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, text

STAGE = """
create temp table bare (case_number text, created timestamptz, updated timestamptz,
    severity smallint, status text, owner text, account text, summary text, product text
) on commit drop
"""
FACTS = """
insert into changes (entity, key, field, value, at, seq, run_id)
select 'case', s.case_number, told.field, told.value, s.updated, 0,
    (select max(id) from sync_runs)
from bare s left join cases c on c.case_number = s.case_number
cross join lateral (values
    ('severity', s.severity::text, c.severity::text), ('status', s.status, c.status),
    ('owner', s.owner, c.owner), ('account', s.account, c.account),
    ('summary', s.summary, c.summary), ('product', s.product, c.product)
) told (field, value, before)
where c.case_number is null or told.value is distinct from told.before
"""
ROWS = """
insert into cases (case_number, created_date, last_update, severity, status, owner, account,
    summary, product)
select case_number, created, updated, severity, status, owner, account, summary, product from bare
on conflict (case_number) do update set last_update = excluded.last_update,
    severity = excluded.severity, status = excluded.status, owner = excluded.owner,
    account = excluded.account, summary = excluded.summary, product = excluded.product
where (cases.severity, cases.status, cases.owner, cases.account, cases.summary, cases.product)
    is distinct from (excluded.severity, excluded.status, excluded.owner, excluded.account,
        excluded.summary, excluded.product)
"""
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def staged(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> Callable[[], None]:
    """Rows put into a table of their own, and the statements that take them from there."""
    lines = ("\t".join("\\N" if cell is None else str(cell).translate(ESCAPES) for cell in row)
             for row in rows)  # fmt: skip
    connection.execute(text(STAGE))
    cursor: Any = connection.connection.cursor()
    cursor.copy_expert("copy bare from stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    connection.execute(text("analyze bare"))

    def take() -> None:
        connection.execute(text(FACTS))
        connection.execute(text(ROWS))

    return take
