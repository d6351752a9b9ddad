"""JIRA, Cloud and Data Center, through the `jira` client (docs/sources.md tells the protocol)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from jira import JIRA
from jira.exceptions import JIRAError

from etl.ahead import ahead
from etl.errors import Later, Refused
from etl.http import Site
from etl.run import Run
from etl.sources.jira_answers import field_id, issues_of, reads, refusal, see_that_we_are_known
from etl.sources.jira_pages import key_pages, token_pages

Thing = TypeVar("Thing")
Told = TypeVar("Told")

PAGE = 100
# Custom fields that only writing back needs: whoever only reads need not have them.
WRITTEN = frozenset({"private_keywords"})
EXPAND = "changelog,renderedFields"
# The names of fields that are asked for, and what JIRA is to tell with them.
Asked = tuple[list[str], str]
PLAIN_FIELDS = (
    "summary",
    "status",
    "priority",
    "assignee",
    "labels",
    "created",
    "updated",
    "comment",
    "fixVersions",
    "issuetype",
)


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue with its whole changelog and all its comments, as JIRA's JSON.

    `asked` is the key that we asked by: an issue that was moved has another one now.
    """

    asked: str
    raw: dict[str, Any]
    histories: list[dict[str, Any]]
    comments: list[dict[str, Any]]


