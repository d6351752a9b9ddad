"""The portal's query language, as far as it is used: fields, wildcards, ranges, AND OR NOT ()."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

Test = Callable[[dict[str, Any]], bool]

TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<word>AND|OR|NOT)\b|(?P<minus>-)
    |(?P<all>\*:\*)|(?P<field>\w+):(?:\[(?P<low>\S+)\s+TO\s+(?P<high>[^\]\s]+)\]|"(?P<quoted>[^"]*)"
    |(?P<value>[^\s()\[\]]+)))""",
    re.VERBOSE,
)


FIELDS = {
    f"case_{name}"
    for name in (
        "number", "account_name", "accountNumber", "summary", "status", "createdDate",
        "lastModifiedDate", "closedDate", "product", "tags",
    )
}  # fmt: skip


class BadQuery(Exception):
    """A query that cannot be read."""


def parse(text: str) -> Test:
    """A query as a test of a document; BadQuery when it makes no sense."""
    tokens = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if not found:
            raise BadQuery(f"Cannot parse '{text[place : place + 40]}'")
        tokens.append(found)
        place = found.end()
    reader = _Reader(tokens)
    test = reader.either()
    if reader.place < len(tokens):
        raise BadQuery("Something follows the query.")
    return test


class _Reader:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens, self.place = tokens, 0

    def _peek(self) -> re.Match[str] | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is not None and token["word"] == word:
            self.place += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self.both()]
        while self._take_word("OR"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda doc: any(test(doc) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self._take_word("AND"):
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda doc: all(test(doc) for test in tests)

    def one(self) -> Test:
        token = self._peek()
        if token is None:
            raise BadQuery("The query ends too early.")
        self.place += 1
        if token["minus"] or token["word"] == "NOT":
            negated = self.one()
            return lambda doc: not negated(doc)
        if token["open"]:
            test = self.either()
            closing = self._peek()
            if closing is None or not closing["close"]:
                raise BadQuery("A parenthesis is not closed.")
            self.place += 1
            return test
        if token["all"]:
            return lambda _: True
        if not token["field"]:
            raise BadQuery("A condition is missing.")
        return _condition(token)


def _condition(token: re.Match[str]) -> Test:
    field = token["field"]
    if field not in FIELDS:
        raise BadQuery(f"undefined field {field}")
    if token["low"] is not None:
        low, high = _bound(token["low"]), _bound(token["high"])
        return lambda doc: _between(doc.get(field), low, high)
    wanted = token["quoted"] if token["quoted"] is not None else token["value"]
    if "*" in wanted and token["quoted"] is None:
        return lambda doc: any(fnmatchcase(value, wanted) for value in _values(doc.get(field)))
    return lambda doc: wanted in _values(doc.get(field))


def _values(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def _bound(text: str) -> datetime | None:
    if text == "*":
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise BadQuery(f"Invalid Date String:'{text}'") from None


def _between(value: Any, low: datetime | None, high: datetime | None) -> bool:
    if not isinstance(value, datetime):
        return False
    return (low is None or value >= low) and (high is None or value <= high)
