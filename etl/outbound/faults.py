"""What went wrong while acting, and which kinds of acts are left alone for the rest of a run."""

from collections import Counter
from http import HTTPStatus

from etl.errors import Later, Refused

# So many acts of a kind in a row without a clear answer, and that kind is left alone.
MOST_FAULTS = 3
DOORS = {"mail": "mail", "slack": "slack", "slack_reply": "slack", "whiteboard": "bugzilla"}


class Faults:
    """What went wrong in a run, and which kinds of acts are left alone until the next one."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._refused: list[str] = []
        self._in_a_row: Counter[str] = Counter()
        self._closed: set[str] = set()

    def is_closed(self, kind: str) -> bool:
        """Whether acts of a kind are left alone."""
        return bool({kind, _door(kind)} & self._closed)

    def forget(self, kind: str) -> None:
        """An act of the kind had a clear answer."""
        self._in_a_row[kind] = 0

    def add(self, kind: str, fault: Later | Refused) -> None:
        """An act of the kind is still to be done."""
        self._in_a_row[kind] += 1
        if self._in_a_row[kind] >= MOST_FAULTS:
            self._closed.add(kind)
        if isinstance(fault, Refused):
            self._refused.append(str(fault))
            shut = fault.status == HTTPStatus.UNAUTHORIZED
        else:
            self.waits.append(fault.after or 0.0)
            # Whoever asks us to wait means all that we ask for there.
            shut = fault.undone and fault.after is not None
        if shut:
            self._closed.add(_door(kind))

    def tell(self, done: int) -> None:
        """Raise what the run ends in, if anything went wrong."""
        told = " ".join([f"Not all was written back; {done} acts were.", *self._refused[:1]])
        if self.waits:
            raise Later(told, max(self.waits))
        if self._refused:
            raise Refused(told)


def _door(kind: str) -> str:
    return f"door to {DOORS.get(kind, 'jira')}"