class Jira:
    """JIRA, read through a run's door. Refused when it does not take us for who we are."""

    def __init__(self, run: Run) -> None:
        settings = run.settings
        self.is_cloud = settings.jira_kind == "cloud"
        self._concurrency = settings.source_concurrency
        self.door = run.door(
            Site("JIRA", "CASEBOARD_JIRA_URL", (str(settings.jira_url),), reads=reads)
        )
        token = settings.jira_token or ""
        basic = (settings.jira_username or "", token) if settings.jira_username else None
        self._client = JIRA(
            server=str(settings.jira_url),
            options={"rest_api_version": "2", "check_update": False},
            basic_auth=basic,
            token_auth=None if basic else token,
            get_server_info=False,
            max_retries=0,
            timeout=settings.source_timeout,
        )
        self._client.deploymentType = "Cloud" if self.is_cloud else "Server"
        session = self.door.guard(self._client._session)  # noqa: SLF001 - the client's only way
        session.hooks["response"].append(see_that_we_are_known)
        self._greet()
        self.fields = self._resolve(
            {p: n for p, n in settings.jira_fields.items() if p not in WRITTEN}
        )

    def cards(self, condition: str) -> Iterator[list[Issue]]:
        """The issues that match a JQL condition, a page at a time, by ascending key."""
        for issues in self._pages(condition):
            yield self.at_once(lambda issue: self._whole(issue, issue["key"]), issues)

    def at_once(self, ask: Callable[[Thing], Told], things: Iterable[Thing]) -> list[Told]:
        """What `ask` tells of each of some things, several of them asked for at a time."""
        return list(ahead(ask, things, self._concurrency))

    def issues(
        self, keys: Sequence[str], known_hidden: Collection[str] = ()
    ) -> tuple[list[Issue], list[str]]:
        """Issues by their keys, at most PAGE of them; and the keys that JIRA does not show us.

        Those of `known_hidden` are not asked for one by one once more.
        """
        found = self._fetch(keys) if self.is_cloud else self._search_keys(list(keys))
        by_key = {issue["key"]: issue for issue in found}

        def one(key: str) -> Issue | None:
            raw = by_key.get(key)
            if raw is None and key not in known_hidden:
                raw = self._moved(key)
            return None if raw is None else self._whole(raw, key)

        told = dict(zip(keys, self.at_once(one, keys), strict=True))
        whole = [issue for issue in told.values() if issue is not None]
        return whole, [key for key, issue in told.items() if issue is None]

    def count(self, condition: str) -> int:
        """How many issues match a JQL condition; on Cloud JIRA calls its answer approximate."""
        if self.is_cloud:
            return int(self._ask(self._client.approximate_issue_count, condition))
        asked = {"jql": condition, "maxResults": 0, "fields": "key"}
        # The client takes a search for no issues for one of all.
        answer = self._ask(self._client._get_json, "search", params=asked)  # noqa: SLF001
        return int(answer.get("total", 0))

    def updates(self, condition: str) -> Iterator[dict[str, Any]]:
        """The issues that match a JQL condition, of their fields only `updated`."""
        for issues in self._pages(condition, (["updated"], "")):
            yield from issues

    def shown(self, keys: Sequence[str]) -> set[str]:
        """Those of at most PAGE keys under which JIRA shows an issue."""
        return set(self.values(keys, ("updated",)))

    def values(
        self, keys: Sequence[str], fields: Sequence[str], expand: str = ""
    ) -> dict[str, dict[str, Any]]:
        """Some fields of issues, at most PAGE of them, by key, as JIRA's JSON.

        Without those that JIRA does not show us, or that have another key now.
        """
        asked = (list(fields), expand)
        some = self._fetch if self.is_cloud else self._search_keys
        found = some(list(keys), asked)
        return {issue["key"]: issue for issue in found if issue["key"] in keys}

    def remote_links(self, key: str) -> list[dict[str, Any]]:
        """The objects that an issue links outside of JIRA: url, title."""
        return [
            dict(link.raw.get("object", {})) for link in self._ask(self._client.remote_links, key)
        ]

    def call(
        self, method: str, path: str, body: Any = None, *, agile: bool = False, **asked: str
    ) -> Any:
        """Ask for something, or change it, by its path in the API; the answer's JSON, or None.

        `agile` is the API of boards and sprints; `asked` are parameters of the address.
        """
        base = "{server}/rest/agile/1.0/{path}" if agile else self._client.JIRA_BASE_URL
        url = self._client._get_url(path, base=base)  # noqa: SLF001 - the client's only way
        given = {} if body is None else {"json": body}
        session = self._client._session  # noqa: SLF001
        answer = self._ask(session.request, method, url, params=asked, **given)
        return answer.json() if answer.content else None

    def since(self, watermark: datetime, overlap: timedelta) -> str:
        """JQL for what was updated since an instant.

        In minutes before JIRA's own now, because a date in JQL is read in the zone of our account.
        """
        age = self.door.now() - watermark + overlap
        minutes = max(1, int(age.total_seconds() // 60) + 2)
        return f'updated >= "-{minutes}m"'

    def _greet(self) -> None:
        try:
            self._ask(self._client.myself)
        except Refused as fault:
            if fault.status in {401, 403}:
                raise Refused(
                    "JIRA does not know us by CASEBOARD_JIRA_TOKEN"
                    f"{' and CASEBOARD_JIRA_USERNAME' if self.is_cloud else ''}; the token may "
                    "have ended (Cloud: after a year at most). Make a new one.",
                    fault.status,
                ) from None
            raise

    def _resolve(self, wanted: Any) -> dict[str, str]:
        """The ids of custom fields by purpose, found by name; Refused when a name tells none."""
        self._known_fields = self._ask(self._client.fields)
        # The client would ask for the fields once more to translate names, which we do not need.
        self._client._fields_cache_value = {"issuekey": "issuekey"}  # noqa: SLF001
        return {purpose: self.custom(purpose, name) for purpose, name in wanted.items()}

    def custom(self, purpose: str, name: str) -> str:
        """The id of a custom field by its name or id; Refused when that tells none, or several."""
        return field_id(self._known_fields, purpose, name)

    def _pages(self, condition: str, asked: Asked | None = None) -> Iterator[list[dict[str, Any]]]:
        if self.is_cloud:
            search = self._client.enhanced_search_issues
            return token_pages(
                condition,
                lambda jql, token: self._search(search, jql, asked, nextPageToken=token),
            )
        search = self._client.search_issues
        return key_pages(condition, lambda jql: self._search(search, jql, asked, startAt=0))

    def _search(self, search: Any, jql: str, asked: Asked | None = None, **place: Any) -> Any:
        """One page of a search, as JIRA's JSON."""
        fields, expand = asked or self._whole_fields()
        place |= {"fields": fields, "expand": expand or None, "json_result": True}
        return self._ask(search, jql, maxResults=PAGE, **place)

    def _fetch(self, keys: Sequence[str], asked: Asked | None = None) -> list[dict[str, Any]]:
        fields, expand = asked or self._whole_fields()
        body = {
            "issueIdsOrKeys": list(keys),
            "fields": fields,
            "expand": expand.split(",") if expand else [],
        }
        url = self._client._get_url("issue/bulkfetch")  # noqa: SLF001
        answer = self._ask(self._client._session.post, url, json=body)  # noqa: SLF001
        return issues_of(answer.json())

    def _search_keys(self, keys: list[str], asked: Asked | None = None) -> list[dict[str, Any]]:
        """Issues by key; one key that is hidden fails the whole search, so it is left out."""
        if not keys:
            return []
        quoted = ", ".join(f'"{key}"' for key in keys)
        try:
            jql = f"key in ({quoted})"
            answer = self._search(self._client.search_issues, jql, asked, startAt=0)
        except Refused as fault:
            if fault.status != 400:
                raise
            named = [key for key in keys if f"'{key}'" in str(fault)]
            if named:
                left = [key for key in keys if key not in named]
                return self._search_keys(left, asked)
            if len(keys) == 1:
                return []
            half = len(keys) // 2
            return self._search_keys(keys[:half], asked) + self._search_keys(keys[half:], asked)
        return issues_of(answer)

    def _moved(self, key: str) -> dict[str, Any] | None:
        """An issue by a key that it may have had before; None when it is not there for us."""
        try:
            fields, expand = self._whole_fields()
            issue = self._ask(self._client.issue, key, fields=",".join(fields), expand=expand)
        except Refused as fault:
            if fault.status in {403, 404}:
                return None
            raise
        return dict(issue.raw)

    def _whole(self, raw: dict[str, Any], asked: str) -> Issue:
        """An issue with what a search leaves out of its changelog and comments."""
        key = raw["key"]
        changelog = raw.get("changelog") or {}
        histories = list(changelog.get("histories") or [])
        changes = int(changelog.get("total", len(histories)))
        if changes > len(histories) and self.is_cloud:
            histories = self._all(f"issue/{key}/changelog", "values", changes)
        told = (raw.get("fields") or {}).get("comment") or {}
        comments = list(told.get("comments") or [])
        written = int(told.get("total", len(comments)))
        if written > len(comments):
            comments = self._all(f"issue/{key}/comment", "comments", written)
        return Issue(asked, raw, histories, comments)

    def _all(self, path: str, items: str, expected: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = self._ask(
                self._client._get_json,  # noqa: SLF001 - the client has no paging for these
                path,
                params={"startAt": len(found), "maxResults": PAGE},
            )
            page = answer.get(items) or []
            found += page
            if not page and len(found) < expected:
                raise Later(f"JIRA showed {len(found)} of {expected} entries of {path}.")
            if not page or len(found) >= int(answer.get("total", 0)):
                return found

    def _whole_fields(self) -> Asked:
        return [*PLAIN_FIELDS, *self.fields.values()], EXPAND

    def _ask(self, call: Any, *given: Any, **named: Any) -> Any:
        """Call the client; its errors become ours."""
        try:
            return call(*given, **named)
        except JIRAError as error:
            raise refusal(error) from None
        except (KeyError, TypeError, AttributeError, NotImplementedError) as error:
            # The client stumbles over an answer that lacks what it should have.
            raise Later(f"JIRA answered in a form that was not expected ({error}).") from None
