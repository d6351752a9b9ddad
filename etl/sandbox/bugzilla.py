"""Bugzilla by REST and by XML-RPC."""

import re
import xmlrpc.client
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request

from etl.sandbox.answers import Answer, json_answer
from etl.sandbox.model import Bug, BugChange
from etl.sandbox.world import World

API_KEY = "sandbox-bugzilla-key"
VERSION = "5.0.4"
LIMIT, MOST = 20, 1_000
XML = "text/xml"
US = "caseboard@example.com"
WHITEBOARD = "cf_internal_whiteboard"


class BugzillaFault(Exception):
    """What Bugzilla refuses, with its code."""

    def __init__(self, code: int, told: str, status: int = 400) -> None:
        super().__init__(told)
        self.code, self.status = code, status


class Bugzilla:
    """Answers Bugzilla's requests; without `rest` only XML-RPC is there.

    Without `has_whiteboard` nobody shows us that field.
    """

    def __init__(self, world: World, *, rest: bool = True) -> None:
        self.world, self.rest, self.has_whiteboard = world, rest, True

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        if request.path == "/xmlrpc.cgi":
            return self._xmlrpc(request)
        if not self.rest or not request.path.startswith("/rest/"):
            return Answer(404, b"<html><body>Not Found</body></html>", "text/html")
        try:
            with self.world.lock:
                return json_answer(self._rest(request))
        except BugzillaFault as fault:
            told = {"error": True, "code": fault.code, "message": str(fault)}
            return json_answer(told, fault.status)

    def _rest(self, request: Request) -> dict[str, Any]:
        path = request.path.removeprefix("/rest")
        if path == "/version":
            return {"version": VERSION}
        self._admit(_key(request))
        if path == "/whoami":
            return {"id": 1, "name": "caseboard@example.com"}
        names = [n for part in request.args.getlist("include_fields") for n in part.split(",")]
        if path == "/bug":
            return self._search(request, names)
        if found := re.fullmatch(r"/bug/(\w+)(/history)?", path):
            bug = self._visible(found[1])
            if request.method == "PUT" and not found[2]:
                return self._update([str(i) for i in request.get_json().get("ids") or [bug.id]],
                                    request.get_json())  # fmt: skip
            if found[2]:
                return {"bugs": [self._history(bug, _rest_time)]}
            return {"bugs": [self._shown(bug, names, _rest_time)]}
        raise BugzillaFault(32_614, "A REST API resource was not found", 404)

    def _search(self, request: Request, names: list[str]) -> dict[str, Any]:
        ids = [i for part in request.args.getlist("id") for i in part.split(",")]
        if not ids:
            raise BugzillaFault(1000, "You must give some search criteria")
        limit = int(request.args.get("limit", LIMIT)) or MOST
        start = int(request.args.get("offset", 0))
        found = [bug for i in ids if (bug := self._seen(i)) is not None]
        shown = found[start : start + min(limit, MOST)]
        told = [self._shown(bug, names, _rest_time) for bug in shown]
        return {"bugs": told, "total_matches": len(found)}

    def _update(self, ids: list[str], asked: dict[str, Any]) -> dict[str, Any]:
        """Only the whiteboard can be changed here; an old version knows no minor updates."""
        unknown = set(asked) - {"ids", "id", WHITEBOARD, "Bugzilla_api_key"}
        if not VERSION.startswith("5.0"):
            unknown -= {"minor_update"}
        if unknown or not isinstance(asked.get(WHITEBOARD), str):
            raise BugzillaFault(108, f"There is no field {min(unknown or {WHITEBOARD})!r}.")
        bugs = [self._visible(i) for i in ids]
        for bug in bugs:
            self.world.change_bug(bug.id, US, internal_whiteboard=asked[WHITEBOARD])
        return {"bugs": [{"id": bug.id, "changes": {}} for bug in bugs]}

    def _shown(self, bug: Bug, names: list[str], time: Any) -> dict[str, Any]:
        told = _told(bug, names, time)
        return {n: v for n, v in told.items() if self.has_whiteboard or n != WHITEBOARD}

    def _seen(self, name: str) -> Bug | None:
        bug = self.world.bugs.by_id.get(int(name)) if name.isdigit() else None
        return None if bug is None or bug.restricted else bug

    def _visible(self, name: str) -> Bug:
        if not name.isdigit():
            raise BugzillaFault(100, f"'{name}' is not a valid bug number nor an alias")
        bug = self.world.bugs.by_id.get(int(name))
        if bug is None:
            raise BugzillaFault(101, f"Bug #{name} does not exist.", 404)
        if bug.restricted:
            raise BugzillaFault(102, f"You are not authorized to access bug #{name}.", 401)
        return bug

    def _admit(self, key: str | None) -> None:
        if key != API_KEY:
            raise BugzillaFault(306, "The API key you specified is invalid.")

    def _history(self, bug: Bug, time: Any) -> dict[str, Any]:
        return {"id": bug.id, "alias": [], "history": [_change(c, time) for c in bug.history]}

    def _xmlrpc(self, request: Request) -> Answer:
        try:
            given, method = xmlrpc.client.loads(request.get_data())
            first = given[0] if given else {}
            asked: dict[str, Any] = first if isinstance(first, dict) else {}
            with self.world.lock:
                told = self._call(
                    str(method), asked, _key(request) or asked.get("Bugzilla_api_key")
                )
            body = xmlrpc.client.dumps((told,), methodresponse=True)
        except BugzillaFault as fault:
            body = xmlrpc.client.dumps(
                xmlrpc.client.Fault(fault.code, str(fault)), methodresponse=True
            )
        return Answer(200, body.encode(), XML)

    def _call(self, method: str, asked: dict[str, Any], key: str | None) -> dict[str, Any]:
        if method == "Bugzilla.version":
            return {"version": VERSION}
        self._admit(key)
        ids = [str(i) for i in asked.get("ids") or asked.get("id") or []]
        names = list(asked.get("include_fields") or [])
        if method == "Bug.get":
            return self._get(ids, names, permissive=bool(asked.get("permissive")))
        if method == "Bug.update":
            return self._update(ids, asked)
        if method == "Bug.history":
            return {"bugs": [self._history(self._visible(i), _xml_time) for i in ids]}
        if method == "Bug.search":
            found = [bug for i in ids if (bug := self._seen(i)) is not None]
            return {
                "bugs": [
                    self._shown(bug, names, _xml_time) for bug in found[: asked.get("limit", LIMIT)]
                ]
            }
        raise BugzillaFault(32_000, f"The method {method} does not exist")

    def _get(self, ids: list[str], names: list[str], *, permissive: bool) -> dict[str, Any]:
        bugs, faults = [], []
        for name in ids:
            try:
                bugs.append(self._shown(self._visible(name), names, _xml_time))
            except BugzillaFault as fault:
                if not permissive:
                    raise
                faults.append({"id": name, "faultCode": fault.code, "faultString": str(fault)})
        return {"bugs": bugs, "faults": faults}


