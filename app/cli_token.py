"""The command `token`: tokens for programs, made, revoked and listed at the machine itself."""

import argparse
from typing import Any

from rich.console import Console
from sqlalchemy import text

from app.auth import tokens
from app.auth.listing import tokens_of
from app.auth.person import LOCAL, SCOPES, Person
from app.auth.users import as_person, with_row
from app.database import transaction

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

OWNERS = text("""
select id, issuer, name, email, role from users
where disabled_at is null and lost_at is null
    and (lower(email) = lower(:told) or name_id = :told or concat('user:', id) = :told)
""")


def declare(command: argparse.ArgumentParser) -> None:
    """What can be said behind `caseboard token`."""
    acts = command.add_subparsers(title="what to do", required=True, dest="act", metavar="ACT")
    create = acts.add_parser("create", help="make one; it is printed this once")
    create.add_argument("name", help="what it is for")
    create.add_argument(
        "--owner",
        metavar="EMAIL",
        help="whose it is; it never may more than they may (default: this machine, an admin)",
    )
    create.add_argument(
        "--scope",
        default="read",
        metavar="LIST",
        help=f"what it may, commas between: {','.join(SCOPES)} (default: %(default)s)",
    )
    create.add_argument("--days", type=_days, default=90, help="it lives (default: %(default)s)")
    revoke = acts.add_parser("revoke", help="revoke one for good")
    revoke.add_argument("token", help="its first characters, as `list` tells them, or its number")
    acts.add_parser("list", help="tell which there are")


def run(asked: argparse.Namespace) -> int:
    """Do it; the exit status: 0 done, 1 not."""
    match asked.act:
        case "create":
            return _create(asked)
        case "revoke":
            return _revoke(asked.token)
        case _:
            return _list()


def _create(asked: argparse.Namespace) -> int:
    scopes = [part.strip() for part in asked.scope.split(",") if part.strip()]
    try:
        made = tokens.make(_owner(asked.owner), asked.name, scopes, asked.days * tokens.DAY)
    except tokens.NotMade as fault:
        err.print(str(fault), markup=False)
        return 1
    err.print(f"It may {', '.join(made['scopes'])} until {made['expires_at']:%Y-%m-%d %H:%M} UTC, "
              "and is shown this once:")  # fmt: skip
    out.print(made["token"], markup=False)
    return 0


def _owner(told: str | None) -> Person:
    if told is None:
        return with_row(LOCAL)
    with transaction() as connection:
        found = connection.execute(OWNERS, {"told": told}).all()
    if len(found) != 1:
        many = "Several people are" if found else "Nobody who may enter is"
        raise tokens.NotMade(f"{many} known by {told}; people are known once they have signed in.")
    row: Any = found[0]
    return as_person(row.id, row.issuer, row.name, row.email, row.role)


def _revoke(told: str) -> int:
    known = [
        one for one in tokens_of(None)
        if one["revoked_at"] is None and told in {one["prefix"], str(one["id"])}
    ]  # fmt: skip
    if len(known) != 1:
        many = "Several live tokens begin" if known else "No live token begins"
        err.print(f"{many} with {told}; see `caseboard token list`.", markup=False)
        return 1
    tokens.revoke(known[0]["id"], with_row(LOCAL))
    out.print(f"{known[0]['prefix']} ({known[0]['name']}) is revoked.", markup=False)
    return 0


def _list() -> int:
    for one in tokens_of(None):
        over = "revoked" if one["revoked_at"] else "expired" if one["expired"] else "live"
        used = f"last used {one['used_at']:%Y-%m-%d}" if one["used_at"] else "never used"
        out.print(
            f"{one['id']:>5}  {one['prefix']}  {over:7}  until {one['expires_at']:%Y-%m-%d}  "
            f"{','.join(one['scopes'])}  {one['owner']}: {one['name']} ({used})",
            markup=False,
        )
    return 0


def _days(told: str) -> int:
    if not told.isdigit() or not 0 < int(told) <= 365:
        raise argparse.ArgumentTypeError(f"{told!r} is not a number of days up to 365")
    return int(told)
