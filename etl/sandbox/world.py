"""One seeded world behind all three sources. It ages with its clock, and can be changed by hand."""

import heapq
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from etl.sandbox.bugs import Bugs
from etl.sandbox.cases import Cases
from etl.sandbox.issues import Issues
from etl.sandbox.life import life, number_of
from etl.sandbox.model import TEAM_LABEL, TRACKING, WANTED_TAG, Attachment, Case, Gone, Issue

DAY = timedelta(days=1)


class World:
    """`cases` cases arrive during `days` days from `start` on, and go on arriving ever after.

    Equal arguments give equal worlds. `clock` tells the time (UTC); `skew` is how wrong the clocks
    of the sources are; while `frozen`, nothing happens by itself. Whoever reads holds `lock`.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        cases: int = 1_000,
        start: datetime | None = None,
        days: int = 365,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        skew: timedelta = timedelta(0),
        frozen: bool = False,
    ) -> None:
        self.seed, self.rate, self.clock, self.skew = seed, cases / days, clock, skew
        self.start = (start or clock() - days * DAY).replace(microsecond=0)
        self.lock = threading.RLock()
        self.cases, self.issues, self.bugs = Cases(), Issues(), Bugs()
        self._heap: list[tuple[datetime, int, str, tuple[Any, ...]]] = []
        self._days = self._serial = 0
        self.frozen = False
        self.advance(self.start + days * DAY if frozen else clock())
        self.frozen = frozen

    def now(self) -> datetime:
        """The time that the sources show."""
        return self.clock() + self.skew

    def advance(self, to: datetime | None = None) -> None:
        """Let happen what is to happen up to an instant, the clock's now by default."""
        until = to or self.clock()
        with self.lock:
            if self.frozen:
                return
            while self.start + self._days * DAY <= until:
                self._arrivals(self._days)
                self._days += 1
            while self._heap and self._heap[0][0] <= until:
                at, _, kind, given = heapq.heappop(self._heap)
                # What people have deleted meanwhile has no further life.
                with suppress(Gone):
                    self._happen(at + self.skew, kind, given)

    def _arrivals(self, day: int) -> None:
        first, last = int(day * self.rate), int((day + 1) * self.rate)
        for index in range(first, last):
            for at, kind, given in life(self.seed, index, self.start + day * DAY):
                self._serial += 1
                heapq.heappush(self._heap, (at, self._serial, kind, given))

    def _happen(self, at: datetime, kind: str, given: tuple[Any, ...]) -> None:
        match kind:
            case "open" | "change" | "turn" | "close" | "reopen" | "comment":
                getattr(self.cases, kind)(at, *given)
            case "make":
                self.issues.make(at, *given)
            case "link":
                name, number = given
                url = f"https://access.example.com/support/cases/#/case/{number}"
                self.issues.link(at, name, url, "Support Case")
            case "issue":
                self.issues.change(at, *given)
            case "issue_comment":
                self.issues.comment(at, *given)
            case "issue_of_case":
                number, name = given
                self.cases.link_issue(at, number, self.issues.get(name).key)
            case "file":
                bug, name, number = given
                self.cases.link_bug(at, number, self.bugs.file(at, bug, name))
            case "bug":
                self.bugs.change(at, *given)
            case "share":
                number, roll = given
                known = list(self.bugs.by_id)[-40:]
                if known:
                    self.cases.link_bug(at, number, known[int(roll * len(known))])
            case _:
                raise ValueError(f"Nothing can happen that is called {kind!r}.")

    # What people do, now. Each returns what it made, if anything.

    def add_case(self, **fields: Any) -> str:
        """A case arrives; its number."""
        with self.lock:
            number = fields.pop("number", None) or number_of(10_000_000 + len(self.cases.by_number))
            known = {"summary": "Added by hand", "tags": [WANTED_TAG], **fields}
            created = known.pop("created", None) or self.now()
            self.cases.open(created, Case(number, created, created, **known))
            return str(number)

    def change_case(self, number: str, **fields: Any) -> None:
        """Fields of a case become other values."""
        with self.lock:
            self.cases.change(self.now(), number, fields)

    def retag(self, number: str, tags: list[str]) -> None:
        """A case gets other tags."""
        self.change_case(number, tags=tags)

    def close_case(self, number: str) -> None:
        """A case is closed."""
        with self.lock:
            self.cases.close(self.now(), number)

    def reopen_case(self, number: str) -> None:
        """A closed case is open again."""
        with self.lock:
            self.cases.reopen(self.now(), number)

    def delete_case(self, number: str) -> None:
        """A case leaves the portal."""
        with self.lock:
            self.cases.delete(self.now(), number)

    def add_comment(
        self, number: str, text: str, author: str = "Ana Pérez", *, customer: bool = True
    ) -> int:
        """Somebody writes into a case; the comment's id."""
        with self.lock:
            return self.cases.comment(self.now(), number, text, author, customer)

    def edit_comment(self, number: str, comment: int, text: str) -> None:
        """A comment of a case says something else."""
        with self.lock:
            self.cases.edit_comment(self.now(), number, comment, text)

    def delete_comment(self, number: str, comment: int) -> None:
        """A comment of a case is taken back."""
        with self.lock:
            self.cases.delete_comment(self.now(), number, comment)

    def add_attachment(
        self,
        number: str,
        name: str,
        size: int = 0,
        kind: str = "application/octet-stream",
        author: str = "Ana Pérez",
        *,
        internal: bool = False,
    ) -> None:
        """Somebody attaches a file to a case."""
        with self.lock:
            now = self.now()
            file = Attachment(name, kind, size, author, now, internal=internal)
            self.cases.attach(now, number, file)

    def link_bug(self, number: str, bug: int) -> None:
        """A bug is linked to a case."""
        with self.lock:
            self.cases.link_bug(self.now(), number, bug)

    def unlink_bug(self, number: str, bug: int) -> None:
        """A bug is no longer linked to a case."""
        with self.lock:
            self.cases.unlink_bug(self.now(), number, bug)

    def link_issue(self, number: str, key: str) -> None:
        """A JIRA issue is linked to a case."""
        with self.lock:
            self.cases.link_issue(self.now(), number, key)

    def add_card(self, number: str, **fields: Any) -> str:
        """A tracking card for a case is made; its key."""
        with self.lock:
            now = self.now()
            known = {
                "summary": f"{number}: by hand",
                "labels": [TEAM_LABEL],
                "case": number,
                **fields,
            }
            return self.issues.make(now, Issue(TRACKING, created=now, updated=now, **known))

    def change_issue(self, key: str, author: str = "Kavya Rao", **fields: Any) -> None:
        """Fields of an issue become other values: status, assignee, labels, summary ..."""
        with self.lock:
            self.issues.change(self.now(), key, author, fields)

    def retitle_card(self, key: str, number: str) -> None:
        """A card tracks another case from now on."""
        with self.lock:
            issue = self.issues.get(key)
            text = issue.summary.partition(": ")[2] or issue.summary
            self.issues.change(self.now(), key, "Kavya Rao", {"summary": f"{number}: {text}"})
            issue.case = number

    def delete_issue(self, key: str) -> None:
        """An issue leaves JIRA."""
        with self.lock:
            self.issues.delete(self.now(), key)

    def hide_issue(self, key: str, *, hidden: bool = True) -> None:
        """Permission to see an issue goes, or comes back."""
        with self.lock:
            self.issues.hide(self.now(), key, hidden)

    def comment_card(self, key: str, text: str, author: str = "Kavya Rao") -> int:
        """Somebody writes on a card; the comment's id."""
        with self.lock:
            return self.issues.comment(self.now(), key, text, author)

    def edit_card_comment(self, key: str, comment: int, text: str) -> None:
        """A comment of a card says something else."""
        with self.lock:
            self.issues.edit_comment(self.now(), key, comment, text)

    def delete_card_comment(self, key: str, comment: int) -> None:
        """A comment of a card is taken back."""
        with self.lock:
            self.issues.delete_comment(self.now(), key, comment)

    def change_bug(self, bug: int, who: str = "user00@example.com", **fields: Any) -> None:
        """Fields of a bug become other values."""
        with self.lock:
            self.bugs.change(self.now(), bug, who, fields)

    def restrict_bug(self, bug: int, *, restricted: bool = True) -> None:
        """Permission to see a bug goes, or comes back."""
        with self.lock:
            self.bugs.restrict(self.now(), bug, restricted)

    def truth(self) -> list[dict[str, Any]]:
        """Every case as it is now, with its card, told without any source's protocol."""
        with self.lock:
            cards: dict[str, Issue] = {}
            for issue in self.issues.by_project[TRACKING].values():
                if issue.case and TEAM_LABEL in issue.labels:
                    cards[issue.case] = issue
            return [_told(case, cards.get(case.number)) for case in self.cases.by_number.values()]


def _told(case: Case, card: Issue | None) -> dict[str, Any]:
    own = replace(case)
    return {
        "number": own.number,
        "created": own.created,
        "modified": own.modified,
        "closed": own.closed,
        "status": own.status,
        "severity": own.severity,
        "account": own.account,
        "summary": own.summary,
        "product": own.product,
        "version": own.version,
        "owner": own.owner,
        "tags": sorted(own.tags),
        "crit_sit": own.crit_sit,
        "group": own.group,
        "relief": own.relief,
        "resolved": own.resolved,
        "bugs": sorted(own.bugs),
        "issues": sorted(own.issues),
        "comments": len(own.comments),
        "card": card.key if card else None,
        "card_status": card.status if card else None,
        "assignee": card.assignee if card else None,
        "card_comments": len(card.comments) if card else 0,
        "matches": WANTED_TAG in own.tags,
    }
