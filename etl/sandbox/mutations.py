"""What tests and the control endpoint may do to a world; each change is stamped with its clock."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from etl.sandbox.bugs import Bugs
from etl.sandbox.cases import Cases
from etl.sandbox.issues import Issues
from etl.sandbox.model import TEAM_LABEL, TRACKING, WANTED_TAG, Bug, Case, Issue
from etl.sandbox.people import person
from etl.sandbox.work import CASE_URL, one_line

EDITOR = "Alice Moreau"

# What the control endpoint may call.
ALLOWED = (
    "add_case", "change_case", "add_comment", "edit_comment", "delete_comment", "close_case",
    "reopen_case", "delete_case", "retag", "link_bug", "unlink_bug", "link_issue", "unlink_issue",
    "add_card", "move_card", "assign_card", "retitle_card", "label_card", "change_card",
    "delete_card", "hide_issue", "show_issue", "comment_card", "edit_card_comment",
    "delete_card_comment", "add_bug", "change_bug", "restrict_bug", "release_bug",
)  # fmt: skip


class Mutations:
    """The changes by hand of a world."""

    store: Cases
    issues: Issues
    bugs: Bugs
    version: int

    def current(self) -> AbstractContextManager[datetime]:
        """The world for one thread alone, aged to the time that is handed out."""
        raise NotImplementedError

    @contextmanager
    def _changing(self) -> Iterator[datetime]:
        with self.current() as now:
            self.version += 1
            yield now.replace(microsecond=now.microsecond // 1000 * 1000)

    def add_case(self, **fields: Any) -> str:
        """A case arrives now, without a card; its number."""
        with self._changing() as now:
            highest = max(map(int, self.store.by_number), default=2_999_999)
            given = {"number": f"{highest + 1:08d}", "summary": "Added by hand", **fields}
            given.setdefault("tags", [WANTED_TAG])
            given.setdefault("place", highest * 2_654_435_761 % 2**32)
            case = Case(created=now, modified=now, **given)
            self.store.open(now, case)
            return case.number

    def change_case(self, number: str, **fields: Any) -> None:
        """Fields of the case become other values; they are named as in `Case`."""
        with self._changing() as now:
            self.store.change(now, number, fields)

    def retag(self, number: str, tags: list[str]) -> None:
        """The case has these tags."""
        self.change_case(number, tags=list(tags))

    def close_case(self, number: str) -> None:
        """The case is closed."""
        with self._changing() as now:
            self.store.close(now, number)

    def reopen_case(self, number: str) -> None:
        """The case is open again."""
        with self._changing() as now:
            self.store.reopen(now, number)

    def delete_case(self, number: str) -> None:
        """The case leaves the portal."""
        with self._changing() as now:
            self.store.delete(now, number)

    def add_comment(
        self, number: str, text: str, author: str, *, customer: bool = False, internal: bool = False
    ) -> int:
        """Somebody writes into the case; the comment's id."""
        with self._changing() as now:
            return self.store.comment(now, number, text, author, customer, internal)

    def edit_comment(self, number: str, comment: int, text: str) -> None:
        """A comment of the case says something else."""
        with self._changing() as now:
            self.store.edit_comment(now, number, comment, text)

    def delete_comment(self, number: str, comment: int) -> None:
        """A comment of the case is taken back."""
        with self._changing() as now:
            self.store.delete_comment(now, number, comment)

    def link_bug(self, number: str, bug: int) -> None:
        """A bug is linked to the case; Bugzilla need not know it."""
        with self._changing() as now:
            self.store.link_bug(now, number, bug)

    def unlink_bug(self, number: str, bug: int) -> None:
        """A bug is no longer linked."""
        with self._changing() as now:
            self.store.unlink_bug(now, number, bug)

    def link_issue(self, number: str, key: str) -> None:
        """A JIRA issue is linked to the case; JIRA need not know it."""
        with self._changing() as now:
            self.store.link_issue(now, number, key)

    def unlink_issue(self, number: str, key: str) -> None:
        """A JIRA issue is no longer linked."""
        with self._changing() as now:
            self.store.unlink_issue(now, number, key)

    def add_card(self, number: str | None = None, tie: str = "summary", **fields: Any) -> str:
        """A card for a case, tied by its "summary", "sfdc" field or "link"; its key."""
        with self._changing() as now:
            case = self.store.by_number.get(number or "")
            title = case.summary if case else "Added by hand"
            given = {
                "project": TRACKING,
                "labels": [TEAM_LABEL],
                "summary": one_line(f"{number}: {title}" if tie == "summary" else title),
                "cases_link": number if tie == "sfdc" else None,
                "case": number,
                **fields,
            }
            key = self.issues.make(now, Issue(created=now, updated=now, **given))
            if tie == "link":
                self.issues.link(now, key, f"{CASE_URL}{number}", "Support Case")
            return key

    def change_card(self, key: str, author: str = EDITOR, **fields: Any) -> None:
        """Fields of an issue become other values; they are named as in `Issue`."""
        with self._changing() as now:
            self.issues.change(now, key, author, fields)

    def move_card(self, key: str, status: str) -> None:
        """The card gets a status."""
        self.change_card(key, status=status)

    def assign_card(self, key: str, name: str | None) -> None:
        """The card gets an assignee, or none."""
        self.change_card(key, assignee=name)

    def label_card(self, key: str, labels: list[str]) -> None:
        """The card has these labels."""
        self.change_card(key, labels=list(labels))

    def retitle_card(self, key: str, number: str) -> None:
        """The card becomes that of another case, in its summary and its field."""
        with self._changing() as now:
            title = self.issues.get(key).summary.rpartition(": ")[2]
            fields = {"summary": one_line(f"{number}: {title}"), "cases_link": number}
            self.issues.change(now, key, EDITOR, fields)
            self.issues.get(key).case = number

    def delete_card(self, key: str) -> None:
        """The issue leaves JIRA."""
        with self._changing() as now:
            self.issues.delete(now, key)

    def hide_issue(self, key: str) -> None:
        """The issue may no longer be seen."""
        with self._changing() as now:
            self.issues.hide(now, key, hidden=True)

    def show_issue(self, key: str) -> None:
        """The issue may be seen again."""
        with self._changing() as now:
            self.issues.hide(now, key, hidden=False)

    def comment_card(self, key: str, text: str, author: str = EDITOR) -> int:
        """Somebody writes on the card; the comment's id."""
        with self._changing() as now:
            return self.issues.comment(now, key, text, author)

    def edit_card_comment(self, key: str, comment: int, text: str) -> None:
        """A comment of the card says something else."""
        with self._changing() as now:
            self.issues.edit_comment(now, key, comment, text)

    def delete_card_comment(self, key: str, comment: int) -> None:
        """A comment of the card is taken back."""
        with self._changing() as now:
            self.issues.delete_comment(now, key, comment)

    def add_bug(self, **fields: Any) -> int:
        """A bug is filed; its id."""
        with self._changing() as now:
            given = {"summary": "Added by hand", **fields}
            return self.bugs.file(now, Bug(id=0, created=now, changed=now, **given))

    def change_bug(self, bug: int, **fields: Any) -> None:
        """Fields of the bug become other values; they are named as in `Bug`."""
        with self._changing() as now:
            self.bugs.change(now, bug, person(EDITOR).email, fields)

    def restrict_bug(self, bug: int) -> None:
        """The bug may no longer be seen."""
        with self._changing() as now:
            self.bugs.restrict(now, bug, restricted=True)

    def release_bug(self, bug: int) -> None:
        """The bug may be seen again."""
        with self._changing() as now:
            self.bugs.restrict(now, bug, restricted=False)
