"""The commands `caseboard list` and `caseboard sprint`: lists for the terminal and for scripts."""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from app.export import case_csv, copied, inert_texts
from app.quality import LISTS
from app.quality.answers import entries
from app.report.period import days_before
from app.scope import Scope
from app.sprint import sprint
from app.version import data_version
from app.view import View
from app.view_fields import ParameterError, parse_instant

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

PERIODS = ("opened", "closed")


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to `list`."""
    names = [name.replace("_", "-") for name in LISTS]
    parser.add_argument(
        "name", choices=(*names, *PERIODS), metavar="NAME", help=", ".join((*names, *PERIODS))
    )
    parser.add_argument("--view", metavar="QUERY", default="", help="only these, e.g. account=Acme")
    parser.add_argument(
        "--from", dest="start", metavar="ISO", help="of opened, closed; default: seven days ago"
    )
    parser.add_argument("--to", dest="end", metavar="ISO", help="default: the last midnight")


def sprint_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to `sprint`."""
    parser.add_argument("name", nargs="?", help="its exact name (default: the latest)")


def listed(asked: argparse.Namespace) -> int:
    """Write a work list, or the cases opened or closed in a period, as CSV; 2 when misused."""
    try:
        view = View.from_query(asked.view)
        rows = _of_period(asked, view) if asked.name in PERIODS else _work_list(asked, view)
    except ParameterError as fault:
        err.print(str(fault), markup=False)
        return 2
    for chunk in rows:
        sys.stdout.write(chunk.decode())
    return 0


def _work_list(asked: argparse.Namespace, view: View) -> Iterator[bytes]:
    if asked.start or asked.end:
        raise ParameterError("--from and --to", f"go with {' and '.join(PERIODS)} only")
    scope = Scope.of(view, view.as_of or datetime.now(UTC), data_version())
    one = LISTS[asked.name.replace("-", "_")]
    return copied(inert_texts(entries(one, scope)), zone=view.tz)


def _of_period(asked: argparse.Namespace, view: View) -> Iterator[bytes]:
    now = datetime.now(UTC)
    start, end = days_before(now, view.tz)
    if asked.end:
        end = parse_instant("--to", asked.end, view.tz)
        start = days_before(end, view.tz)[0]
    if asked.start:
        start = parse_instant("--from", asked.start, view.tz)
    if start >= end:
        raise ParameterError("--from", "is not before --to")
    which = "created" if asked.name == "opened" else "closed"
    period = {f"{which}_from": start, f"{which}_to": end}
    # The policies of the SLA, by which columns are computed, come with the version.
    data_version()
    return case_csv(view.but(state="all", **period), view.as_of or now)


def sprinted(asked: argparse.Namespace) -> int:
    """Sum up a sprint; 1 when no card is in it."""
    told = sprint(asked.name)
    if told is None:
        which = f"the sprint {asked.name}" if asked.name else "any sprint"
        err.print(f"No card is in {which}.", markup=False)
        return 1
    out.print(f"{told.name}: {told.cards} cards, {told.done} of them done.", markup=False)
    statuses = Table("status", "cards", box=None)
    for status, number in told.by_status.items():
        statuses.add_row(status, str(number))
    people = Table("assignee", "cards", "done", box=None)
    for person, (cards, done) in told.by_person.items():
        people.add_row(person, str(cards), str(done))
    for table in (statuses, people):
        for column in table.columns[1:]:
            column.justify = "right"
        out.print(table)
    for key, case, status in told.left:
        out.print(f"Case {case} is closed; its card {key} is {status}.", markup=False)
    return 0
