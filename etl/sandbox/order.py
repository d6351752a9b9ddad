"""An index by time of change."""

from datetime import datetime


class ByTime:
    """Keys in the order in which they last changed, so that the newest are found without a search.

    A clock may be set back; the order is then restored at the next question.
    """

    def __init__(self) -> None:
        self._changed: dict[str, datetime] = {}
        self._newest: datetime | None = None
        self._disordered = False

    def touch(self, key: str, at: datetime) -> None:
        """`key` changed at `at`."""
        self._changed.pop(key, None)
        self._changed[key] = at
        if self._newest is not None and at < self._newest:
            self._disordered = True
        else:
            self._newest = at

    def drop(self, key: str) -> None:
        """`key` is gone."""
        self._changed.pop(key, None)

    def since(self, low: datetime) -> list[str]:
        """The keys that changed at `low` or later, newest first."""
        if self._disordered:
            self._changed = dict(sorted(self._changed.items(), key=lambda entry: entry[1]))
            self._newest = next(reversed(self._changed.values()), None)
            self._disordered = False
        found = []
        for key in reversed(self._changed):
            if self._changed[key] < low:
                break
            found.append(key)
        return found
