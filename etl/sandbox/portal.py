"""The customer portal: token, search, details, linked issues."""

import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from werkzeug.wrappers import Request

from etl.sandbox.answers import Answer, json_answer
from etl.sandbox.attachments import made_up
from etl.sandbox.chance import chance
from etl.sandbox.model import Attachment, Case, Comment
from etl.sandbox.people import known, person
from etl.sandbox.solr import BadQuery, parse
from etl.sandbox.world import World

OFFLINE_TOKEN = "sandbox-offline-token"  # noqa: S105 - of a made-up portal
CLIENT_ID = "rhsm-api"
WINDOW = 10_000
DEFAULT_ROWS = 10
TOKEN_PATH = "/auth/realms/redhat-external/protocol/openid-connect/token"  # noqa: S105 - a path
ROOT = "/hydra/rest"


class Portal:
    """Answers the portal's requests.

    `token_seconds` is how long an access token lives; `clips`: past the window results are cut
    instead of refused; `trackers`: details tell the JIRA issues of a case.
    """

    def __init__(
        self,
        world: World,
        *,
        token_seconds: float = 300,
        clips: bool = False,
        trackers: bool = True,
    ) -> None:
        self.world, self.token_seconds, self.clips, self.trackers = (
            world,
            token_seconds,
            clips,
            trackers,
        )
        self._tokens: dict[str, float] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        path = request.path
        if path == TOKEN_PATH:
            return self._token(request)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, 0.0) < time.monotonic():
            return json_answer({"message": "Unauthorized"}, 401)
        path = path.removeprefix(ROOT)
        with self.world.lock:
            if path == "/search/cases":
                return self._search(request)
            if path == "/v1/ping":
                return json_answer({"status": "ok"})
            if found := re.fullmatch(r"/v1/cases/(\w+)/notifiedusers(?:/(.+))?", path):
                return self._watch(request, found[1], found[2])
            if found := re.fullmatch(r"/v1/cases/(\w+)(/comments)?", path):
                return self._case(found[1], comments_only=bool(found[2]))
            if found := re.fullmatch(r"(?:/v1)?/cases/(\w+)/attachments/?", path):
                return self._attachments(found[1])
            if found := re.fullmatch(r"/cases/(\w+)/jiras", path):
                return self._issues(found[1])
        return json_answer({"message": "Not found"}, 404)

    def _token(self, request: Request) -> Answer:
        form = request.form
        if form.get("grant_type") != "refresh_token" or form.get("client_id") != CLIENT_ID:
            return json_answer({"error": "invalid_client"}, 400)
        if form.get("refresh_token") != OFFLINE_TOKEN:
            fault = {
                "error": "invalid_grant",
                "error_description": "Offline user session not found",
            }
            return json_answer(fault, 400)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + self.token_seconds
        told: dict[str, Any] = {
            "access_token": token,
            "expires_in": self.token_seconds,
            "token_type": "Bearer",
        }
        return json_answer(told)

    def expire_tokens(self) -> None:
        """Let every access token end now."""
        self._tokens.clear()

    def _search(self, request: Request) -> Answer:
        try:
            test = parse(request.args.get("q", ""))
            rows = min(int(request.args.get("rows", DEFAULT_ROWS)), WINDOW)
            start = int(request.args.get("start", 0))
        except (BadQuery, ValueError) as fault:
            return json_answer({"error": {"msg": str(fault), "code": 400}}, 400)
        if start + rows > WINDOW:
            if not self.clips:
                return json_answer({"error": {"msg": "start + rows exceeds 10000"}}, 400)
            rows = max(0, WINDOW - start)
        found = [case for case in self.world.cases.by_number.values() if test(_fields(case))]
        # The order of an index means nothing.
        found.sort(key=lambda case: (case.place, case.number))
        names = request.args.get("fl", "*").split(",")
        docs = [_doc(case, names) for case in found[start : start + rows]]
        return json_answer({"response": {"numFound": len(found), "start": start, "docs": docs}})

    def _case(self, number: str, *, comments_only: bool) -> Answer:
        case = self.world.cases.by_number.get(number)
        if case is None:
            return json_answer({"message": f"Case {number} not found"}, 404)
        if comments_only:
            return json_answer([_comment(case, comment) for comment in case.comments])
        return json_answer(self._details(case))

    def _details(self, case: Case) -> dict[str, Any]:
        told: dict[str, Any] = {
            "caseNumber": case.number,
            "summary": case.summary,
            "status": case.status,
            "createdDate": stamp(case.created),
            "lastModifiedDate": stamp(case.modified),
            "comments": [_comment(case, comment) for comment in case.comments],
            "isClosed": case.closed is not None,
        }
        if case.crit_sit:
            told["critSit"] = True
        if case.group:
            told["groupName"] = case.group
        if case.notified:
            told["notifiedUsers"] = [{"ssoUsername": person(n).username} for n in case.notified]
        for name, moment in (("reliefAt", case.relief), ("resolvedAt", case.resolved)):
            if moment is not None:
                milliseconds = int(moment.timestamp() * 1000)
                told[name] = stamp(moment) if case.iso_stamps else milliseconds
        if case.bugs:
            told["bugzillas"] = [self._bug(case, bug) for bug in case.bugs]
        if self.trackers:
            told["externalTrackers"] = [
                {"resourceKey": key, "resourceURL": f"https://jira/browse/{key}", "system": "Jira"}
                for key in case.issues
            ]
        return told

    def _watch(self, request: Request, number: str, gone: str | None) -> Answer:
        """POST adds watchers by their user names, DELETE removes one."""
        case = self.world.cases.by_number.get(number)
        if case is None:
            return json_answer({"message": f"Case {number} not found"}, 404)
        if request.method == "DELETE" and gone:
            left = [name for name in case.notified if person(name).username != gone]
            if len(left) == len(case.notified):
                return json_answer({"message": f"{gone} is not notified"}, 404)
            self.world.change_case(number, notified=left)
            return Answer(204, b"")
        if request.method != "POST" or gone:
            return json_answer({"message": "Method not allowed"}, 405)
        asked = [str(user.get("ssoUsername")) for user in request.get_json()["user"]]
        names = [known(username) for username in asked]
        if None in names:
            return json_answer({"message": "Unknown user"}, 400)
        together = list(dict.fromkeys([*case.notified, *map(str, names)]))
        self.world.change_case(number, notified=together)
        return Answer(201, b"")

    def _bug(self, case: Case, bug: int) -> dict[str, Any]:
        known = self.world.bugs.by_id.get(bug)
        linked = case.bugs[bug].astimezone(UTC)
        return {
            "bugzillaNumber": str(bug),
            "bugzillaLink": f"https://bugzilla/show_bug.cgi?id={bug}",
            "caseNumber": case.number,
            "linkedAt": f"{linked:%Y-%m-%dT%H:%M:%S.%f}Z",
            "status": known.status if known else None,
            "summary": known.summary if known else None,
        }

    def _attachments(self, number: str) -> Answer:
        case = self.world.cases.by_number.get(number)
        if case is None:
            return json_answer({"message": f"Case {number} not found"}, 404)
        files = [file for file in made_up(case) if file.created <= self.world.now()]
        told = [_attachment(number, n, file) for n, file in enumerate(files + case.attachments)]
        return json_answer(told)

    def _issues(self, number: str) -> Answer:
        case = self.world.cases.by_number.get(number)
        if case is None:
            return json_answer({"message": f"Case {number} not found"}, 404)
        told = []
        for key in case.issues:
            issue = self.world.issues.by_key.get(key)
            entry = {"resourceKey": key, "resourceURL": f"https://jira/browse/{quote(key)}"}
            if issue is not None and not issue.hidden:
                entry |= {"title": issue.summary, "status": issue.status}
            told.append(entry)
        return json_answer(told)


