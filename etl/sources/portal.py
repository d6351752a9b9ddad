"""The customer portal: token, search, details (plain REST; docs/sources.md tells the protocol).

A search never gives more than its first 10,000 results and has no order to rely on, so cases are
asked for in windows of time that each fit into one answer: nothing can slip between two pages.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from requests import PreparedRequest, Response

from app.settings import Settings, variable
from etl.errors import Later, Missing, Refused
from etl.http import Door, Site
from etl.run import Run

FIELDS = (
    "case_number,case_account_name,case_summary,case_description,case_owner,case_status,"
    "case_severity,case_createdDate,case_lastModifiedDate,case_closedDate,case_product,"
    "case_version,case_tags"
)
NEEDS = ("portal_url", "portal_token_url", "portal_offline_token")
CLIENT_ID = "rhsm-api"
RESULT_WINDOW = 10_000
EARLY_SECONDS = 20.0
FIRST_WIDTH, WIDEST = 30 * 86_400.0, 3_650 * 86_400.0
TOMORROW = timedelta(days=1)
SECOND = timedelta(seconds=1)
FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)
FILL = 0.8
PAGING_TRIES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search: how many cases match, and those that were sent."""

    total: int
    docs: list[dict[str, Any]]


class Portal:
    """The portal, read through a run's door."""

    def __init__(self, run: Run) -> None:
        settings = run.settings
        self._token = _Token(settings)
        self.door: Door = run.door(
            Site(
                "The customer portal",
                "CASEBOARD_PORTAL_URL",
                (str(settings.portal_url), str(settings.portal_token_url)),
                reads=self._token.asked_by,
                bearer=self._token.header,
            )
        )
        self._token.door = self.door
        self._session = self.door.session()
        self._url, self._query = str(settings.portal_url), settings.portal_query
        self.page = settings.portal_page_size

    def search(self, condition: str = "", *, start: int = 0, rows: int | None = None) -> Found:
        """The cases that match the configured query and a condition, from place `start` on.

        At most `rows` of them, a page by default.
        """
        query = f"({self._query}){f' AND {condition}' if condition else ''}"
        asked = {
            "q": query,
            "fl": FIELDS,
            "rows": min(rows or self.page, RESULT_WINDOW - start),
            "start": start,
            "partnerSearch": "false",
        }
        answer = self._get("/search/cases", asked)
        if not answer.ok:
            raise _refusal(answer, "the search for cases", "CASEBOARD_PORTAL_QUERY")
        told = answer.json()
        try:
            response = told["response"]
            return Found(int(response["numFound"]), list(response["docs"]))
        except (KeyError, TypeError, ValueError):
            raise Later("The customer portal answered a search without results or count.") from None

    def details(self, number: str) -> dict[str, Any]:
        """All that the portal tells of one case; Missing when it does not give it to us."""
        answer = self._get(f"/v1/cases/{number}")
        if answer.status_code in {403, 404}:
            raise Missing(f"answered {answer.status_code}")
        if not answer.ok:
            raise _refusal(answer, f"the details of case {number}", "CASEBOARD_PORTAL_URL")
        told = answer.json()
        if not isinstance(told, dict) or not told.get("caseNumber"):
            raise Later(f"The customer portal answered the details of case {number} with none.")
        return told

    def issues(self, number: str) -> list[dict[str, Any]]:
        """The JIRA issues that one case links; Missing when the portal does not tell."""
        answer = self._get(f"/cases/{number}/jiras")
        if answer.status_code in {403, 404}:
            raise Missing(f"answered {answer.status_code}")
        if not answer.ok:
            raise _refusal(answer, f"the issues of case {number}", "CASEBOARD_PORTAL_URL")
        told = answer.json()
        return (
            [issue for issue in told if isinstance(issue, dict)] if isinstance(told, list) else []
        )

    def attachments(self, number: str) -> list[Any]:
        """What the portal tells of each file of one case; Missing when it does not tell us."""
        # Installations differ in where they tell it, and answer 404 elsewhere.
        for path in (f"/cases/{number}/attachments/", f"/v1/cases/{number}/attachments/"):
            answer = self._get(path)
            if answer.status_code != HTTPStatus.NOT_FOUND:
                break
        if answer.status_code in {403, 404}:
            raise Missing(f"answered {answer.status_code}")
        if not answer.ok:
            raise _refusal(answer, f"the attachments of case {number}", "CASEBOARD_PORTAL_URL")
        told = [] if answer.status_code == HTTPStatus.NO_CONTENT else answer.json()
        listed = told.get("attachments") if isinstance(told, dict) else told
        if not isinstance(listed, list):
            raise Later(f"The customer portal answered the attachments of case {number} with none.")
        return listed

    def change(self, method: str, path: str, body: Any = None) -> Response:
        """Send what changes something at the portal; Refused by the door while read-only."""
        return self._session.request(
            method, f"{self._url}{path}", json=body, headers={"Accept": "application/json"}
        )

    def windows(
        self, field: str, since: datetime | None
    ) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """All matching cases whose `field` lies at or after `since`, newest windows first.

        Yields (how many match in all, the cases of one window). A case may come twice.
        """
        lower = f"{since:%Y-%m-%dT%H:%M:%SZ}" if since else "*"
        whole = self.search(f"{field}:[{lower} TO *]" if since else "")
        if whole.total <= len(whole.docs):
            yield whole.total, whole.docs
            return
        yield from ((whole.total, docs) for docs in self._split(field, since, whole))

    def _split(
        self, field: str, since: datetime | None, whole: Found
    ) -> Iterator[list[dict[str, Any]]]:
        floor = since or FIRST_DAY
        # The newest window has no end, so that what changes meanwhile is in it.
        top: datetime | None = None
        latest = self.door.now().replace(microsecond=0) + TOMORROW
        width, room = FIRST_WIDTH, max(1, len(whole.docs))
        while top is None or top >= floor:
            end = top or latest
            start = max(floor, end - timedelta(seconds=int(width)))
            lower = "*" if since is None and start == floor else _told(start)
            found = self.search(f"{field}:[{lower} TO {_told(top)}]")
            if found.total <= len(found.docs):
                yield found.docs
                top = start - SECOND
                width = min(max(width, 1.0) * _growth(found.total, room), WIDEST)
            elif start < end:
                # A server may send fewer than asked for: what it sent is what fits.
                room = max(1, len(found.docs))
                share = min(0.5, room * FILL / found.total)
                top, width = end, (end - start).total_seconds() * share
            else:
                yield from self._one_second(field, end, found)
                top = end - SECOND

    def _one_second(
        self, field: str, moment: datetime, first: Found
    ) -> Iterator[list[dict[str, Any]]]:
        """The cases of one and the same second: in one answer, else by their places in it."""
        condition = f"{field}:[{_told(moment)} TO {_told(moment)}]"
        for _ in range(PAGING_TRIES):
            first = self.search(condition, rows=first.total + self.page)
            docs = {doc.get("case_number"): doc for doc in first.docs}
            start = len(first.docs)
            while start < min(first.total, RESULT_WINDOW):
                page = self.search(condition, start=start)
                if not page.docs:
                    break
                docs |= {doc.get("case_number"): doc for doc in page.docs}
                start += len(page.docs)
            if len(docs) >= first.total:
                yield list(docs.values())
                return
        raise Later(
            f"The customer portal has {first.total} cases of the second {_told(moment)} and does "
            "not show all of them."
        )

    def _get(self, path: str, asked: dict[str, Any] | None = None) -> Response:
        return self._session.get(
            f"{self._url}{path}", params=asked, headers={"Accept": "application/json"}
        )


