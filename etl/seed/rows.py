"""The rows of a seeded world as lines of COPY: facts, and the tables that follow from them."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import orjson

from etl.seed.lives import Life, Told
from etl.seed.versions import Rules, Version, versions
from etl.seed.world import World

NOTHING = "\\N"
DAYS_KNOWN = 40_000

COLUMNS = {
    "changes": "entity, key, field, value, at, actor, learned_at, run_id",
    "cases": "case_number, created_date, owner, severity, account, summary, status, last_update, "
    "description, product, fe_jira_card, closed_date, tags, group_name, crit_sit, escalated, "
    "escalation_link, relief_at, resolved_at",
    "case_versions": "case_number, valid_from, valid_to, created_date, updated_at, event, "
    "ended_by, is_open, gone, status, status_since, waiting_on, severity, owner, "
    "engineer, account, summary, product, group_name, crit_sit, escalated, escalation_link, card, "
    "card_status, contributors, labels, "
    "tags, relief_at, resolved_at, closed_at, spell_to",
    "comments": "case_number, created_date, author, comment_text, commented_at, source_id, "
    "is_public",
    "jira_comments": "jira_comment_id, case_number, created_date, author, body, last_update_date, "
    "card_key",
    "jira_cards": "key, kind, case_number, cases, summary, status, assignee, contributors, labels, "
    "created_at, updated_at",
    "card_versions": "key, valid_from, valid_to, kind, cases, summary, status, assignee, "
    "contributors, labels, gone",
    "bugs": "tracker, key, summary, status, severity, target, assignee, updated_at",
    "bug_versions": "tracker, key, valid_from, valid_to, summary, status, severity, target, "
    "assignee, restricted, gone",
    "case_bugs": "case_number, tracker, key, linked_at",
    "seeded_texts": "case_number, rests_from, said_from, told",
}

# With what follows from them, the parts of a case that are the same throughout a spell.
SPELLED = ("severity", "owner", "assignee", "account", "product", "group", "crit_sit")

_LETTERS = re.compile("[a-z]+").fullmatch
_EPOCH = date(1970, 1, 1)
_DAYS = [(_EPOCH + timedelta(days=day)).isoformat() for day in range(DAYS_KNOWN)]
_MINUTES = [f"{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60)]


def stamp(second: int) -> str:
    """Seconds since 1970 as an instant in ISO 8601, UTC."""
    day, rest = divmod(second, 86_400)
    return f"{_DAYS[day]}T{_MINUTES[rest // 60]}:{rest % 60:02d}+00:00"


class Lines:
    """Lines of COPY by table, gathered from lives and bugs."""

    def __init__(self, world: World, rules: Rules, run_id: int, bugs: list[tuple[str, str, str]]):
        self.by_table: dict[str, list[str]] = {name: [] for name in COLUMNS}
        self._rules = rules
        self._bugs = bugs
        self._tail = f"{stamp(int(world.until.timestamp()))}\t{run_id}\n"

    def add_life(self, life: Life) -> None:
        """A case with all that hangs on it."""
        known = versions(life, self._rules)
        self._case_facts(life)
        self._cards(life)
        self._case_versions(life, known)
        self._case(life, known[-1])
        self._comments(life)
        self._links(life)
        self._texts(life, known)

    def add_bug(self, bug: tuple[str, str, str], told: list[tuple[int, Told]]) -> None:
        """A bug: (tracker, key, summary), and what was told of it when."""
        tracker, key, summary = bug
        state: Told = {"summary": summary}
        for place, (at, change) in enumerate(told):
            state |= change
            facts = (
                {**state, "updated": stamp(at)} if not place else {**change, "updated": stamp(at)}
            )
            self._facts("bug", f"{tracker}|{key}", at, facts, state.get("assignee"))
            until = stamp(told[place + 1][0]) if place + 1 < len(told) else "infinity"
            values = [
                _cell(state.get(name)) for name in ("status", "severity", "target", "assignee")
            ]
            shown = "\t".join([summary, *values])
            self._add("bug_versions", f"{tracker}\t{key}\t{stamp(at)}\t{until}\t{shown}\tf\tf")
            if until == "infinity":
                self._add("bugs", f"{tracker}\t{key}\t{shown}\t{stamp(at)}")

    def words(self) -> set[str]:
        """The words of all texts in which a mistyped one may find its kin."""
        told = "".join(self.by_table["seeded_texts"]).lower().replace("-", " ").split()
        return {word for word in set(told) if 4 <= len(word) <= 30 and _LETTERS(word)}

    def _add(self, table: str, line: str) -> None:
        self.by_table[table].append(line + "\n")

    def _facts(self, entity: str, key: str, at: int, told: Told, actor: str | None) -> None:
        moment, add = stamp(at), self.by_table["changes"].append
        rest = f"\t{moment}\t{_cell(actor)}\t{self._tail}"
        for name, value in told.items():
            add(f"{entity}\t{key}\t{name}\t{_fact(name, value)}{rest}")

    def _case_facts(self, life: Life) -> None:
        for place, (at, told) in enumerate(life.case):
            added = {"updated": at} if place else {"created": at}
            self._facts("case", life.number, at, {**told, **added}, life.case[0][1]["owner"])

    def _cards(self, life: Life) -> None:
        for kind, key, story in (("tracking", life.card_key, life.card),
                                 ("escalation", life.prio_key, life.prio)):  # fmt: skip
            state: Told = {}
            for place, (at, told) in enumerate(story):
                state |= told
                added: Told = {"updated": at}
                if not place:
                    added |= {"created": at, "kind": kind}
                self._facts("card", key, at, {**told, **added}, state.get("assignee"))
                until = stamp(story[place + 1][0]) if place + 1 < len(story) else "infinity"
                shown = "\t".join([
                    _array(state["cases"]), state["summary"], state["status"],
                    _cell(state.get("assignee")), _array(state.get("contributors", ())),
                    _array(state.get("labels", ())),
                ])  # fmt: skip
                self._add("card_versions", f"{key}\t{stamp(at)}\t{until}\t{kind}\t{shown}\tf")
            if story:
                first, last = stamp(story[0][0]), stamp(story[-1][0])
                self._add("jira_cards", f"{key}\t{kind}\t{life.number}\t{shown}\t{first}\t{last}")

    def _case_versions(self, life: Life, known: list[Version]) -> None:
        born, spells = stamp(known[0].at), self._spells(known)
        for place, version in enumerate(known):
            state, get = version.state, version.state.get
            following = known[place + 1] if place + 1 < len(known) else None
            until = stamp(following.at) if following else "infinity"
            ended_by = following.event if following else None
            waiting = "none" if version.is_closed else self._rules.waiting.get(
                state["status"].lower(), "unknown")  # fmt: skip
            self._add("case_versions", "\t".join([
                life.number, stamp(version.at), until, born, stamp(version.updated),
                version.event or NOTHING, ended_by or NOTHING,
                "f" if version.is_closed else "t", "f",
                state["status"], stamp(version.status_since), waiting, str(state["severity"]),
                state["owner"], get("assignee") or state["owner"], state["account"],
                state["summary"], state["product"], _cell(get("group")),
                "t" if get("crit_sit") else "f", self._escalated(state), self._link(state),
                _cell(get("card")), _cell(get("card_status")), _array(get("contributors", ())),
                _array(get("labels", ())), _array(get("tags", ())), _moment(get("relief")),
                _moment(get("resolved")), _moment(version.closed_at), spells[place],
            ]))  # fmt: skip

    def _spells(self, known: list[Version]) -> list[str]:
        """For each version that begins a spell when this ends, as `etl.history.spells` tells it."""
        told = [
            (version.is_closed, version.closed_at, self._escalated(version.state),
             *map(version.state.get, SPELLED))
            for version in known
        ]  # fmt: skip
        ends, until = [], "infinity"
        for place in range(len(known) - 1, -1, -1):
            begins = not place or told[place] != told[place - 1]
            ends.append(until if begins else NOTHING)
            until = stamp(known[place].at) if begins else until
        return ends[::-1]

    def _case(self, life: Life, last: Version) -> None:
        state, get = last.state, last.state.get
        self._add("cases", "\t".join([
            life.number, stamp(life.case[0][0]), state["owner"], str(state["severity"]),
            state["account"], state["summary"], state["status"], stamp(last.updated),
            state["description"], state["product"], _cell(get("card")),
            _moment(last.closed_at if last.is_closed else None), _array(get("tags", ())),
            _cell(get("group")), "t" if get("crit_sit") else "f", self._escalated(state),
            self._link(state), _moment(get("relief")), _moment(get("resolved")),
        ]))  # fmt: skip

    def _escalated(self, state: Told) -> str:
        if state.get("escalation"):
            return "yes"
        return "potential" if self._rules.potential in state.get("labels", ()) else "no"

    def _link(self, state: Told) -> str:
        held = state.get("escalation")
        return f"{self._rules.browse}{held}" if held else NOTHING

    def _comments(self, life: Life) -> None:
        born = stamp(life.case[0][0])
        for place, (at, author, words) in enumerate(life.comments):
            self._add("comments", "\t".join(
                [life.number, born, author, words, stamp(at), f"s{place}", "t"]))  # fmt: skip
        for place, (at, author, words) in enumerate(life.remarks):
            self._add("jira_comments", "\t".join(
                [f"{life.number}{place}", life.number, born, author, words, stamp(at),
                 life.card_key]))  # fmt: skip

    def _links(self, life: Life) -> None:
        for number, at in life.bugs:
            tracker, key, _ = self._bugs[number]
            self._facts("link", f"{life.number}|{tracker}|{key}", at, {"linked": True}, None)
            self._add("case_bugs", f"{life.number}\t{tracker}\t{key}\t{stamp(at)}")

    def _texts(self, life: Life, known: list[Version]) -> None:
        """All that the case says, in the order of the function `case_words`."""
        first = life.case[0][1]
        hung = sorted(self._bugs[number][1:] for number, _ in life.bugs)
        self._add("seeded_texts", "\t".join([
            life.number, _rests_from(known), _said_from(life, known), " ".join([
                life.number, *([life.card_key] if life.card else []), first["summary"],
                first["description"], *(f"{key} {words}" for key, words in hung),
                *(words for _, _, words in reversed(life.comments)),
                *(words for _, _, words in reversed(life.remarks)),
            ])]))  # fmt: skip


def _rests_from(known: list[Version]) -> str:
    """Since when a case of these versions rests, as `etl.history.search` tells it."""
    if not known[-1].is_closed:
        return "infinity"
    left = [later.at for one, later in pairwise(known) if not one.is_closed]
    closed = [one.closed_at for one in known if one.closed_at is not None]
    return stamp(max(known[0].at, *left, *closed))


def _said_from(life: Life, known: list[Version]) -> str:
    """Since when a case says what it says, as the function `said_from` tells it."""
    told = [(one.state.get("card"), one.state["summary"]) for one in known]
    changed = [one.at for n, one in enumerate(known) if not n or told[n] != told[n - 1]]
    linked = [at for _, at in life.bugs]
    said = [at for at, *_ in (*life.comments, *life.remarks)]
    return stamp(max(changed + linked + said))


def _fact(name: str, value: Any) -> str:
    if name in {"created", "updated", "closed", "relief", "resolved"}:
        return value if isinstance(value, str) else stamp(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return _cell(value)


def _cell(value: Any) -> str:
    return NOTHING if value is None else str(value)


def _moment(second: int | None) -> str:
    return NOTHING if second is None else stamp(second)


def _array(values: Iterable[str]) -> str:
    return "{" + ",".join(f'"{value}"' for value in values) + "}"