def stamp(moment: datetime) -> str:
    """An instant as the portal writes it: whole seconds, UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _attachment(number: str, place: int, file: Attachment) -> dict[str, Any]:
    uuid = str(UUID(int=chance("uuid", number, place).getrandbits(128)))
    told = {
        "caseNumber": number,
        "uuid": uuid,
        "fileName": file.name,
        "fileType": file.kind,
        "size": file.size,
        "sizeKB": round(file.size / 1024, 1),
        "createdDate": stamp(file.created),
        "createdBy": file.author,
        "link": f"https://attachments.example.com{ROOT}/cases/{number}/attachments/{uuid}",
        "isPrivate": file.internal,
        "downloadRestricted": False,
    }
    return told | ({"description": file.description} if file.description else {})


def _tags(case: Case) -> list[str]:
    return [";".join(case.tags)] if case.joined_tags else list(case.tags)


def _fields(case: Case) -> dict[str, Any]:
    """A case as the index holds it."""
    return {
        "case_number": case.number,
        "case_account_name": case.account,
        "case_accountNumber": str(case.account_number),
        "case_summary": case.summary,
        "case_status": case.status,
        "case_createdDate": case.created,
        "case_lastModifiedDate": case.modified,
        "case_closedDate": case.closed,
        "case_product": [case.product] if case.product else None,
        "case_tags": _tags(case),
    }


def _doc(case: Case, names: list[str]) -> dict[str, Any]:
    severities = {1: "1 (Urgent)", 2: "2 (High)", 3: "3 (Normal)", 4: "4 (Low)"}
    whole = {
        **_fields(case),
        "case_description": case.description,
        "case_owner": case.owner,
        "case_version": case.version,
        "case_severity": severities.get(case.severity or 0),
        "case_bugzillaNumber": str(next(iter(case.bugs))) if case.bugs else None,
    }
    asked = whole if names == ["*"] else {name: whole.get(name) for name in names}
    return {
        name: stamp(value) if isinstance(value, datetime) else value
        for name, value in asked.items()
        if value is not None and value != ""
    }


def _comment(case: Case, comment: Comment) -> dict[str, Any]:
    return {
        "id": f"a0a{comment.id:08d}",
        "caseNumber": case.number,
        "createdBy": comment.author,
        "commentBody": comment.text,
        "createdDate": stamp(comment.created),
        "isPublic": not comment.internal,
        "createdByType": "Customer" if comment.customer else "Associate",
    }
