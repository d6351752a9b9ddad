"""The three sources as HTTP servers on this machine, and a way to control them."""

import json
import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from etl.sandbox import jira, portal
from etl.sandbox.answers import Answer, json_answer
from etl.sandbox.bugzilla import API_KEY, Bugzilla
from etl.sandbox.faults import Fault, Faults
from etl.sandbox.jira import Jira
from etl.sandbox.jira_writes import BOARD_NAME
from etl.sandbox.model import ESCALATION_LABEL, TEAM_LABEL, WANTED_TAG, Gone
from etl.sandbox.people import NAMES as NAMES_OF_PEOPLE
from etl.sandbox.people import person
from etl.sandbox.portal import Portal
from etl.sandbox.world import World

HOST = "127.0.0.1"
NAMES = ("portal", "jira", "bugzilla")
DRIP_SECONDS = 0.2
HTML = b"<html><body><h1>Please log in</h1></body></html>"
EMPTY = {
    "/search/cases": {"response": {"numFound": 0, "start": 0, "docs": []}},
    "/search/jql": {"issues": [], "isLast": True},
    "/search": {"issues": [], "total": 0, "startAt": 0, "maxResults": 100},
    "/issue/bulkfetch": {"issues": [], "issueErrors": []},
    "/rest/bug": {"bugs": [], "total_matches": 0},
}
# What people may do to the world by /control.
MUTATIONS = (
    "add_case", "change_case", "retag", "close_case", "reopen_case", "delete_case", "add_comment",
    "edit_comment", "delete_comment", "add_attachment", "link_bug", "unlink_bug",
    "link_issue", "add_card", "change_issue", "retitle_card", "delete_issue", "hide_issue",
    "comment_card", "edit_card_comment", "delete_card_comment", "change_bug", "restrict_bug",
)  # fmt: skip

Hook = Callable[[World, str, str], None]


