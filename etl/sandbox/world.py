"""The world of the sandbox: one state, which ages by itself and can be changed by hand."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from etl.sandbox.arrivals import FIRST_SPRINT, SPRINT_DAYS, arrivals
from etl.sandbox.bugs import Bugs
from etl.sandbox.cases import Cases
from etl.sandbox.issues import Issues
from etl.sandbox.life import DAY
from etl.sandbox.model import Event, Gone
from etl.sandbox.mutations import Mutations
from etl.sandbox.truth import truth

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The real time."""
    return datetime.now(UTC)


class World(Mutations):
    """Cases, cards and bugs that arrive and change as time passes, the same for equal arguments.

    `cases` cases arrive in the `days` days from `start` on, and at that rate for ever after. A
    frozen world does not age. `skew` is how far the clock of the sources is ahead of `clock`.
    """

    def __init__(
        self,
        seed: int = 1,
        cases: int = 1000,
        start: datetime = datetime(2025, 1, 1, tzinfo=UTC),
        days: int = 365,
        *,
        clock: Clock = wall_clock,
        skew: timedelta = timedelta(0),
        frozen: bool = False,
        links_modify: bool = True,
    ) -> None:
        if cases < 0 or days < 1 or start.tzinfo is None:
            raise ValueError("A world needs days, no negative cases and a start with a zone.")
        self.seed, self.rate, self.start, self.days = seed, cases, start, days
        self.clock, self.skew = clock, skew
        self.lock = RLock()
        self.store = Cases(links_modify=links_modify)
        self.issues = Issues()
        self.bugs = Bugs()
        # Counts changes, so that answers can be kept until something changes.
        self.version = 0
        self.frozen = False
        self._day = 0
        # The next event of each life: its time, then what makes equal times a fixed order.
        self._next: list[tuple[datetime, int, int, list[Event]]] = []
        self._lives = 0
        self._acts = self._table()
        self._age(min(self.now(), self.end) if frozen else self.now())
        self.frozen = frozen

    @property
    def end(self) -> datetime:
        """The end of the history that the world was made with."""
        return self.start + DAY * self.days

    def now(self) -> datetime:
        """The time by the sources' clock."""
        return self.clock() + self.skew

    def sprint(self, number: int) -> tuple[datetime, datetime]:
        """When a sprint begins and ends."""
        begin = self.start + DAY * SPRINT_DAYS * (number - FIRST_SPRINT)
        return begin, begin + DAY * SPRINT_DAYS

    def cases(self, now: datetime | None = None) -> list[dict[str, Any]]:
        """The truth about all cases, told from the state itself and not through any protocol."""
        with self.lock:
            if not self.frozen:
                self._age(now or self.now())
            return truth(self.store, self.issues, self.bugs)

    @contextmanager
    def current(self) -> Iterator[datetime]:
        """The world for one thread alone, aged to the time that is handed out."""
        with self.lock:
            now = self.now()
            if not self.frozen:
                self._age(now)
            yield now

    def _age(self, now: datetime) -> None:
        while (morning := self.start + DAY * self._day) <= now:
            self._run(morning)
            for life in arrivals(self.seed, self.start, self._day, self.rate, self.days):
                self._lives += 1
                heapq.heappush(self._next, (life[0][0], self._lives, 0, life))
            self._day += 1
        self._run(now)

    def _run(self, now: datetime) -> None:
        due = self._next
        while due and due[0][0] <= now:
            _, serial, position, life = due[0]
            at, kind, what = life[position]
            # Who deletes a case or a card by hand ends its life.
            with suppress(Gone):
                self._acts[kind](at, *what)
            self.version += 1
            if position + 1 < len(life):
                heapq.heapreplace(due, (life[position + 1][0], serial, position + 1, life))
            else:
                heapq.heappop(due)

    def _table(self) -> dict[str, Callable[..., object]]:
        cases, issues, bugs = self.store, self.issues, self.bugs
        return {
            "open_case": cases.open,
            "change_case": cases.change,
            "turn_case": cases.turn,
            "close_case": cases.close,
            "reopen_case": cases.reopen,
            "add_comment": cases.comment,
            "link_bug": lambda at, number, name: cases.link_bug(at, number, bugs.get(name).id),
            "link_issue": lambda at, number, name: cases.link_issue(
                at, number, issues.get(f"{name}").key
            ),
            "make_issue": issues.make,
            "change_issue": issues.change,
            "comment_issue": issues.comment,
            "link_out": issues.link,
            "file_bug": bugs.file,
            "change_bug": bugs.change,
        }
