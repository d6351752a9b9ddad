"""The command `caseboard attachments`: the files of a case, as the portal tells them now."""

import argparse
import json
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.lock import running_servers
from app.one_line import tidy
from app.settings import get_settings, use
from app.view_fields import write_instant
from app.zones import zones
from etl.errors import Later, Missing, Refused
from etl.sources.portal_attachments import Attachment, attachments

# As wide as what it shows: an address cut in two is none.
out = Console(highlight=False, soft_wrap=True, emoji=False, width=10_000)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

THOUSAND = 1_000
UNITS = ("kB", "MB", "GB", "TB")


def run(asked: argparse.Namespace) -> int:
    """List them; the exit status: 0 done, 1 not or not all, 2 misused."""
    if not asked.number.isalnum():
        err.print(f"{asked.number!r} is not the number of a case.", markup=False)
        return 2
    if asked.tz not in zones():
        err.print(f"--tz: {asked.tz!r} is not an IANA time zone such as Europe/Rome.", markup=False)
        return 2
    if not get_settings().portal_url and (running := running_servers(asked.data_dir)):
        # The sandbox that `caseboard up` started.
        use(running.sources)
    try:
        told = attachments(get_settings(), asked.number)
    except Missing as fault:
        err.print(f"The customer portal does not give us case {asked.number}: it {fault}.")
        return 1
    except (Later, Refused) as fault:
        err.print(str(fault), markup=False)
        return 1
    if asked.json:
        rows = [{**asdict(file), "at": file.at and write_instant(file.at)} for file in told.files]
        out.print_json(json.dumps(rows))
    elif told.files:
        out.print(_table(told.files, asked.tz))
    elif not told.unreadable:
        out.print(f"Case {asked.number} has no attachments.")
    for reason in told.unreadable:
        err.print(f"One attachment of case {asked.number} is not shown: {reason}.", markup=False)
    return 1 if told.unreadable else 0


def _table(files: list[Attachment], zone: str) -> Table:
    table = Table("name", "size", "type", "who", f"when ({zone})", "note", "link", box=None)
    table.columns[1].justify = "right"
    for file in files:
        marks = ["internal"] * file.private + ["restricted"] * file.restricted
        cells = (
            file.name,
            _size(file.size),
            file.type,
            file.by,
            _when(file.at, zone),
            ", ".join([*marks, *filter(None, [file.description])]),
            file.link,
        )
        # Whoever attaches a file names it: nothing in a name may steer the terminal.
        table.add_row(*(Text(tidy(cell or "")) for cell in cells))
    return table


def _size(size: int | None) -> str | None:
    """Bytes in the unit that leaves one to three digits before the point."""
    if size is None or size < THOUSAND:
        return None if size is None else f"{size} B"
    units = ((THOUSAND**power, unit) for power, unit in enumerate(UNITS, start=1))
    worth, unit = next(
        (one for one in units if round(size / one[0], 1) < THOUSAND),
        (THOUSAND ** len(UNITS), UNITS[-1]),
    )
    return f"{size / worth:,.1f} {unit}"


def _when(moment: datetime | None, zone: str) -> str | None:
    return None if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
