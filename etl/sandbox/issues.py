"""JIRA's issues and what may happen to them; every change tells when it happens."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from etl.sandbox.model import Change, Comment, Gone, Issue, RemoteLink

FINISHED = ("Done", "Closed", "Won't Fix / Obsolete")


class Issues:
    """All issues, indexed by key and project.

    An event names an issue by a reference of its own, since the key is only given when the issue
    is made.
    """

    def __init__(self) -> None:
        self.by_key: dict[str, Issue] = {}
        self.by_project: dict[str, dict[int, Issue]] = {"FE": {}, "ESC": {}, "PROD": {}}
        self._keys: dict[str, str] = {}
        self._numbers = dict.fromkeys(self.by_project, 0)
        self._serial = 10_000_000

    def get(self, name: str) -> Issue:
        """The issue of a key or a reference, or Gone."""
        if issue := self.by_key.get(self._keys.get(name, name)):
            return issue
        raise Gone(f"There is no issue {name}.")

    def shown(self, name: str) -> Issue | None:
        """The issue of a key or an id, if JIRA shows it."""
        key = (
            next((i.key for i in self.by_key.values() if str(i.id) == name), "")
            if name.isdigit()
            else name
        )
        issue = self.by_key.get(key)
        return None if issue is None or issue.hidden else issue

    def make(self, at: datetime, issue: Issue, reference: str = "") -> str:
        """An issue is made; the key that it gets."""
        self._numbers[issue.project] += 1
        number = self._numbers[issue.project]
        key = f"{issue.project}-{number}"
        own = replace(
            issue,
            key=key,
            number=number,
            id=self._next(),
            created=at,
            labels=list(issue.labels),
            contributors=list(issue.contributors),
            components=list(issue.components),
            watchers=list(issue.watchers),
            comments=[],
            changes=[],
            links=[],
        )
        self.by_key[key] = self.by_project[own.project][number] = own
        self._keys[reference or key] = key
        own.updated = at
        return key

    def change(self, at: datetime, name: str, author: str, fields: dict[str, Any]) -> None:
        """Fields become other values, and the changelog tells so."""
        issue = self.get(name)
        items = [
            (field, getattr(issue, field), value)
            for field, value in fields.items()
            if getattr(issue, field) != value
        ]
        if not items:
            return
        for field, _, value in items:
            setattr(issue, field, value)
        if "status" in fields:
            issue.resolved = at if issue.status in FINISHED else None
        issue.changes.append(Change(self._next(), author, at, items))
        issue.updated = at

    def comment(self, at: datetime, name: str, text: str, author: str) -> int:
        """Somebody writes on the issue; the comment's id."""
        issue = self.get(name)
        comment = Comment(self._next(), author, text, at, at)
        issue.comments.append(comment)
        issue.updated = at
        return comment.id

    def edit_comment(self, at: datetime, name: str, comment: int, text: str) -> None:
        """A comment says something else."""
        issue = self.get(name)
        found = _comment(issue, comment)
        found.text, found.updated = text, at
        issue.updated = at

    def delete_comment(self, at: datetime, name: str, comment: int) -> None:
        """A comment is taken back."""
        issue = self.get(name)
        issue.comments.remove(_comment(issue, comment))
        issue.updated = at

    def link(
        self, at: datetime, name: str, url: str, title: str, global_id: str | None = None
    ) -> None:
        """The issue links to somewhere else."""
        issue = self.get(name)
        issue.links.append(RemoteLink(self._next(), url, title, global_id))
        issue.updated = at

    def delete(self, _at: datetime, name: str) -> None:
        """The issue leaves JIRA without a trace."""
        issue = self.get(name)
        del self.by_key[issue.key], self.by_project[issue.project][issue.number]

    def hide(self, _at: datetime, name: str, hidden: bool) -> None:
        """Permission goes or comes back, which is no update of the issue."""
        self.get(name).hidden = hidden

    def _next(self) -> int:
        self._serial += 1
        return self._serial


def _comment(issue: Issue, comment: int) -> Comment:
    for found in issue.comments:
        if found.id == comment:
            return found
    raise Gone(f"Issue {issue.key} has no comment {comment}.")
