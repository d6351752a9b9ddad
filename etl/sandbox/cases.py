"""The portal's cases and what may happen to them; every change tells when it happens."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from etl.sandbox.model import CLOSED, ON_US, Attachment, Case, Comment, Gone

# Of a case; what people do to it changes the lists.
FIXED = {"number", "created", "modified", "comments", "attachments"}


def whole(at: datetime) -> datetime:
    """The second of `at`; the portal knows nothing finer."""
    return at.replace(microsecond=0)


class Cases:
    """All cases by number."""

    def __init__(self) -> None:
        self.by_number: dict[str, Case] = {}
        self._comments = 0

    def get(self, number: str) -> Case:
        """The case, or Gone."""
        if case := self.by_number.get(number):
            return case
        raise Gone(f"There is no case {number}.")

    def open(self, at: datetime, case: Case) -> None:
        """A case arrives; what it is made from stays as it was."""
        own = replace(case, created=whole(at), tags=list(case.tags), comments=[], attachments=[])
        self.by_number[own.number] = own
        self._touch(own, at)

    def change(self, at: datetime, number: str, fields: dict[str, Any]) -> None:
        """Fields of a case become other values."""
        case = self.get(number)
        for name, value in fields.items():
            if name in FIXED or not hasattr(case, name):
                raise ValueError(f"A case has no field {name} that can be changed.")
            setattr(case, name, value)
        if "status" in fields and "closed" not in fields:
            case.closed = whole(at) if case.status == CLOSED else None
        self._touch(case, at)

    def turn(self, at: datetime, number: str, status: str) -> None:
        """The ball goes to the other side, unless the case is closed."""
        if self.get(number).status != CLOSED:
            self.change(at, number, {"status": status})

    def close(self, at: datetime, number: str) -> None:
        """The case is closed."""
        if self.get(number).status != CLOSED:
            self.change(at, number, {"status": CLOSED})

    def reopen(self, at: datetime, number: str) -> None:
        """A closed case is open again."""
        if self.get(number).status == CLOSED:
            self.change(at, number, {"status": ON_US, "resolved": None})

    def delete(self, _at: datetime, number: str) -> None:
        """The case leaves the portal without a trace."""
        del self.by_number[self.get(number).number]

    def comment(
        self,
        at: datetime,
        number: str,
        text: str,
        author: str,
        customer: bool,
        internal: bool = False,
    ) -> int:
        """Somebody writes into the case; the comment's id."""
        case = self.get(number)
        self._comments += 1
        stamp = whole(at)
        case.comments.append(
            Comment(self._comments, author, text, stamp, stamp, customer, internal)
        )
        self._touch(case, at)
        return self._comments

    def edit_comment(self, at: datetime, number: str, comment: int, text: str) -> None:
        """A comment says something else."""
        case = self.get(number)
        found = _comment(case, comment)
        found.text, found.updated = text, whole(at)
        self._touch(case, at)

    def delete_comment(self, at: datetime, number: str, comment: int) -> None:
        """A comment is taken back."""
        case = self.get(number)
        case.comments.remove(_comment(case, comment))
        self._touch(case, at)

    def attach(self, at: datetime, number: str, file: Attachment) -> None:
        """Somebody attaches a file."""
        case = self.get(number)
        case.attachments.append(file)
        self._touch(case, at)

    def link_bug(self, at: datetime, number: str, bug: int) -> None:
        """A bug is linked to the case."""
        case = self.get(number)
        case.bugs.setdefault(bug, at)
        self._touch(case, at)

    def unlink_bug(self, at: datetime, number: str, bug: int) -> None:
        """A bug is no longer linked."""
        case = self.get(number)
        case.bugs.pop(bug, None)
        self._touch(case, at)

    def link_issue(self, at: datetime, number: str, key: str) -> None:
        """A JIRA issue is linked to the case."""
        case = self.get(number)
        case.issues.setdefault(key, whole(at))
        self._touch(case, at)

    def _touch(self, case: Case, at: datetime) -> None:
        case.modified = whole(at)


def _comment(case: Case, comment: int) -> Comment:
    for found in case.comments:
        if found.id == comment:
            return found
    raise Gone(f"Case {case.number} has no comment {comment}.")
