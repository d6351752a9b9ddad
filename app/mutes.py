"""Mutes: entries of work lists that need not be seen for a while, with the reason.

A mute ends by itself, or when somebody ends it; what was muted when is kept.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, text

from app.auth.person import Person
from app.database import transaction
from app.models import Mute
from app.scope import Scope

LONGEST_REASON = 300
LONGEST_SUBJECT = 300

ENDED = """
update mutes set ended_at = least(clock_timestamp(), until)
where list = :list and subject = :subject and ended_at is null
"""
ADDED = """
insert into mutes (list, subject, reason, until, by)
values (:list, :subject, :reason, :until, :by)
"""
FUTURE = "select cast(:until as timestamptz) > clock_timestamp()"


class NotMuted(ValueError):
    """An entry that cannot be muted so; the message says why."""


def mute(person: Person, name: str, subject: str, reason: str, until: datetime) -> None:
    """Mute an entry of a list until an instant; an earlier mute of it ends.

    NotMuted when the person may not, without a reason, or when the instant has passed.
    """
    reason = " ".join(reason.replace("\x00", "").split())
    if not person.is_editor:
        raise NotMuted("Only editors mute entries.")
    if not reason or len(reason) > LONGEST_REASON:
        raise NotMuted(f"Give a reason of 1 to {LONGEST_REASON} characters.")
    if not subject or len(subject) > LONGEST_SUBJECT or "\x00" in subject:
        raise NotMuted("That entry is not one of a work list.")
    told = {"list": name, "subject": subject, "reason": reason, "until": until, "by": person.name}
    with transaction() as connection:
        if not connection.execute(text(FUTURE), told).scalar_one():
            raise NotMuted("Give a day to come: a mute ends by itself on that day.")
        connection.execute(text(ENDED), told)
        connection.execute(text(ADDED), told)


def unmute(person: Person, name: str, subject: str) -> None:
    """End the mute of an entry now; NotMuted where the person may not, or there is none."""
    if not person.is_editor:
        raise NotMuted("Only editors end mutes.")
    with transaction() as connection:
        ended = connection.execute(text(ENDED), {"list": name, "subject": subject})
        if not ended.rowcount:
            raise NotMuted("That entry is not muted any more.")


def in_force(scope: Scope) -> ColumnElement[bool]:
    """The mutes that hold at the instant; of a board of now those that hold now."""
    if scope.view.as_of is None:
        return and_(Mute.until > scope.instant, Mute.ended_at.is_(None))
    return and_(
        Mute.at <= scope.instant,
        Mute.until > scope.instant,
        or_(Mute.ended_at.is_(None), Mute.ended_at > scope.instant),
    )


def muted(scope: Scope, name: str) -> Select[Any]:
    """The subjects that are muted in a list."""
    return select(Mute.subject).where(Mute.list == name, in_force(scope))
