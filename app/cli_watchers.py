"""The command `caseboard watchers`: who is told of everything in a case; list, add, remove."""

import argparse

from rich.console import Console

from app.auth import audit
from app.settings import get_settings
from etl.errors import Later, Missing, Refused
from etl.outbound.watchers import Watchers

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def run(asked: argparse.Namespace) -> int:
    """Do it; the exit status: 0 done, 1 not, 2 misused."""
    if bool(asked.users) != (asked.act != "list"):
        err.print("`list` takes the case alone; `add` and `remove` the case and user names.")
        return 2
    if not asked.number.isalnum():
        err.print(f"{asked.number!r} is not the number of a case.", markup=False)
        return 2
    try:
        return _do(asked)
    except Missing as fault:
        err.print(f"The customer portal does not give us case {asked.number}: it {fault}.")
    except (Later, Refused) as fault:
        err.print(str(fault), markup=False)
        if asked.act != "list":
            _note(asked, asked.users, outcome="refused", reason=str(fault))
    return 1


def _do(asked: argparse.Namespace) -> int:
    watchers = Watchers(get_settings())
    if asked.act == "list":
        for name in watchers.of(asked.number):
            out.print(name, markup=False)
        return 0
    change = watchers.add if asked.act == "add" else watchers.remove
    done = change(asked.number, asked.users)
    _note(asked, done, outcome="done")
    words = {
        "add": ("now watching", "watching it already"),
        "remove": ("no longer watching", "not watching it"),
    }
    now, already = words[asked.act]
    if done:
        out.print(f"{', '.join(done)}: {now} case {asked.number}.", markup=False)
    for name in [one for one in asked.users if one not in done]:
        out.print(f"{name}: {already}.", markup=False)
    return 0


def _note(
    asked: argparse.Namespace, names: list[str], *, outcome: str, reason: str | None = None
) -> None:
    act = f"watcher_{asked.act}"
    audit.record(
        act, outcome=outcome, actor="caseboard", target=asked.number, reason=reason,
        detail={"users": names},
    )  # fmt: skip