def connected(settings: Settings, what: str) -> Portal:
    """The portal for one question outside of any sync; Refused when it is not connected.

    `what` names the question in logs.
    """
    lacking = [variable(name) for name in NEEDS if not getattr(settings, name)]
    if lacking:
        raise Refused(f"The customer portal is not connected; set {', '.join(lacking)}.")
    return Portal(Run(0, what, "portal", full=False, settings=settings))


class _Token:
    """The access token, made from the offline token when needed, renewed a little early."""

    def __init__(self, settings: Settings) -> None:
        self._url = str(settings.portal_token_url)
        self._offline = settings.portal_offline_token
        self._lock = threading.Lock()
        self._access, self._ends = "", 0.0
        self.door: Door | None = None

    def asked_by(self, request: PreparedRequest) -> bool:
        """Whether a POST asks for a token, and so only reads."""
        return str(request.url) == self._url

    def header(self, url: str, renew: bool) -> str | None:
        """The Authorization header; a token that was refused (`renew`) is replaced."""
        if url == self._url:
            return None
        with self._lock:
            if renew or time.monotonic() >= self._ends:
                self._fetch()
            return f"Bearer {self._access}"

    def _fetch(self) -> None:
        assert self.door is not None  # noqa: S101 - set together with the door
        asked = {
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "refresh_token": self._offline or "",
        }
        answer = self.door.session().post(self._url, data=asked)
        told = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        if not answer.ok or not isinstance(told, dict) or not told.get("access_token"):
            reason = told.get("error_description") or told.get("error") or answer.status_code
            raise Refused(
                f"The customer portal gives no access token ({str(reason)[:200]}). Make a new "
                "offline token and set CASEBOARD_PORTAL_OFFLINE_TOKEN; one that is not used for 30 "
                "days ends.",
                answer.status_code,
            )
        self._access = str(told["access_token"])
        self._ends = time.monotonic() + max(0.0, float(told.get("expires_in", 60)) - EARLY_SECONDS)


def _growth(total: int, room: int) -> float:
    """By how much the next window may be wider than the last, which held `total` of `room`."""
    return 8.0 if total == 0 else max(0.5, min(4.0, room * FILL / total))


def _told(moment: datetime | None) -> str:
    return "*" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _refusal(answer: Response, what: str, setting: str) -> Refused:
    words = {
        401: "does not accept our token for",
        403: "forbids us",
        404: "does not know",
        410: "no longer has",
    }.get(answer.status_code, f"answered {answer.status_code} to")
    is_json = "json" in answer.headers.get("Content-Type", "")
    body = answer.text[:200].replace("\n", " ") if is_json else ""
    told = (
        f"The customer portal {words} {what}. Check {setting} and the rights of its token. {body}"
    )
    return Refused(told.strip(), answer.status_code)
