"""Retention: once a day, what has been kept for long enough goes.

What was observed (`changes`), snapshots and what people made (views, annotations, mutes) is kept
for ever; so is the audit log, unless a setting says for how long.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.database import transaction
from etl.run import Run
from etl.runs import count, own

BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`setting` is for how many days rows of `table` are kept (None: for ever); `old` which may go.

    `old` is a condition on the row `r` that knows `:days`.
    """

    table: str
    setting: str
    old: str


AGO = "clock_timestamp() - make_interval(days => :days)"
RULES = (
    Rule("sessions", "keep_sessions_days", f"least(r.ended_at, r.expires_at) < {AGO}"),
    Rule("saml_seen", "keep_sessions_days", f"r.until < {AGO}"),
    Rule("rejects", "keep_rejects_days", f"r.resolved_at < {AGO}"),
    Rule("differences", "keep_rejects_days", f"r.settled_at < {AGO}"),
    Rule("report_sendings", "keep_reports_days", f"coalesce(r.ended_at, r.begun_at) < {AGO}"),
    # Facts tell by which run they were learned; of each sync the latest run of each end is shown.
    Rule(
        "sync_runs",
        "keep_runs_days",
        f"""r.finished_at < {AGO} and r.state <> 'running'
            and r.id not in (select max(id) from sync_runs group by sync, state)
            and not exists (select from changes where run_id = r.id)
            and not exists (select from rejects where run_id = r.id)
            and not exists (select from old_statistics where run_id = r.id)""",  # noqa: S608
    ),
    Rule("audit_log", "keep_audit_days", f"r.at < {AGO}"),
)
PURGE = """
delete from {table} where id in (select r.id from {table} r where {old} order by r.id limit {batch})
"""
# Rows without a number of their own are few, and go at once.
PURGE_ALL = "delete from {table} r where {old}"
NUMBERED = frozenset(rule.table for rule in RULES) - {"saml_seen"}
# The word that the audit log's guard wants to hear; it holds for this transaction.
ALLOW = "select set_config('caseboard.retention', 'on', true)"
TOLD = """
insert into audit_log (actor, act, outcome, detail)
values ('caseboard', 'audit_purge', 'done',
    json_build_object('rows', cast(:rows as bigint), 'kept_days', cast(:days as int)))
"""


def work(run: Run) -> None:
    """Delete what is older than the settings let it be, some thousand rows at a time."""
    for done, rule in enumerate(RULES):
        days = getattr(run.settings, rule.setting)
        run.tell(f"old rows of {rule.table}", done, len(RULES))
        if days is None:
            continue
        rows = _purge(run, rule, days)
        if rows:
            run.note(f"{rows:,} rows of {rule.table} older than {days} days are gone")


def _purge(run: Run, rule: Rule, days: int) -> int:
    """How many rows went."""
    total = 0
    while not run.stopped.is_set():
        with transaction() as connection:
            own(connection, run.id)
            rows = _purge_some(connection, rule, days)
            numbers = {"inserted": 0, "updated": 0, "unchanged": 0, "rejected": 0}
            count(connection, run.id, seen=rows, gone=rows, **numbers)
        total += rows
        if rows < BATCH or rule.table not in NUMBERED:
            break
    return total


def _purge_some(connection: Connection, rule: Rule, days: int) -> int:
    connection.execute(text("set local statement_timeout = 0"))
    statement = PURGE if rule.table in NUMBERED else PURGE_ALL
    told = statement.format(table=rule.table, old=rule.old, batch=BATCH)
    if rule.table == "audit_log":
        connection.execute(text(ALLOW))
    rows = connection.execute(text(told), {"days": days}).rowcount
    if rule.table == "audit_log" and rows:
        connection.execute(text(TOLD), {"rows": rows, "days": days})
    return int(rows)
