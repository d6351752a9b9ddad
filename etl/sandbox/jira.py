"""JIRA, Cloud or Data Center: search, issues, changelog, comments, remote links."""

import base64
import re
from datetime import timedelta
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from werkzeug.wrappers import Request

from etl.sandbox.answers import Answer, json_answer
from etl.sandbox.issue_json import Writer
from etl.sandbox.jira_writes import JiraWrites
from etl.sandbox.jql import BadQuery, Query, parse
from etl.sandbox.model import Issue
from etl.sandbox.world import World

USERNAME, TOKEN = "sandbox@example.com", "sandbox-jira-token"
ROOT = "/rest/api/2"
PAGE = 100
WINDOW = 10_000
SEARCH_CHANGES, SEARCH_COMMENTS = 40, 20
ISSUE_CHANGES = ISSUE_COMMENTS = 100
POST_FIELDS = {"jql", "fields", "expand", "maxResults", "nextPageToken", "properties",
               "fieldsByKeys", "reconcileIssues"}  # fmt: skip


class Jira:
    """Answers JIRA's requests; `zone` is that of the account that asks.

    A search finds what was made at least `lag` ago. The text of private keywords is told only as it
    is shown, unless `tells_keywords`; issues in `without_keywords` have no such field.
    """

    def __init__(self, world: World, kind: str, zone: str = "America/New_York") -> None:
        self.world, self.is_cloud, self.zone = world, kind == "cloud", ZoneInfo(zone)
        self.url = ""
        self.lag = timedelta(0)
        self.tells_keywords, self.without_keywords = False, set[str]()
        self.writes = JiraWrites(world, is_cloud=self.is_cloud)

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        known = self._is_known(request)
        path = request.path.removeprefix(ROOT)
        if not known:
            return self._stranger(path)
        with self.world.lock:
            return self._route(request, path)

    def _route(self, request: Request, path: str) -> Answer:
        if written := self.writes.answer(request, path, self._writer()):
            return written
        match request.method, path:
            case "GET", "/serverInfo":
                return self._server_info()
            case "GET", "/myself":
                told = {"displayName": "Caseboard", "timeZone": str(self.zone), "active": True}
                return json_answer(told)
            case "GET", "/field":
                return json_answer(self._writer().fields())
            case "GET" | "POST", "/search":
                return self._search_by_place(request)
            case "GET" | "POST", "/search/jql":
                return self._search_by_token(request)
            case "POST", "/search/approximate-count" if self.is_cloud:
                return self._count(request)
            case "POST", "/issue/bulkfetch" if self.is_cloud:
                return self._bulk(request)
        if found := re.fullmatch(r"/project/([A-Z]+)", path):
            known = found[1] in self.world.issues.by_project
            return (
                json_answer({"key": found[1]}) if known else _missing("No project could be found")
            )
        if found := re.fullmatch(r"/issue/([\w-]+)(?:/(changelog|comment|remotelink))?", path):
            return self._one(request, found[1], found[2])
        return _missing("There is nothing at this address")

    def _is_known(self, request: Request) -> bool:
        told = request.headers.get("Authorization", "")
        if self.is_cloud:
            basic = base64.b64encode(f"{USERNAME}:{TOKEN}".encode()).decode()
            return told == f"Basic {basic}"
        return told == f"Bearer {TOKEN}"

    def _stranger(self, path: str) -> Answer:
        """Cloud treats a bad token as nobody: public answers, and a header that tells."""
        failed = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        if self.is_cloud and path in {"/search/jql", "/field", "/serverInfo"}:
            told: Any = {"/search/jql": {"issues": [], "isLast": True}, "/field": []}.get(path)
            answer = self._server_info() if told is None else json_answer(told)
            answer.headers |= failed
            return answer
        status = 404 if path.startswith("/project") else 401
        return Answer(status, b'{"errorMessages":["Client must be authenticated"]}', headers=failed)

    def _server_info(self) -> Answer:
        kind = "Cloud" if self.is_cloud else "Server"
        version = [1001, 0, 0] if self.is_cloud else [9, 12, 5]
        told = {"deploymentType": kind, "versionNumbers": version, "version": "sandbox"}
        return json_answer({**told, "baseUrl": self.url})

    def _writer(self) -> Writer:
        writer = Writer(self.url, self.zone, is_cloud=self.is_cloud)
        writer.tells_keywords = self.tells_keywords
        writer.without_keywords = self.without_keywords
        return writer

    def _found(self, jql: str, *, after: int = 0) -> tuple[Query, list[Issue]]:
        issues = self.world.issues
        query = parse(jql, issues, self.world.now(), self.zone)
        projects = query.projects or issues.by_project
        candidates = [
            issue
            for project in sorted(projects)
            for number, issue in issues.by_project[project].items()
            if number > after and not issue.hidden and issue.created <= self.world.now() - self.lag
        ]
        return query, _ordered([i for i in candidates if query.test(i)], query.order)

    def _search_by_place(self, request: Request) -> Answer:
        if self.is_cloud:
            return _fault("The requested API has been removed. Use /rest/api/3/search/jql.", 410)
        asked = _asked(request)
        try:
            start, rows = int(asked.get("startAt", 0)), min(PAGE, int(asked.get("maxResults", 50)))
            _, found = self._found(str(asked.get("jql", "")))
        except (BadQuery, ValueError) as fault:
            return _fault(str(fault), 400)
        if start + rows > WINDOW:
            return _fault("Result window is too large", 500)
        shown = [
            self._writer().issue(issue, _fields(asked, "*all"), str(asked.get("expand", "")),
                                 most_comments=None, most_changes=None)
            for issue in found[start : start + rows]
        ]  # fmt: skip
        told = {"startAt": start, "maxResults": rows, "total": len(found), "issues": shown}
        return json_answer(told)

    def _search_by_token(self, request: Request) -> Answer:
        if not self.is_cloud:
            return _missing("null for uri")
        if request.method == "POST" and not request.is_json:
            return _fault("Unsupported media type", 415)
        asked = _asked(request)
        if request.method == "POST" and set(asked) - POST_FIELDS:
            return _fault("Invalid request payload. Refer to the REST API documentation", 400)
        try:
            rows = int(asked.get("maxResults", 50))
            after = _place(asked.get("nextPageToken"))
            query, found = self._found(str(asked.get("jql", "")), after=after)
        except (BadQuery, ValueError) as fault:
            return _fault(str(fault), 400)
        if not 1 <= rows <= 5_000:
            return _fault("maxResults must be between 1 and 5000.", 400)
        if not query.is_bounded:
            return _fault("Unbounded JQL queries are not allowed here.", 400)
        fields = _fields(asked, "id")
        rows = rows if set(fields) <= {"id", "key"} else min(rows, PAGE)
        told: dict[str, Any] = {
            "issues": [
                self._writer().issue(issue, fields, str(asked.get("expand", "")),
                                     most_comments=SEARCH_COMMENTS, most_changes=SEARCH_CHANGES)
                for issue in found[:rows]
            ],
            "isLast": len(found) <= rows,
        }  # fmt: skip
        if len(found) > rows:
            told["nextPageToken"] = _token(found[rows - 1].number)
        return json_answer(told)

    def _count(self, request: Request) -> Answer:
        try:
            _, found = self._found(str(_asked(request).get("jql", "")))
        except BadQuery as fault:
            return _fault(str(fault), 400)
        return json_answer({"count": len(found)})

    def _bulk(self, request: Request) -> Answer:
        asked = _asked(request)
        keys = list(asked.get("issueIdsOrKeys") or [])
        if not 0 < len(keys) <= PAGE:
            return _fault("The number of issues must be from 1 to 100.", 400)
        shown, errors = [], []
        for key in keys:
            issue = self.world.issues.shown(key)
            if issue is None:
                errors.append({"id": key, "errorMessage": "Issue does not exist or no permission"})
            else:
                shown.append(
                    self._writer().issue(issue, _fields(asked, "*all"),
                                         " ".join(asked.get("expand") or []),
                                         most_comments=SEARCH_COMMENTS, most_changes=SEARCH_CHANGES)
                )  # fmt: skip
        return json_answer({"issues": shown, "issueErrors": errors})

    def _one(self, request: Request, key: str, part: str | None) -> Answer:
        issue = self.world.issues.shown(key)
        if issue is None:
            return _missing("Issue does not exist or you do not have permission to see it.")
        start = max(0, int(request.args.get("startAt", 0)))
        rows = max(1, min(PAGE, int(request.args.get("maxResults", PAGE))))
        writer = self._writer()
        if part is None:
            asked = dict(request.args)
            most = ISSUE_CHANGES if self.is_cloud else None
            return json_answer(
                writer.issue(issue, _fields(asked, "*all"), asked.get("expand", ""),
                             most_comments=most, most_changes=most)
            )  # fmt: skip
        if part == "remotelink":
            return json_answer([writer.link(link) for link in issue.links])
        if part == "changelog":
            if not self.is_cloud:
                return _missing("null for uri")
            page = [writer.change(change) for change in issue.changes[start : start + rows]]
            last = start + rows >= len(issue.changes)
            told = {"values": page, "isLast": last, "total": len(issue.changes)}
            return json_answer({**told, "startAt": start, "maxResults": rows})
        if not self.is_cloud and "maxResults" not in request.args:
            rows = len(issue.comments)
        comments = [writer.comment(comment) for comment in issue.comments[start : start + rows]]
        told = {"comments": comments, "total": len(issue.comments)}
        return json_answer({**told, "startAt": start, "maxResults": rows})


