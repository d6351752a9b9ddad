"""All that a dump of the old system holds, as records; each is accounted for in a ledger.

What the old system knew a time of is told with it. Of the rest is known only that it was so when
the dump was taken.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from etl.errors import UNREADABLE, Malformed, reason
from etl.records import Record, Rejected, Whole
from etl.sources import t5g_bugs, t5g_cards, t5g_cases, t5g_statistics
from etl.sources.t5g_dump import KEYS, STATISTICS, WORKING, Dump
from etl.sources.t5g_entries import BUGS, ISSUES, comments_of, counted, linked_items, misshapen
from etl.sources.t5g_fields import Fields, case_number, record_key
from etl.sources.t5g_ledger import Ledger
from etl.sources.texts import CASE_NUMBER, clean

NOT_HERE = "there is no such case in the dump"
USER = "people are not brought over: who signs in gets an account, with the role of their groups"
WATCHED = "a watchlist, which Caseboard does not have"
WORK = "was needed by the old system for its own work"
UNKNOWN = "is not a key of the old system that Caseboard knows"

Make = Callable[[int, Fields], Iterable[Record]]


class Reader:
    """Reads a dump that was `taken` at an instant (UTC); `potential` is the label of such cards.

    When `records` has ended, `ledger` tells what became of each, and `days` are the statistics.
    """

    def __init__(self, dump: Dump, taken: datetime, potential: str) -> None:
        self.dump, self.taken, self.potential = dump, taken, potential
        self.ledger = Ledger()
        self.days: list[t5g_statistics.Day] = []
        # When the cases of the dump were updated last.
        self.cases: dict[str, datetime] = {}
        self._places: Counter[tuple[str, str]] = Counter()
        self._cards = self._by_case()

    def records(self) -> Iterator[Record]:
        """Every record, understood or not."""
        for kind, number in counted(self.dump).items():
            self.ledger.tallies[kind].read = number
        # Cases first: what hangs on one is read by whether it is here.
        yield from self._all_cases()
        yield from self._details()
        yield from self._escalations()
        yield from self._all_cards()
        yield from self._bugs()
        yield from self._issues()
        yield from self._statistics()
        yield from self._rest()
        if not self.ledger.adds_up:
            raise AssertionError("records of the dump are not accounted for")

    def _by_case(self) -> dict[str, object]:
        """A card of each case, for what the case itself lacks."""
        found: dict[str, object] = {}
        for card in self.dump.mapping("cards").values():
            number = t5g_cards.tracked(card)
            if number:
                found.setdefault(number, card)
        return found

    def _all_cases(self) -> Iterator[Record]:
        for name, told in self.dump.mapping("cases").items():
            copy = t5g_cases.case_of_card(self._cards.get(str(clean(name))))

            def make(position: int, fields: Fields, name: str = name) -> Iterable[Record]:
                return self._case(position, case_number(name), fields)

            yield from self._read("cases", name, told, make, copy=copy)

    def _case(self, position: int, number: str, fields: Fields) -> list[Record]:
        records = t5g_cases.case_records(position, number, fields)
        updated = [at for record in records if (at := t5g_cases.updated_of(record))]
        self.cases[number] = max(updated)
        return records

    def _details(self) -> Iterator[Record]:
        for name, told in self.dump.mapping("details").items():

            def make(position: int, fields: Fields, name: str = name) -> Iterable[Record]:
                number = self._known(name)
                return t5g_cases.detail_records(position, number, fields, self.cases[number])

            yield from self._read("details", name, told, make)

    def _escalations(self) -> Iterator[Record]:
        for told in self.dump.listing("escalations") or []:

            def make(position: int, fields: Fields, told: object = told) -> Iterable[Record]:
                numbers = self._escalated(told)
                if numbers != {clean(told)}:
                    fields.mend("the number of the case found in a longer text")
                return [
                    t5g_cases.escalation(position, number, self.taken, escalated=True)
                    for number in sorted(numbers)
                ]

            yield from self._read("escalations", str(told)[:200], {"case": told}, make)

    def _escalated(self, told: object) -> set[str]:
        """The cases of the dump that an entry of the prio-list names."""
        text = clean(told) or ""
        named = {text} if text in self.cases else set(CASE_NUMBER.findall(text))
        found = {number for number in named if number in self.cases}
        if not found:
            raise Malformed(NOT_HERE if named else "names no case")
        return found

    def _all_cards(self) -> Iterator[Record]:
        listed = self._prio_list()
        for name, told in self.dump.mapping("cards").items():

            def make(position: int, fields: Fields, name: str = name) -> Iterable[Record]:
                return self._card(position, record_key(name, "key of a card"), fields, listed)

            outcome = list(self._read("cards", name, told, make))
            yield from outcome
            refused = not outcome or isinstance(outcome[0], Rejected)
            yield from self._comments(str(name), told, refused=refused)

    def _prio_list(self) -> set[str] | None:
        """The cases on the prio-list; None when the dump has none."""
        listed = self.dump.listing("escalations")
        if listed is None:
            return None
        found: set[str] = set()
        for told in listed:
            try:
                found |= self._escalated(told)
            except Malformed:
                continue
        return found

    def _card(
        self, position: int, key: str, fields: Fields, listed: set[str] | None
    ) -> Iterator[Record]:
        raw = {"case_number": fields.raw("case_number")}
        number = t5g_cards.tracked(raw)
        if number and number not in self.cases:
            yield from self._case_of_card(position, number, fields)
        known = number in self.cases
        yield from t5g_cards.card_records(position, key, fields, self.potential, known=known)
        if number is None or not known:
            return
        if number not in self.dump.mapping("details"):
            updated = self.cases[number]
            yield from t5g_cases.detail_records(position, number, fields, updated, copied=True)
        flag, address = fields.flag("escalated"), fields.text("escalated_link")
        escalated = flag if listed is None else number in listed
        if listed is not None and flag is not None and flag != escalated:
            fields.mend("escalated otherwise than in the list of escalations: the list counts")
        if escalated is not None:
            there = address if escalated else None
            yield t5g_cases.escalation(
                position, number, self.taken, escalated=escalated, link_to=there
            )

    def _case_of_card(self, position: int, number: str, fields: Fields) -> Iterator[Record]:
        """A case that only its card tells of, where that says enough."""
        copy = t5g_cases.case_of_card(fields.whole)
        own = Fields(copy, self.taken)
        try:
            yield from self._case(position, number, own)
        except Malformed:
            return
        fields.mend("its case is told by the card alone")
        fields.lost += own.lost

    def _comments(self, card: str, told: object, *, refused: bool) -> Iterator[Record]:
        again: Counter[str] = Counter()
        understood = True
        for item in comments_of(told):
            mark = repr(item)
            if refused:
                self.ledger.aside("comments", "set aside with their card")
                continue
            if again[mark]:
                self.ledger.repeated("comments")
                continue
            again[mark] += 1

            def make(position: int, fields: Fields, item: object = item) -> Iterable[Record]:
                key = record_key(card, "key of a card")
                return t5g_cards.comment_records(position, key, item, 0, fields)

            for record in self._read("comments", card, {"comment": item}, make):
                understood = understood and not isinstance(record, Rejected)
                yield record
        if understood and not refused and isinstance(told, dict) and told.get("comments"):
            yield Whole("card_comment", record_key(card, "key of a card"), self.taken)

    def _bugs(self) -> Iterator[Record]:
        # The portal's list of a case and a card's copy say nothing that the bugs do not.
        yield from self._linked("bugs", BUGS, "bugzilla", t5g_bugs.bug_number, t5g_bugs.bug_records)

    def _issues(self) -> Iterator[Record]:
        yield from self._linked(
            "issues", ISSUES, "issues", t5g_bugs.issue_key, t5g_bugs.issue_records
        )

    def _linked(
        self,
        kind: str,
        keys: tuple[str, ...],
        on_card: str,
        key_of: Callable[[object], str],
        read: Callable[[int, str | None, Fields], Iterator[Record]],
    ) -> Iterator[Record]:
        seen: set[tuple[str, str]] = set()
        for name, item in linked_items(self.dump, keys, on_card):
            try:
                mark = (str(clean(name)), key_of(item))
            except UNREADABLE:
                mark = (str(clean(name)), repr(item))
            if mark in seen:
                self.ledger.repeated(kind)
                continue
            seen.add(mark)

            def make(position: int, fields: Fields, name: str = name) -> Iterable[Record]:
                number = clean(name)
                return read(position, number if number in self.cases else None, fields)

            yield from self._read(kind, name, item, make)

    def _statistics(self) -> Iterator[Record]:
        for key in STATISTICS:
            for name, told in self.dump.mapping(key).items():
                try:
                    self.days.append(t5g_statistics.day(key, name, told, self.taken))
                except UNREADABLE as fault:
                    yield self._aside("statistics", name, reason(fault), {key: {name: told}})
                else:
                    self.ledger.mapped("statistics", self._position("statistics", name), [])

    def _rest(self) -> Iterator[Record]:
        """What is kept for the record only, and what is not known at all."""
        for name, told in self.dump.mapping("users").items():
            yield self._aside("users", name, USER, {"user": told}, settled=True)
        for key, told in self.dump.keys.items():
            if key == "timestamp" and isinstance(told, str):
                self.ledger.mapped("others", self._position("others", key), [])
            elif key in WORKING or key == "watchlist":
                why = WATCHED if key == "watchlist" else WORK
                yield self._aside("others", key, why, {key: told}, settled=True)
            elif key not in KEYS:
                yield self._aside("others", key, UNKNOWN, {key: told})
            elif misshapen(key, told):
                why = "is not JSON" if key in self.dump.garbled else "is not a map of records"
                yield self._aside("others", key, why, {key: told})

    def _known(self, name: object) -> str:
        number = case_number(name)
        if number not in self.cases:
            raise Malformed(NOT_HERE)
        return number

    def _read(
        self,
        kind: str,
        key: str,
        told: object,
        make: Make,
        copy: Mapping[str, object] | None = None,
    ) -> Iterator[Record]:
        """The records of one record of the dump; values that could not be used are set aside."""
        try:
            fields = Fields(told, self.taken, copy)
            position = self._position(kind, key)
            records = list(make(position, fields))
        except UNREADABLE as fault:
            yield self._aside(kind, key, reason(fault), {"record": told})
            return
        self.ledger.mapped(kind, position, fields.mends)
        yield from records
        for why, value in fields.lost:
            self.ledger.values += 1
            yield Rejected(position, clean(key), why, value)

    def _aside(
        self, kind: str, key: str, why: str, payload: dict[str, object], *, settled: bool = False
    ) -> Rejected:
        self.ledger.aside(kind, why)
        return Rejected(self._position(kind, key), clean(key), why, payload, settled)

    def _position(self, kind: str, key: str) -> int:
        """A number for a record, the same in every dump that has it."""
        self._places[kind, key] += 1
        mark = f"{kind}\n{key}\n{self._places[kind, key]}"
        digest = hashlib.sha256(mark.encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:7])
