"""Bugs ranked and faults found in plain Python over the rows of the tables: the oracle."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import text

from app import database
from app.mismatch import priority_of, severity_of
from app.view import View

FOREVER = datetime.max.replace(tzinfo=UTC)
DONE = "Done"
NAMES = {1: "Urgent", 2: "High", 3: "Normal", 4: "Low"}


def _rows(statement: str) -> list[dict[str, Any]]:
    with database.snapshot() as connection:
        return [dict(row) for row in connection.execute(text(statement)).mappings()]


def _held(row: dict[str, Any], at: datetime) -> bool:
    return row["valid_from"] <= at < row["valid_to"]


@dataclass
class Tables:
    """All rows, infinite ends as the last instant there is."""

    def __post_init__(self) -> None:
        ended = "least(valid_to, timestamptz '9999-12-31') as valid_to"

        def versions(table: str, key: str) -> dict[Any, list[dict[str, Any]]]:
            found = defaultdict(list)
            asked = f"select *, {ended} from (select * from {table}) t order by valid_from"
            for row in _rows(asked):
                found[tuple(row[part] for part in key.split()) if " " in key else row[key]].append(
                    row
                )
            return found

        self.seen: dict[datetime, dict[str, set[str]]] = {}
        self.cases = versions("case_versions", "case_number")
        self.cards = versions("card_versions", "key")
        self.bugs = versions("bug_versions", "tracker key")
        self.links = _rows("select * from case_bugs")

    @cached_property
    def instants(self) -> list[datetime]:
        """Every instant at which something changed."""
        moments = set()
        for rows in (*self.cases.values(), *self.cards.values(), *self.bugs.values()):
            for row in rows:
                moments |= {row["valid_from"], row["valid_to"]}
        for link in self.links:
            moments |= {link["linked_at"], link["unlinked_at"] or FOREVER}
        return sorted(moments)

    def case(self, number: str, at: datetime) -> dict[str, Any] | None:
        return next((row for row in self.cases[number] if _held(row, at)), None)

    def bug(self, key: tuple[str, str], at: datetime) -> dict[str, Any]:
        known = next((row for row in self.bugs.get(key, []) if _held(row, at)), None)
        return known or dict.fromkeys(
            ("summary", "status", "severity", "target", "assignee", "restricted", "gone")
        )

    def linked(self, number: str, at: datetime) -> list[dict[str, Any]]:
        return [
            link
            for link in self.links
            if link["case_number"] == number
            and link["linked_at"] <= at
            and (link["unlinked_at"] is None or link["unlinked_at"] > at)
        ]

    def cards_of(self, number: str, at: datetime) -> list[dict[str, Any]]:
        return [
            row
            for rows in self.cards.values()
            for row in rows
            if _held(row, at) and row["kind"] == "tracking" and not row["gone"]
            and number in row["cases"]
        ]  # fmt: skip

    def chosen(self, view: View, at: datetime, state: str) -> list[dict[str, Any]]:
        """The cases of a View (severity, account, bug, card, waiting_on) in a state."""
        found = []
        for number in self.cases:
            row = self.case(number, at)
            if row is None or not _in_state(row, state):
                continue
            keys = {link["key"] for link in self.linked(number, at)}
            asked = (
                (view.severity, (row["severity"] or 0) in view.severity),
                (view.account, (row["account"] or "") in view.account),
                (view.waiting_on, row["waiting_on"] in view.waiting_on),
                (view.bug, bool(keys & set(view.bug)) or ("" in view.bug and not keys)),
                (view.card, any(self.card_stands(row, kind, at) for kind in view.card)),
            )
            if all(held for given, held in asked if given):
                found.append(row)
        return found

    def card_stands(self, row: dict[str, Any], kind: str, at: datetime) -> bool:
        if kind == "several":
            return len(self.cards_of(row["case_number"], at)) > 1
        if kind == "none":
            return row["card"] is None
        return row["card"] is not None and (row["card_status"] == DONE) == (kind == "done")


def _in_state(row: dict[str, Any], state: str) -> bool:
    closed = not row["is_open"] and not row["gone"]
    return {"open": row["is_open"], "closed": closed, "all": not row["gone"]}[state]


def aimed(bug: dict[str, Any]) -> bool:
    return (bug["target"] or "") not in {"", "---"}


def ranking(tables: Tables, view: View, at: datetime) -> dict[tuple[str, str], dict[str, Any]]:
    """What must be told of each bug behind the cases of a View."""
    behind: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in tables.chosen(view, at, view.state):
        for link in tables.linked(row["case_number"], at):
            if not view.bug or link["key"] in view.bug:
                behind[link["tracker"], link["key"]].append((row, link))
    return {key: _one(tables, key, pairs, at) for key, pairs in behind.items()}


def _one(tables: Tables, key: tuple[str, str], pairs: list[Any], at: datetime) -> dict[str, Any]:
    bug = tables.bug(key, at)
    severities = [row["severity"] for row, _ in pairs]
    known = [number for number in severities if number]
    number = severity_of(bug["severity"])
    others = [n for n in known if number and n != number]
    counted = [(n, others.count(n)) for n in (1, 2, 3, 4) if n in others]
    words = ", ".join(f"{c} case{'s' if c > 1 else ''} {NAMES[n]}" for n, c in counted)
    waited = sum(
        (
            min(row["valid_to"], at) - max(row["valid_from"], link["linked_at"])
            for case, link in pairs
            for row in tables.cases[case["case_number"]]
            if row["waiting_on"] == "engineering" and not row["gone"]
            and row["valid_to"] > link["linked_at"] and row["valid_from"] < at
        ),
        timedelta(),
    )  # fmt: skip
    days = Decimal(int(waited / timedelta(microseconds=1))) / Decimal(86_400_000_000)
    return {
        "cases": len(pairs),
        "accounts": len({row["account"] for row, _ in pairs if row["account"] is not None}),
        "worst": min(known, default=None),
        "weight": sum({1: 8, 2: 4, 3: 2}.get(n or 4, 1) for n in severities),
        "days_waited": float(days.quantize(Decimal("0.01"), ROUND_HALF_UP)),
        "summary": bug["summary"],
        "target": bug["target"] if aimed(bug) else None,
        "restricted": bool(bug["restricted"]),
        "mismatched": len(others),
        "mismatch": f"bug is {bug['severity']}; {words}" if others else None,
        "moves": _moves(tables.bugs.get(key, []), at),
    }


def _moves(versions: list[dict[str, Any]], at: datetime) -> list[tuple[str, str | None, datetime]]:
    told, before = [], None
    for row in versions:
        if row["valid_from"] > at:
            break
        target = row["target"] if aimed(row) else None
        if before is not None and target != before:
            told.append((before, target, row["valid_from"]))
        before = target
    return told


def faults(tables: Tables, view: View, at: datetime) -> dict[str, set[str]]:
    """The entries that each work list must have, by name."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in tables.chosen(view, at, "closed"):
        if row["card"] and row["card_status"] != DONE:
            found["closed_open_card"].add(row["case_number"])
    for row in tables.chosen(view, at, "open"):
        number, severity = row["case_number"], row["severity"]
        plain = {
            "open_done_card": row["card"] and row["card_status"] == DONE,
            "no_card": row["card"] is None,
            "two_cards": len(tables.cards_of(number, at)) > 1,
            "unknown_status": row["waiting_on"] == "unknown",
            "no_owner": row["owner"] is None,
        }
        for name, held in plain.items():
            if held:
                found[name].add(number)
        for card in tables.cards.get(row["card"], []):
            told = priority_of(card["priority"])
            if _held(card, at) and not card["gone"] and told and severity and told != severity:
                found["card_priority"].add(f"{number}|{card['key']}")
        for link in tables.linked(number, at):
            if view.bug and link["key"] not in view.bug:
                continue
            key = f"{link['tracker']}|{link['key']}"
            bug = tables.bug((link["tracker"], link["key"]), at)
            told = severity_of(bug["severity"])
            if told and severity and told != severity and not bug["gone"]:
                found["bug_severity"].add(f"{number}|{key}")
            if not aimed(bug):
                found["untargeted_bug"].add(key)
            if bug["restricted"]:
                found["restricted_bug"].add(key)
    return found


def since(tables: Tables, name: str, subject: str, at: datetime) -> datetime:
    """Since when an entry has been in its list, of the whole board, without a break."""
    began = at
    for moment in reversed([one for one in tables.instants if one <= at]):
        if moment not in tables.seen:
            tables.seen[moment] = faults(tables, View(), moment)
        if subject not in tables.seen[moment][name]:
            break
        began = moment
    return began
