"""What is to be done outside, as a plain value, and what acting on it can end in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One act, planned. `key` names it once and for all: it is never acted on twice.

    `waits_for` is the key of the act that must be done before; where that makes what this one is
    about, `target` is None. `before` is what we know to be there, `after` what is to be.
    """

    key: str
    kind: str
    reason: str
    after: dict[str, Any]
    case: str | None = None
    target: str | None = None
    before: dict[str, Any] | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An intent that is being acted on.

    `sent_seconds` is how long ago a request that may have done it left, None when none did; `found`
    is what was there then, as far as it was told. `has_left`: a request of ours left at some time,
    also one that was turned away. `go` is called right before the request that does
    it, with what is there now if that is worth keeping; it raises RunLost when we must not.
    `head` is the result of the act that this one waited for.
    """

    id: int
    key: str
    kind: str
    case: str | None
    target: str
    before: dict[str, Any]
    after: dict[str, Any]
    head: dict[str, Any]
    sent_seconds: float | None
    found: dict[str, Any]
    has_left: bool
    go: Callable[..., None]

    def is_so(self) -> "Done":
        """It is as it is to be: by others, unless a request of ours may have done it."""
        return Done(already=self.sent_seconds is None)

    def looked_at(self, name: str, now: Any, told: str) -> "Done | None":
        """What follows from how a value of `after` is `now`, before it is written over.

        Done when it is so already, None when it still is what we know to be there. Else Overtaken,
        with `told` as its message.
        """
        if now == self.after[name]:
            return self.is_so()
        if now != self.before.get(name):
            raise Overtaken(told)
        return None


@dataclass(frozen=True, slots=True)
class Done:
    """It is so now; `already` when it was so before we came. `result` is worth keeping."""

    already: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    told: str = ""


class Overtaken(Exception):
    """What we meant to change is not as we knew it: nothing was done. The message tells."""


class NotDue(Exception):
    """Its time has not come: it stays as it was planned, and nobody waits for it."""


class NotYet(Exception):
    """It may have been done a moment ago where that cannot be seen yet; ask again later."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


Act = Callable[[Entry], Done]
