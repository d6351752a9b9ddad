"""JQL, as far as it is used: conditions on a few fields, AND OR NOT (), ORDER BY."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from etl.sandbox.issues import FINISHED, Issues
from etl.sandbox.model import Issue

Test = Callable[[Issue], bool]

TOKEN = re.compile(
    r"""\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'
    |(?P<sign>!=|>=|<=|=|~|>|<|\(|\)|,)|(?P<word>[^\s()=<>!~,"']+))""",
    re.VERBOSE,
)
RELATIVE = re.compile(r"-(\d+)([mhdw])")
UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DATE_FORMS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
SIGNS: dict[str, Callable[[object, object], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<": lambda a, b: a < b,  # type: ignore[operator]
}


class BadQuery(Exception):
    """A query that JIRA refuses; the message is what it says."""


@dataclass(frozen=True, slots=True)
class Query:
    """A test of an issue, an order, and the projects that it is bound to (None: any)."""

    test: Test
    order: tuple[tuple[str, bool], ...]
    projects: frozenset[str] | None
    is_bounded: bool


def parse(text: str, issues: Issues, now: datetime, zone: ZoneInfo) -> Query:
    """A query; dates are read in the `zone` of who asks, relative ones before `now`."""
    body, _, ordering = _split_order(text)
    tokens = []
    place = 0
    while place < len(body.rstrip()):
        found = TOKEN.match(body, place)
        if not found:
            raise BadQuery(f"Error in the JQL Query: cannot read {body[place : place + 20]!r}.")
        tokens.append(found)
        place = found.end()
    reader = _Reader(tokens, issues, now, zone)
    test = reader.either() if tokens else (lambda _: True)
    if reader.place < len(tokens):
        raise BadQuery("Error in the JQL Query: something follows it.")
    projects = frozenset(reader.projects) if reader.projects and not reader.is_loose else None
    return Query(test, _order(ordering), projects, bool(tokens))


def _split_order(text: str) -> tuple[str, str, str]:
    found = re.search(r"\border\s+by\b", text, re.IGNORECASE)
    return (text[: found.start()], "", text[found.end() :]) if found else (text, "", "")


def _order(text: str) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        field, _, direction = part.partition(" ")
        if field.lower() not in {"key", "issuekey", "created", "updated"}:
            raise BadQuery(f"Not able to sort using field '{field}'.")
        order.append((field.lower().removeprefix("issue"), direction.strip().lower() == "desc"))
    return tuple(order)


class _Reader:
    def __init__(
        self, tokens: list[re.Match[str]], issues: Issues, now: datetime, zone: ZoneInfo
    ) -> None:
        self.tokens, self.place = tokens, 0
        self.issues, self.now, self.zone = issues, now, zone
        self.projects: set[str] = set()
        self.is_loose = False

    def _peek(self) -> str:
        if self.place >= len(self.tokens):
            return ""
        token = self.tokens[self.place]
        return token["sign"] or (token["word"] or "")

    def _take(self) -> str:
        if self.place >= len(self.tokens):
            raise BadQuery("Error in the JQL Query: it ends too early.")
        token = self.tokens[self.place]
        self.place += 1
        for name in ("quoted", "single", "sign", "word"):
            if token[name] is not None:
                return re.sub(r"\\(.)", r"\1", str(token[name]))
        raise AssertionError("a token is one of these")

    def _takes(self, word: str) -> bool:
        if self._peek().upper() == word:
            self.place += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self.both()]
        while self._takes("OR"):
            self.is_loose = True
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda issue: any(test(issue) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self._takes("AND"):
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda issue: all(test(issue) for test in tests)

    def one(self) -> Test:
        if self._takes("NOT"):
            self.is_loose = True
            negated = self.one()
            return lambda issue: not negated(issue)
        if self._takes("("):
            test = self.either()
            if not self._takes(")"):
                raise BadQuery("Error in the JQL Query: a parenthesis is not closed.")
            return test
        return self._condition()

    def _condition(self) -> Test:
        field, sign = self._take().lower(), self._take().lower()
        if sign == "not":
            if self._take().lower() != "in":
                raise BadQuery("Error in the JQL Query: expecting IN.")
            return _none_of(field, self._test(field, self._list()))
        if sign == "in":
            return self._test(field, self._list())
        if (field, sign) == ("summary", "~"):
            return _says(self._take())
        if sign not in SIGNS:
            raise BadQuery(f"Error in the JQL Query: expecting operator but got '{sign}'.")
        value = self._take()
        if sign == "=":
            return self._test(field, [value])
        if sign == "!=":
            return _none_of(field, self._test(field, [value]))
        return self._compared(field, sign, value)

    def _list(self) -> list[str]:
        if not self._takes("("):
            raise BadQuery("Error in the JQL Query: expecting '('.")
        values = [self._take()]
        while self._takes(","):
            values.append(self._take())
        if not self._takes(")"):
            raise BadQuery("Error in the JQL Query: expecting ')'.")
        return values

    def _test(self, field: str, values: list[str]) -> Test:
        wanted = set(values)
        if field == "project":
            for value in values:
                if value not in self.issues.by_project:
                    raise BadQuery(f"The value '{value}' does not exist for the field 'project'.")
            self.projects |= wanted
            return lambda issue: issue.project in wanted
        if field in {"labels", "label"}:
            return lambda issue: not wanted.isdisjoint(issue.labels)
        if field == "status":
            return lambda issue: issue.status in wanted
        if field == "statuscategory":
            return lambda issue: ("Done" if issue.status in FINISHED else "In Progress") in wanted
        if field == "sprint":
            return lambda issue: (
                issue.sprint is not None
                and bool({str(issue.sprint), sprint_name(issue.sprint)} & wanted)
            )
        if field in {"key", "issuekey", "issue", "id"}:
            for value in values:
                if self.issues.shown(value) is None:
                    raise BadQuery(f"An issue with key '{value}' does not exist for field 'key'.")
            return lambda issue: issue.key in wanted
        raise BadQuery(f"Field '{field}' does not exist or you do not have permission to view it.")

    def _compared(self, field: str, sign: str, value: str) -> Test:
        compare = SIGNS[sign]
        if field in {"key", "issuekey"}:
            project, _, number = value.rpartition("-")
            if project not in self.issues.by_project or not number.isdigit():
                raise BadQuery(f"The issue key '{value}' for field 'key' is invalid.")
            return lambda issue: issue.project == project and compare(issue.number, int(number))
        if field in {"updated", "created"}:
            moment = self._moment(value, field)
            return lambda issue: compare(getattr(issue, field), moment)
        raise BadQuery(f"The operator '{sign}' is not supported by the '{field}' field.")

    def _moment(self, text: str, field: str) -> datetime:
        if relative := RELATIVE.fullmatch(text):
            return self.now - timedelta(seconds=int(relative[1]) * UNITS[relative[2]])
        if text.isdigit() and len(text) > 11:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        for form in DATE_FORMS:
            try:
                return datetime.strptime(text, form).replace(tzinfo=self.zone).astimezone(UTC)
            except ValueError:
                continue
        raise BadQuery(
            f"Date value '{text}' for field '{field}' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period "
            "format e.g. '-5d', '4w 2d'."
        )


def _says(wanted: str) -> Test:
    """Whether a summary has all the words of a text."""
    words = set(re.findall(r"\w+", wanted.casefold()))
    return lambda issue: words <= set(re.findall(r"\w+", issue.summary.casefold()))


def sprint_name(number: int) -> str:
    """What a sprint is called."""
    return f"Field Sprint {number}"


def _none_of(field: str, test: Test) -> Test:
    if field in {"labels", "label"}:
        # JIRA does not count issues without any label.
        return lambda issue: bool(issue.labels) and not test(issue)
    return lambda issue: not test(issue)
