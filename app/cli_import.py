"""The command `import`: event logs, and moving over from the old system."""

import argparse
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console

from app import tables
from etl.events_import import SAMPLE, import_events
from etl.sources.t5g_dump import read_dump
from etl.sources.t5g_ledger import Tally
from etl.t5g_import import MovingOver, check_t5g, import_t5g

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

Connected = Callable[[], AbstractContextManager[None]]
Progressing = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
# The commonest reasons say what is wrong; all others are kept with their records.
REASONS_TOLD = 8


def declare(command: argparse.ArgumentParser) -> None:
    """What can be said behind `caseboard import`."""
    command.add_argument(
        "what", choices=("events", "t5g"), help="an event log, or the old system's Redis keys"
    )
    command.add_argument(
        "file",
        nargs="?",
        metavar="FILE|REDIS-URL",
        help="events: CSV, plain or gzip; t5g: JSON, plain or gzip, or redis://host:6379/0",
    )
    events = command.add_argument_group("event logs")
    events.add_argument("--sample", action="store_true", help="import the sample log instead")
    events.add_argument("--map", type=Path, metavar="MAP.toml", help="which column is what")
    events.add_argument(
        "--shift-to", choices=("now",), help="move the log so that its last opening is today"
    )
    over = command.add_argument_group("moving over")
    over.add_argument(
        "--check", action="store_true", help="tell what would become of the dump; write nothing"
    )


def run(asked: argparse.Namespace, connected: Connected, progressing: Progressing) -> int:
    """Import what was asked for. The exit status: 0 done, 2 misused."""
    misused = _misused(asked)
    if misused:
        err.print(misused, markup=False)
        return 2
    if asked.check:
        _tell_moved(check_t5g(asked.file), checked=True)
        return 0
    # A dump that cannot be used is told before any server is started for it.
    dump = read_dump(asked.file) if asked.what == "t5g" else None
    with connected(), progressing("Importing") as progress:
        tables.upgrade()
        if dump is None:
            _events(asked, progress)
            return 0
        moved = import_t5g(dump, progress)
    _tell_moved(moved, checked=False)
    return 0


def _misused(asked: argparse.Namespace) -> str | None:
    if asked.what == "t5g":
        if asked.sample or asked.map or asked.shift_to:
            return "--sample, --map and --shift-to are for event logs: caseboard import events"
        if not asked.file:
            return "Name the dump or the Redis: caseboard import t5g FILE|redis://host:6379/0"
    elif asked.check:
        return "--check is for moving over: caseboard import t5g FILE --check"
    elif asked.sample == bool(asked.file):
        return "Name one file, or --sample: caseboard import events FILE"
    return None


def _events(asked: argparse.Namespace, progress: Callable[[int, int], None]) -> None:
    report = import_events(
        SAMPLE if asked.sample else Path(asked.file),
        mapping=asked.map,
        shift_to_now=asked.shift_to == "now",
        progress=progress,
    )
    out.print(
        f"{report.read:,} rows of {report.cases:,} cases read = {report.inserted:,} inserted "
        f"+ {report.unchanged:,} unchanged + {report.rejected:,} rejected."
    )
    if report.shifted_days:
        out.print(f"All times were moved by {report.shifted_days:,} days.")
    for place, reason in report.first_rejects:
        out.print(f"  line {place}: {reason}", markup=False)
    if report.rejected:
        out.print("Every rejected row is kept with its reason in the table `rejects`.")


def _tell_moved(moved: MovingOver, *, checked: bool) -> None:
    out.print(f"{moved.name}, taken at {moved.taken:%Y-%m-%d %H:%M} UTC or later:", markup=False)
    for words, tally in moved.ledger.lines():
        out.print(f"  {words}: {_sum(tally)}", markup=False)
        if tally.mended:
            for mend, number in sorted(tally.mends.items(), key=lambda one: (-one[1], one[0])):
                out.print(f"    mended {number:,}: {mend}", markup=False)
        told = tally.reasons.most_common(REASONS_TOLD)
        for reason, number in told:
            out.print(f"    set aside {number:,}: {reason}", markup=False)
        if len(tally.reasons) > len(told):
            rest = tally.aside - sum(number for _, number in told)
            out.print(f"    set aside {rest:,}: for other reasons")
    if moved.others:
        out.print(f"  {moved.others:,} other keys of that Redis were left alone.")
    kept = any(tally.aside for _, tally in moved.ledger.lines()) or moved.ledger.values
    if checked:
        out.print("Nothing was written: this was a check.")
        return
    if kept:
        values = f", and {moved.ledger.values:,} single values" if moved.ledger.values else ""
        out.print(
            f"Every record set aside{values} is kept with its reason in the table `rejects`; "
            "the sync page shows those that somebody may want to look after."
        )
    if moved.counts and (moved.counts.fresh or moved.days):
        out.print(f"{moved.counts.fresh:,} facts and {moved.days:,} days of statistics were new.")
    else:
        out.print("All of it was known already: nothing changed.")


def _sum(tally: Tally) -> str:
    """A tally as a sum that adds up."""
    parts = [
        f"{number:,} {words}"
        for number, words in (
            (tally.mapped, "mapped"),
            (tally.mended, "mended"),
            (tally.repeated, "repeated elsewhere in the dump"),
            (tally.told, "told by a live source itself"),
            (tally.aside, "set aside"),
        )
        if number
    ]
    return f"{tally.read:,} read = {' + '.join(parts)}"
