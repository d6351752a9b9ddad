"""The commands `caseboard backup` and `caseboard restore`."""

import argparse
from pathlib import Path

from rich.console import Console

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def backup_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to `backup`."""
    parser.add_argument(
        "target",
        nargs="?",
        type=Path,
        metavar="FILE|FOLDER",
        help="what to write, or the folder to write into (default: this one)",
    )
    parser.add_argument(
        "--keep",
        type=_number,
        metavar="N",
        help="then leave only the newest N in the folder; of those that have no name of yours",
    )


def restore_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to `restore`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the dump; its manifest is beside")


def backup(asked: argparse.Namespace) -> int:
    """Back up the database; the exit status: 0 done, 1 not, 2 misused."""
    from app.backup import BackupError
    from app.backup.keep import prune
    from app.backup.make import backup as make

    folder: Path = asked.target or Path()
    if asked.keep and not folder.is_dir():
        err.print(f"--keep goes with a folder, and {folder} is none.", markup=False)
        return 2
    try:
        with err.status("Backing up") as status:
            path, manifest = make(asked.target, lambda told: status.update(f"Backing up: {told}"))
    except BackupError as fault:
        err.print(str(fault), markup=False)
        return 1
    out.print(
        f"{path}: {manifest.rows:,} rows of {len(manifest.tables)} tables at revision "
        f"{manifest.revision}, {manifest.size:,} bytes. Keep the .json beside it.",
        markup=False,
    )
    try:
        removed = prune(folder, asked.keep) if asked.keep else []
    except BackupError as fault:
        err.print(str(fault), markup=False)
        return 1
    for old in removed:
        out.print(f"Removed {old}: {asked.keep} are kept.", markup=False)
    return 0


def restore(asked: argparse.Namespace) -> int:
    """Restore a backup into the empty database; the exit status: 0 done and proven, 1 not."""
    from app.backup import BackupError
    from app.backup.restore import restore as put

    try:
        with err.status("Restoring") as status:
            done = put(asked.file, lambda told: status.update(f"Restoring: {told}"))
    except BackupError as fault:
        err.print(str(fault), markup=False)
        return 1
    manifest = done.manifest
    out.print(
        f"Restored {manifest.rows:,} rows of {len(manifest.tables)} tables, as they were at "
        f"{manifest.taken_at}: rows and contents of every table are the same, and so is the "
        f"catalogue at {done.instants} instants."
    )
    if done.revision != manifest.revision:
        out.print(f"The tables were brought from revision {manifest.revision} to {done.revision}.")
    out.print(
        "Everybody signs in anew. Tokens and embeds revoked, and people shut out, since the backup "
        "are let in again: see `caseboard token list` and the page /admin."
    )
    return 0


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of backups, 1 or more")
    return int(text)
