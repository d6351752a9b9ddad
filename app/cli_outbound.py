"""The command `caseboard outbound`: what would be written back, what was, and deciding about it."""

import argparse

from rich.console import Console
from rich.table import Table

from app import deciding, outbox
from app.database import snapshot
from app.rows import records
from app.settings import get_settings

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

US = "caseboard"
NAMES = ("portal2jira", "priority", "tags")


def outbound_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to the command."""
    acts = parser.add_subparsers(title="acts", required=True, metavar="ACT")
    told = "tell what would be done now; nothing is written, whatever the settings allow"
    seeing = acts.add_parser("preview", help=told, description=told)
    seeing.add_argument("name", nargs="?", choices=(*NAMES, "all"), default="all")
    seeing.set_defaults(act=_preview)
    told = "tell what is to come, is held or has failed, and what was done"
    listing = acts.add_parser("list", help=told, description=told)
    listing.add_argument("--done", type=int, default=20, metavar="N", help="latest acts to tell")
    listing.set_defaults(act=_list)
    told = "approve what is held"
    approving = acts.add_parser("approve", help=told, description=told)
    approving.add_argument("last", nargs="?", type=int, metavar="ID", help="only up to this act")
    approving.set_defaults(act=_approve)
    told = "try an act again that failed, or all but messages that may have arrived"
    again = acts.add_parser("again", help=told, description=told)
    again.add_argument("number", type=_one_or_all, metavar="ID|all")
    again.set_defaults(act=_again)
    told = "undo an act"
    undoing = acts.add_parser("undo", help=told, description=told)
    undoing.add_argument("number", type=int, metavar="ID")
    undoing.set_defaults(act=_undo)


def _one_or_all(told: str) -> int | None:
    if told == "all":
        return None
    if not told.isdecimal():
        raise argparse.ArgumentTypeError(f"{told!r} is neither the id of an act nor all")
    return int(told)


def run(asked: argparse.Namespace) -> int:
    """Do it; the exit status: 0 done, 1 not."""
    return int(asked.act(asked))


def _preview(asked: argparse.Namespace) -> int:
    from etl.errors import Later, Missing, Refused
    from etl.outbound.preview import preview
    from etl.syncs.preview import lacks

    settings, ends = get_settings(), []
    for name in NAMES if asked.name == "all" else [asked.name]:
        lacking = lacks(name, settings)
        if lacking:
            err.print(f"{name}: not connected; set {', '.join(lacking)}", markup=False)
            ends.append(False)
            continue
        try:
            lines = preview(name, settings)
        except (Later, Refused, Missing) as fault:
            err.print(f"{name}: {fault}", markup=False)
            ends.append(False)
            continue
        ends.append(True)
        out.print(f"{name}: {len(lines)} acts", markup=False)
        for line in lines:
            on = line.target or ("a new card" if line.kind == "create_card" else "the new card")
            words = outbox.KINDS.get(line.kind, line.kind)
            change = f"{outbox.value(line.before)} -> {outbox.value(line.after)}"
            out.print(f"  [{line.state}] case {line.case}: {words}, {on}: {change}", markup=False)
            out.print(f"      {line.reason}", markup=False)
    if settings.read_only:
        err.print("CASEBOARD_READ_ONLY is true: nothing of this is done.")
    return 0 if all(ends) else 1


def _list(asked: argparse.Namespace) -> int:
    with snapshot() as connection:
        coming = records(outbox.pending(connection, 1_000))
        ended = records(outbox.ended(connection, max(0, asked.done)))
    table = Table("id", "state", "act", "case", "on", "before", "after", "told", box=None)
    for row in [*coming, *reversed(ended)]:
        table.add_row(
            str(row["id"]), row["state"], outbox.KINDS.get(row["kind"], row["kind"]),
            row["case_number"] or "", row["target"] or "", _plain(outbox.value(row["before"])),
            _plain(outbox.value(row["after"])), _plain(row["told"] or ""),
        )  # fmt: skip
    out.print(table)
    out.print(f"{len(coming)} to come, held or failed; the latest {len(ended)} that ended.")
    return 0


def _plain(told: str) -> str:
    """A text that means nothing to the terminal."""
    return told.replace("[", "\\[")


def _approve(asked: argparse.Namespace) -> int:
    with snapshot() as connection:
        last = asked.last or outbox.counted(connection).last_held or 0
        cards = records(outbox.held(connection))
    answer = deciding.approve(last, US)
    for row in cards if answer.done else []:
        if row["id"] <= last:
            on = row["target"] or outbox.value(row["after"])
            words = f"  case {row['case_number']}: {outbox.KINDS[row['kind']]}, {on}"
            out.print(words, markup=False)
    return _told(answer)


def _again(asked: argparse.Namespace) -> int:
    if asked.number is None:
        return _told(deciding.again_all(US))
    return _told(deciding.again(asked.number, US))


def _undo(asked: argparse.Namespace) -> int:
    return _told(deciding.undo(asked.number, US))


def _told(answer: deciding.Answer) -> int:
    (out if answer.done else err).print(answer.told, markup=False)
    return 0 if answer.done else 1