def _key(request: Request) -> str | None:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ") or None
    own = request.headers.get("X-BUGZILLA-API-KEY")
    return own or bearer or request.args.get("Bugzilla_api_key")


def _told(bug: Bug, names: list[str], time: Any) -> dict[str, Any]:
    whole = {
        "id": bug.id,
        "summary": bug.summary,
        "status": bug.status,
        "resolution": bug.resolution,
        "severity": bug.severity,
        "priority": bug.priority,
        "product": bug.product,
        "component": [bug.component],
        "version": [bug.version],
        "target_release": bug.target_release,
        "target_milestone": "---",
        "assigned_to": bug.assigned_to,
        "qa_contact": bug.qa_contact,
        "creation_time": time(bug.created),
        "last_change_time": time(bug.changed),
        "keywords": bug.keywords,
        WHITEBOARD: bug.internal_whiteboard,
        "alias": [],
    }
    return {name: whole[name] for name in names or whole if name in whole}


def _change(change: BugChange, time: Any) -> dict[str, Any]:
    changes = [
        {"field_name": n, "removed": before, "added": after} for n, before, after in change.changes
    ]
    return {"when": time(change.when), "who": change.who, "changes": changes}


def _rest_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _xml_time(moment: datetime) -> xmlrpc.client.DateTime:
    return xmlrpc.client.DateTime(moment.astimezone(UTC).replace(tzinfo=None))
