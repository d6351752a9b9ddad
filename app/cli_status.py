"""The command `caseboard status`: what an operator wants to know at a glance."""

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from app import database, queue, revisions
from app.settings import get_settings
from app.standing import Standing, standing
from app.syncs import progress_words, syncs, workers_alive

out = Console(highlight=False, soft_wrap=True, emoji=False)

BAD = {"failed": "failed", "held": "was held back", "lost": "lost its worker", "late": "is late"}
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIB = 1 << 20


def status(_asked: argparse.Namespace) -> int:
    """Tell how everything stands; the exit status is 1 when something is late, failed or away."""
    tables = revisions.look()
    if not tables.right:
        out.print(f"The tables are {tables.words()}.", markup=False)
        return 1
    with database.snapshot() as connection:
        rows = syncs(connection)
        alive, tick = workers_alive(connection)
        board = standing(connection)
    if rows:
        out.print(_table(rows))
    for row in rows:
        for words in [row["error"], *(row["notes"] or [])]:
            if words:
                out.print(f"{row['name']}: {words}", markup=False)
    lengths = queue.lengths()
    for line in _lines(board, alive, tick, lengths):
        out.print(line, markup=False)
    faults = list(_faults(rows, alive, lengths))
    told = (
        f"To be looked at: {'; '.join(faults)}." if faults else "Nothing is late, nothing failed."
    )
    out.print(told, markup=False)
    return 1 if faults else 0


def counts(row: dict[str, Any]) -> str:
    """What the last run of a sync did, or how far it is, in words."""
    if row["run_id"] is None:
        return "never ran"
    if row["state"] == "running":
        return progress_words(row)
    told = [
        f"{int(row[name]):,} {word}"
        for name, word in (
            ("inserted", "new"),
            ("updated", "changed"),
            ("unchanged", "unchanged"),
            ("gone", "gone"),
            ("rejected", "rejected"),
        )
        if row[name] or name == "unchanged"
    ]
    return ", ".join(told)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(
        "sync", "standing", "age", "may be old", "last run", "did", "requests", "next", box=None
    )
    for place in (2, 3, 6):
        table.columns[place].justify = "right"
    for row in rows:
        late = " (late)" if _is_late(row) and row["standing"] != "late" else ""
        table.add_row(
            row["name"],
            row["standing"] + late,
            _ago(row["good_at"], row["now"]),
            _span(timedelta(seconds=float(row["fresh_seconds"]))),
            _last(row),
            counts(row) if row["run_id"] else "",
            f"{int(row['requests'] or 0):,}",
            _next(row),
        )
    return table


def _lines(
    board: Standing, alive: bool, tick: datetime | None, lengths: dict[str, int]
) -> Iterator[str]:
    """How all that is no sync stands."""
    if alive:
        yield f"Workers: at work, last heard of {_ago(tick, board.now)} ago."
    else:
        since = f"since {tick:%Y-%m-%d %H:%M} UTC" if tick else "so far"
        yield f"Workers: none at work {since}. Start `caseboard worker` and `caseboard beat`."
    waiting = ", ".join(f"{number:,} in {name}" for name, number in lengths.items())
    if waiting:
        yield f"Queue: messages waiting: {waiting}."
    elif get_settings().queue_url:
        yield "Queue: Redis does not answer, so workers are not woken."
    else:
        yield "Queue: none; CASEBOARD_REDIS_URL is not set."
    rejects = ", ".join(f"{number:,} of {name}" for name, number in board.rejects.items())
    yield (
        f"Records set aside: {rejects}; /sync tells why." if rejects else "Records set aside: none."
    )
    if board.differing:
        yield f"Compared with its sources: {board.differing:,} records differ; see /quality."
    changed = f"of {_ago(board.changed_at, board.now)} ago" if board.changed_at else "empty so far"
    yield f"Data: version {board.version:,}, {changed}."
    yield f"Database: {board.size / MIB:,.0f} MiB."
    backup = f"{_ago(board.backup_at, board.now)} ago" if board.backup_at else "none made so far"
    yield f"Backup: {backup}."


def _faults(rows: list[dict[str, Any]], alive: bool, lengths: dict[str, int]) -> Iterator[str]:
    """What somebody has to look at."""
    if not rows:
        yield "no source is connected, or no worker has run yet (see `caseboard doctor`)"
    for row in rows:
        if row["standing"] in BAD:
            yield f"{row['name']} {BAD[row['standing']]}"
        elif _is_late(row):
            yield f"{row['name']} is late"
    if not alive:
        yield "no worker is at work"
    if get_settings().queue_url and not lengths:
        yield "the queue does not answer"


def _is_late(row: dict[str, Any]) -> bool:
    """Whether data are older than they may be, also while a run is on its way to mend that."""
    since = row["good_at"] or row["due_at"]
    return bool(row["now"] - since > timedelta(seconds=float(row["fresh_seconds"])))


def _last(row: dict[str, Any]) -> str:
    if row["run_id"] is None:
        return "never"
    if row["state"] == "running":
        return f"for {_ago(row['started_at'], row['now'])}"
    return f"{row['state']} {_ago(row['finished_at'], row['now'])} ago"


def _next(row: dict[str, Any]) -> str:
    if row["asked_at"]:
        return "asked for"
    if row["retry_at"]:
        return f"again {row['retry_at']:%d %b %H:%M} UTC"
    return f"{row['due_at']:%d %b %H:%M} UTC"


def _ago(moment: datetime | None, now: datetime) -> str:
    return "none yet" if moment is None else _span(max(now - moment, timedelta(0)))


def _span(span: timedelta) -> str:
    """A length of time in the unit that tells enough."""
    if span < 2 * MINUTE:
        return f"{span.total_seconds():.0f} s"
    if span < 2 * HOUR:
        return f"{span // MINUTE} min"
    return f"{span // HOUR} h" if span < 2 * DAY else f"{span // DAY} days"
