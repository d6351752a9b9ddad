"""The command `caseboard sync`: a sync run here and now, also without workers."""

import argparse
import time

from rich.console import Console

from app.cli_status import counts
from app.queue import OUTGOING
from app.settings import get_settings
from app.syncs import syncs
from etl import schedule, sync
from etl.syncs import BY_NAME, SYNCS

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

BUSY_SECONDS = 2.0


def declare(command: argparse.ArgumentParser) -> None:
    """What can be said behind `caseboard sync`."""
    command.add_argument("name", choices=(*BY_NAME, "all"), metavar="NAME|all")
    command.add_argument("--full", action="store_true", help="enumerate everything")
    command.add_argument(
        "--allow-drop", action="store_true", help="believe that many records are gone at once"
    )


def run(asked: argparse.Namespace) -> int:
    """Run syncs here and now, also without workers."""
    settings = get_settings()
    # What goes out has its schedule, and is asked for by its name.
    every = [one.name for one in SYNCS if one.source not in OUTGOING]
    names = every if asked.name == "all" else [asked.name]
    possible = [name for name in names if BY_NAME[name].is_configured(settings)]
    for name in names:
        if name not in possible:
            err.print(f"{name}: not connected; set {', '.join(BY_NAME[name].lacks(settings))}")
    ends = [_run_one(name, full=asked.full, allow_drop=asked.allow_drop) for name in possible]
    return 0 if possible and all(ends) else 1


def _run_one(name: str, *, full: bool, allow_drop: bool) -> bool:
    """Run one sync to its end; waits while another one of its source is under way."""
    schedule.ask(name, full=full, allow_drop=allow_drop)
    source, told = BY_NAME[name].source, False
    while True:
        outcomes = sync.work(source, name)
        if outcomes:
            break
        if not sync.is_busy(source):
            err.print(f"{name}: nothing to do; somebody else has just run it.")
            return True
        if not told:
            err.print(f"{name}: waiting, another sync of {source} is under way ...")
            told = True
        time.sleep(BUSY_SECONDS)
    last = outcomes[-1]
    row = next(row for row in syncs() if row["name"] == name)
    out.print(
        f"{name}: {last.state}, {counts(row)}, {int(row['requests']):,} requests", markup=False
    )
    for words in [last.error, *(row["notes"] or [])]:
        if words:
            out.print(f"  {words}", markup=False)
    return last.state in {"finished", "partial"}
