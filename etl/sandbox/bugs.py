"""Bugzilla's bugs and what may happen to them; every change tells when it happens."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from etl.sandbox.cases import whole
from etl.sandbox.model import Bug, BugChange, Gone

FIRST = 2_000_000


class Bugs:
    """All bugs by id; an event names a bug by a reference of its own until it is filed."""

    def __init__(self) -> None:
        self.by_id: dict[int, Bug] = {}
        self._ids: dict[str, int] = {}

    def get(self, name: str | int) -> Bug:
        """The bug of an id or a reference, or Gone."""
        bug = self.by_id.get(self._ids.get(name, 0) if isinstance(name, str) else name)
        if bug is None:
            raise Gone(f"There is no bug {name}.")
        return bug

    def file(self, at: datetime, bug: Bug, reference: str = "") -> int:
        """A bug is filed; the id that it gets."""
        own = replace(bug, id=FIRST + len(self.by_id), created=whole(at), changed=whole(at))
        own.history, own.keywords = [], list(bug.keywords)
        self.by_id[own.id] = own
        if reference:
            self._ids[reference] = own.id
        return own.id

    def change(self, at: datetime, name: str | int, who: str, fields: dict[str, Any]) -> None:
        """Fields become other values, and the history tells so."""
        bug = self.get(name)
        changes = []
        for field, value in fields.items():
            before = getattr(bug, field)
            if before != value:
                changes.append((field, _display(before), _display(value)))
                setattr(bug, field, value)
        if changes:
            bug.changed = whole(at)
            bug.history.append(BugChange(who, bug.changed, changes))

    def restrict(self, _at: datetime, name: str | int, restricted: bool) -> None:
        """Permission goes or comes back."""
        self.get(name).restricted = restricted


def _display(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
