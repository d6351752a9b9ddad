"""The roll-ups of all cases, and how loads keep them.

A load notes the versions of its cases before it; the difference to those after it is what it brings
each roll-up to, in the same transaction.
"""

from collections.abc import Callable

from sqlalchemy import Connection, text

from etl.history import bug_steps, counts, policies, stages, values
from etl.history.rollup import RollUp

ROLL_UPS: tuple[RollUp, ...] = (
    counts.ROLL_UP,
    values.ROLL_UP,
    stages.ROLL_UP,
    bug_steps.ROLL_UP,
)

# A case whose versions or bugs are about to be derived anew, and since when.
CHOSEN = """
create temp table stepped_cases on commit drop as
select key, min(since) as since from (
    select key, spell_since as since from touched_cases
    union all
    select split_part(key, '|', 1), '-infinity' from touched where entity = 'link'
) told group by key
"""
COLUMNS = """
    case_number, valid_from, valid_to, spell_to, is_open, gone, event, ended_by, severity,
    escalated, crit_sit, updated_at, created_date, closed_at, status, card_status, account,
    engineer, product, relief_at, resolved_at
"""
# The versions are looked up once before and once after, whatever is then asked of them.
OF_CHOSEN = f"""
select {COLUMNS}
from case_versions join stepped_cases on key = case_number and valid_from >= since
"""
BEFORE = f"create temp table stepped_before on commit drop as {OF_CHOSEN}"
# A version that has stayed as it was says nothing new.
AFTER = f"""
create temp table stepped_versions on commit drop as
select {COLUMNS}, sum(sign)::integer as sign, bool_or(sign > 0) as now
from (
    select *, 1 as sign from ({OF_CHOSEN}) found
    union all
    select *, -1 from stepped_before
) told
group by {COLUMNS}
"""

# Rows in which nothing happened after all.
TIDY = f"with {', '.join(level.tidy for one in ROLL_UPS for level in one.levels)} select"


def before(connection: Connection) -> None:
    """Note what is said of the touched cases, before anything of them is derived anew."""
    policies.learn(connection)
    noted = (statement for roll_up in ROLL_UPS for statement in roll_up.before("stepped_before"))
    for statement in (CHOSEN, "analyze stepped_cases", BEFORE, *noted):
        connection.execute(text(statement))


def after(connection: Connection) -> None:
    """Bring the roll-ups to what is to be said of the touched cases now."""
    connection.execute(text(AFTER))
    for roll_up in ROLL_UPS:
        roll_up.keep(connection)
    connection.execute(text(TIDY))


def fill(connection: Connection, once_spanned: Callable[[], object] = lambda: None) -> None:
    """Derive the roll-ups of all cases; `once_spanned` returns when the spans of bugs are there."""
    # Millions of rows: they are to be sorted and added up in memory, by all workers there are.
    for name, value in (
        ("work_mem", "512MB"),
        ("parallel_setup_cost", 0),
        ("parallel_tuple_cost", 0),
    ):
        connection.execute(text(f"set local {name} = '{value}'"))
    policies.mark(connection)
    # What needs no spans of bugs comes first.
    for roll_up in sorted(ROLL_UPS, key=lambda one: bool(one.beside)):
        connection.execute(text(roll_up.told_of_all()))
        if roll_up.beside:
            once_spanned()
        for statement in roll_up.fill():
            connection.execute(text(statement))