class Sandbox:
    """Serves a world from `with` to its end; `ports` 0 means any.

    `requests` counts the requests of each source, `paths` those of each path; `latency` seconds
    pass before each answer; each of `hooks` is called before one with (world, source, path), and
    `asked` with (source, request).
    """

    def __init__(
        self,
        world: World,
        *,
        jira_kind: str = "cloud",
        ports: tuple[int, int, int] = (0, 0, 0),
        rest: bool = True,
        trackers: bool = True,
        zone: str = "America/New_York",
        host: str = HOST,
        known_as: str | None = None,
    ) -> None:
        self.world, self.jira_kind, self.faults = world, jira_kind, Faults()
        self.portal = Portal(world, trackers=trackers)
        self.jira = Jira(world, jira_kind, zone)
        self.bugzilla = Bugzilla(world, rest=rest)
        self.requests: Counter[str] = Counter()
        self.paths: Counter[str] = Counter()
        self.hooks: list[Hook] = []
        self.asked: Callable[[str, Request], None] | None = None
        self.latency = 0.0
        self._host, self._known_as = host, known_as or host
        self._ports, self._servers = ports, dict[str, BaseWSGIServer]()
        self._count = threading.Lock()

    def __enter__(self) -> Self:
        """Start the servers."""
        sources = {"portal": self.portal, "jira": self.jira, "bugzilla": self.bugzilla}
        for port, (name, source) in zip(self._ports, sources.items(), strict=True):
            application = self._application(name, source)
            server = make_server(
                self._host, port, application, threaded=True, request_handler=_Handler
            )
            server.daemon_threads = True  # type: ignore[attr-defined]
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            self._servers[name] = server
        self.jira.url = self.url("jira")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        self._servers.clear()

    def url(self, name: str) -> str:
        """The address of a source."""
        return f"http://{self._known_as}:{self._servers[name].server_port}"

    def environment(self) -> dict[str, str]:
        """The settings that connect Caseboard to the sandbox."""
        told = {
            "PORTAL_URL": self.url("portal") + portal.ROOT,
            "PORTAL_TOKEN_URL": self.url("portal") + portal.TOKEN_PATH,
            "PORTAL_OFFLINE_TOKEN": portal.OFFLINE_TOKEN,
            "PORTAL_QUERY": f"case_tags:*{WANTED_TAG}*",
            "JIRA_URL": self.url("jira"),
            "JIRA_KIND": self.jira_kind,
            "JIRA_TOKEN": jira.TOKEN,
            "JIRA_PROJECT": "FE",
            "JIRA_LABEL": TEAM_LABEL,
            "JIRA_BOARD": BOARD_NAME,
            "JIRA_CARD_TYPE": "Story",
            "TEAM": json.dumps(self._team()),
            "JIRA_ESCALATIONS_PROJECT": "ESC",
            "JIRA_ESCALATIONS_LABEL": ESCALATION_LABEL,
            "BUGZILLA_URL": self.url("bugzilla") + "/rest",
            "BUGZILLA_API_KEY": API_KEY,
        }
        if self.jira_kind == "cloud":
            told["JIRA_USERNAME"] = jira.USERNAME
        return {f"CASEBOARD_{name}": value for name, value in told.items()}

    def _team(self) -> list[dict[str, Any]]:
        """Some of the people as a team; on Cloud JIRA knows them by their account."""
        cloud = self.jira_kind == "cloud"
        people = map(person, NAMES_OF_PEOPLE[:6])
        return [
            {"name": one.name, "jira_user": one.account_id if cloud else one.username}
            for one in people
        ]

    def _application(self, name: str, source: Any) -> Callable[[Any, Any], Iterable[bytes]]:
        def application(environ: Any, start_response: Any) -> Iterable[bytes]:
            request = Request(environ)
            if request.path.startswith("/control"):
                answer, fault = self._control(request), None
            else:
                answer, fault = self._answer(name, source, request)
            return self._send(answer, fault)(environ, start_response)

        return application

    def _answer(self, name: str, source: Any, request: Request) -> tuple[Answer, Fault | None]:
        with self._count:
            self.requests[name] += 1
            self.paths[request.path] += 1
        if self.asked:
            self.asked(name, request)
        for hook in self.hooks:
            hook(self.world, name, request.path)
        self.world.advance()
        if self.latency:
            time.sleep(self.latency)
        fault = self.faults.strike(request.full_path, request.method)
        if fault is None or fault.kind in {"truncated", "drip"}:
            return source.answer(request), fault
        if fault.done:
            source.answer(request)
        return self._strike(fault, request), fault

    def _strike(self, fault: Fault, request: Request) -> Answer:
        match fault.kind:
            case "timeout":
                time.sleep(fault.seconds)
                return json_answer({"message": "late"}, 504)
            case "reset":
                _reset(request.environ["werkzeug.socket"])
                return json_answer({})
            case "html":
                return Answer(200, HTML, "text/html; charset=utf-8")
            case "empty":
                ends = [path for path in EMPTY if request.path.endswith(path)]
                return json_answer(EMPTY[max(ends, key=len)] if ends else _nothing(request.path))
        answer = json_answer({"errorMessages": ["made up"], "message": "made up"}, int(fault.kind))
        if fault.kind == "429" or (fault.kind == "503" and fault.seconds):
            later = self.world.now() + timedelta(seconds=fault.seconds)
            date = format_datetime(later, usegmt=True)
            answer.headers["Retry-After"] = date if fault.as_date else str(int(fault.seconds))
        return answer

    def _send(self, answer: Answer, fault: Fault | None) -> Response:
        body: Any = answer.body
        kind = fault.kind if fault else ""
        if kind == "truncated":
            body = body[: max(1, len(body) * 2 // 3)]
        response = Response(body, answer.status, content_type=answer.kind)
        if kind == "drip":
            response = Response(_drip(answer.body), answer.status, content_type=answer.kind)
            response.headers["Content-Length"] = str(len(answer.body))
        response.headers["Date"] = format_datetime(self.world.now(), usegmt=True)
        response.headers.update(answer.headers)
        return response

    def _control(self, request: Request) -> Answer:
        path = request.path.removeprefix("/control").strip("/")
        told: dict[str, Any] = json.loads(request.get_data() or b"{}")
        if path == "faults" and request.method == "DELETE":
            self.faults.clear()
        elif path == "faults" and request.method == "POST":
            self.faults.add(Fault(**told))
        elif path in MUTATIONS and request.method == "POST":
            try:
                return json_answer({"made": getattr(self.world, path)(**told)})
            except (Gone, ValueError, TypeError) as fault:
                return json_answer({"message": str(fault)}, 400)
        elif path:
            return json_answer({"message": f"There is no control {path!r}."}, 404)
        return json_answer(
            {
                "environment": self.environment(),
                "requests": dict(self.requests),
                "cases": len(self.world.cases.by_number),
                "open": sum(c.closed is None for c in self.world.cases.by_number.values()),
            }
        )


class _Handler(WSGIRequestHandler):
    """Keeps connections open, and does not tell of every request."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Nothing."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without the server's own Date: the sources' clock is the world's."""
        self.send_response_only(code, message)


def _nothing(path: str) -> Any:
    lists = ("/jiras", "/remotelink", "/field", "/comments", "/attachments/")
    return [] if path.endswith(lists) else {}


def _drip(body: bytes) -> Iterator[bytes]:
    for place in range(len(body)):
        time.sleep(DRIP_SECONDS)
        yield body[place : place + 1]


def _reset(connection: socket.socket) -> None:
    """End a connection as a crashed host does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The server's own file of the connection would keep it open.
    os.close(connection.detach())