def _asked(request: Request) -> dict[str, Any]:
    """Parameters: of a POST the body alone, of a GET the address; `fields` always a list."""
    if request.method == "POST":
        told = orjson.loads(request.get_data() or b"{}")
        return told if isinstance(told, dict) else {}
    asked: dict[str, Any] = dict(request.args)
    asked["fields"] = [f for part in request.args.getlist("fields") for f in part.split(",")]
    return asked


def _fields(asked: dict[str, Any], default: str) -> list[str]:
    told = asked.get("fields") or [default]
    return told.split(",") if isinstance(told, str) else list(told)


def _ordered(issues: list[Issue], order: tuple[tuple[str, bool], ...]) -> list[Issue]:
    def place(issue: Issue, field: str) -> Any:
        return (issue.project, issue.number) if field == "key" else getattr(issue, field)

    def compare(one: Issue, other: Issue) -> int:
        for field, falling in order:
            a, b = place(one, field), place(other, field)
            if a != b:
                return (1 if a > b else -1) * (-1 if falling else 1)
        return 0

    keys_ascending = order in {(), (("key", False),)}
    return issues if keys_ascending else sorted(issues, key=cmp_to_key(compare))


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode()


def _place(token: Any) -> int:
    if not token:
        return 0
    try:
        told = base64.urlsafe_b64decode(str(token)).decode()
        return int(told.removeprefix("after:"))
    except ValueError:
        raise BadQuery("The provided next page token is invalid or expired.") from None


def _fault(words: str, status: int) -> Answer:
    return json_answer({"errorMessages": [words], "errors": {}}, status)


def _missing(words: str) -> Answer:
    return _fault(words, 404)
