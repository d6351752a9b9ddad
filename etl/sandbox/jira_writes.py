"""JIRA's writes: issues made and changed, transitions, comments, links, watchers, sprints."""

import re
from typing import Any

import orjson
from werkzeug.wrappers import Request

from etl.sandbox.answers import Answer, json_answer
from etl.sandbox.issue_json import CUSTOM, Writer
from etl.sandbox.jql import sprint_name
from etl.sandbox.model import Gone, Issue
from etl.sandbox.people import NAMES, person
from etl.sandbox.world import World

US = "Caseboard"
AGILE = "/rest/agile/1.0"
BOARD, BOARD_NAME = 7, "Field Board"
BOARDS_AT_ONCE = 50
ACTIVE_SPRINT = 12
COMPONENTS = ("Field", "Networking")
TYPES = ("Story", "Task", "Bug")
PRIORITY_NAMES = ("Critical", "Major", "Normal", "Minor")
# Id and name of each transition, and where it leads: ids and names say nothing of the status.
TRANSITIONS = {
    "11": ("Reset", "New"), "21": ("Plan", "To Do"), "31": ("Start", "In Progress"),
    "41": ("Review", "Code Review"), "51": ("Test", "QE Review"), "61": ("Block", "Blocked"),
    "71": ("Finish", "Done"), "81": ("Open", "Open"), "91": ("Close", "Closed"),
}  # fmt: skip
PLAIN = {"summary", "description", "labels", "priority", "components", "assignee", "issuetype"}
LONGEST_SUMMARY, LONGEST_TEXT = 255, 32_767


class Refusal(Exception):
    """What JIRA refuses: a message a field."""

    def __init__(self, errors: dict[str, str], status: int = 400) -> None:
        super().__init__(str(errors))
        self.errors, self.status = errors, status


class JiraWrites:
    """Answers what changes JIRA, and the few reads that go with it; None for anything else.

    `boards` by their ids, `sprints` are those that are active, `left` the people who are no more.
    """

    def __init__(self, world: World, *, is_cloud: bool) -> None:
        self.world, self.is_cloud = world, is_cloud
        self.boards = {BOARD: BOARD_NAME, BOARD + 1: f"Old {BOARD_NAME}"}
        self.sprints = [ACTIVE_SPRINT]
        self.left: set[str] = set()

    def answer(self, request: Request, path: str, writer: Writer) -> Answer | None:
        """The answer to a request, None when it is about something else."""
        try:
            if path.startswith(AGILE):
                return self._agile(request, path.removeprefix(AGILE))
            if path == "/user/search" and request.method == "GET":
                return self._people(request.args.get("query", ""), writer)
            if path == "/issue" and request.method == "POST":
                return self._create(request, writer)
            if found := re.fullmatch(r"/issue/([\w-]+)(/\w+)?(?:/(\w+))?", path):
                return self._one(request, found[1], found[2] or "", found[3], writer)
        except Refusal as fault:
            told = {"errorMessages": [], "errors": fault.errors}
            return json_answer(told, fault.status)
        return None

    def _one(
        self, request: Request, key: str, part: str, number: str | None, writer: Writer
    ) -> Answer | None:
        asked = (request.method, part)
        known = {
            ("PUT", ""), ("GET", "/transitions"), ("POST", "/transitions"), ("POST", "/comment"),
            ("DELETE", "/comment"), ("POST", "/remotelink"), ("DELETE", "/remotelink"),
            ("GET", "/watchers"), ("POST", "/watchers"), ("DELETE", "/watchers"),
        }  # fmt: skip
        if asked not in known:
            return None
        issue = self.world.issues.shown(key)
        if issue is None:
            raise Refusal({"key": "Issue does not exist or you do not have permission"}, 404)
        match asked:
            case "PUT", "":
                told = _body(request)
                fields = self._fields(told.get("fields") or {}, writer)
                self._change(issue, fields | self._added(issue, told.get("update") or {}, writer))
            case "GET", "/transitions":
                steps = [
                    {"id": i, "name": name, "to": {"name": status}}
                    for i, (name, status) in TRANSITIONS.items()
                    if status != issue.status
                ]
                return json_answer({"transitions": steps})
            case "POST", "/transitions":
                self._transit(issue, str((_body(request).get("transition") or {}).get("id")))
            case "POST", "/comment":
                text = self._text(_body(request).get("body"), "comment")
                made = self.world.comment_card(issue.key, text, US)
                return json_answer(writer.comment(issue.comments[-1]) | {"id": str(made)}, 201)
            case "DELETE", "/comment":
                try:
                    self.world.delete_card_comment(issue.key, int(number or 0))
                except Gone as fault:
                    raise Refusal({"comment": str(fault)}, 404) from None
            case _, "/remotelink":
                return self._link(request, issue)
            case _:
                return self._watch(request, issue, writer)
        return Answer(204, b"")

    def _create(self, request: Request, writer: Writer) -> Answer:
        told = _body(request).get("fields") or {}
        project = (told.get("project") or {}).get("key")
        if project not in self.world.issues.by_project:
            raise Refusal({"project": "valid project is required"})
        if not told.get("summary"):
            raise Refusal({"summary": "You must specify a summary of the issue."})
        if not told.get("issuetype"):
            raise Refusal({"issuetype": "issue type is required"})
        fields = self._fields({n: v for n, v in told.items() if n != "project"}, writer)
        now = self.world.now()
        key = self.world.issues.make(
            now, Issue(project, created=now, updated=now, reporter=US, **fields)
        )
        issue = self.world.issues.get(key)
        # What the board of the world's truth goes by.
        issue.case = (re.match(r"(\d{6,9}):", issue.summary) or [None, None])[1]
        made = {"id": str(issue.id), "key": key, "self": f"{writer.url}/rest/api/2/issue/{key}"}
        return json_answer(made, 201)

    def _fields(self, told: dict[str, Any], writer: Writer) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        custom = {writer.custom(purpose): purpose for purpose in CUSTOM}
        for name, value in told.items():
            if custom.get(name) == "private_keywords":
                fields["private_keywords"] = self._text(value, name) or None
            elif name not in PLAIN:
                raise Refusal({name: f"Field '{name}' cannot be set."})
            else:
                fields[name] = self._plain(name, value, writer)
        return fields

    def _added(self, issue: Issue, told: dict[str, Any], writer: Writer) -> dict[str, Any]:
        """Labels that are added to those that are there, which is all that is known here."""
        labels = list(issue.labels)
        for name, steps in told.items():
            for step in steps:
                if name != "labels" or set(step) != {"add"}:
                    raise Refusal({name: f"Field '{name}' cannot be set."})
                labels += [step["add"]] if step["add"] not in labels else []
        return {"labels": self._plain("labels", labels, writer)} if told else {}

    def _plain(self, name: str, value: Any, writer: Writer) -> Any:
        match name:
            case "summary":
                text = str(value)
                if "\n" in text or "\r" in text or len(text) > LONGEST_SUMMARY:
                    raise Refusal({"summary": "The summary is invalid: newline or over 255."})
                return text
            case "description":
                return self._text(value, name)
            case "labels":
                if not isinstance(value, list) or any(" " in str(one) for one in value):
                    raise Refusal({"labels": "The label contains spaces which is invalid."})
                return [str(one) for one in value]
            case "priority" | "issuetype":
                known = PRIORITY_NAMES if name == "priority" else TYPES
                if value.get("name") not in known:
                    raise Refusal({name: f"The {name} selected is invalid."})
                return value["name"]
            case "components":
                names = [one.get("name") for one in value]
                if set(names) - set(COMPONENTS):
                    raise Refusal({"components": "Component name is not valid"})
                return names
        return self._person(value, writer)

    def _person(self, value: Any, writer: Writer) -> str | None:
        if value is None:
            return None
        field = "accountId" if self.is_cloud else "name"
        asked = value.get(field) if isinstance(value, dict) else value
        for name in NAMES:
            told = writer.person(name) or {}
            if told.get(field) == asked and name not in self.left:
                return name
        raise Refusal({"assignee": f"User '{asked}' does not exist."})

    def _text(self, value: Any, name: str) -> str:
        # ADF belongs to version 3 of the API.
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise Refusal({name: "Operation value must be a string of at most 32767 characters"})
        return value

    def _change(self, issue: Issue, fields: dict[str, Any]) -> None:
        self.world.change_issue(issue.key, US, **fields)

    def _transit(self, issue: Issue, number: str) -> None:
        known = TRANSITIONS.get(number)
        if known is None or known[1] == issue.status:
            raise Refusal({"transition": "It is not on the appropriate workflow"})
        self._change(issue, {"status": known[1]})

    def _link(self, request: Request, issue: Issue) -> Answer:
        if request.method == "DELETE":
            before = len(issue.links)
            name = request.args.get("globalId")
            issue.links[:] = [x for x in issue.links if not name or x.global_id != name]
            return Answer(204 if len(issue.links) < before else 404, b"")
        told = _body(request)
        target = told.get("object") or {}
        if not target.get("url") or not target.get("title"):
            raise Refusal({"url": "'url' and 'title' are required."})
        name = told.get("globalId")
        known = next((x for x in issue.links if name and x.global_id == name), None)
        if known is None:
            url, title = target["url"], target["title"]
            self.world.issues.link(self.world.now(), issue.key, url, title, name)
            return json_answer({"id": issue.links[-1].id}, 201)
        known.url, known.title = target["url"], target["title"]
        return json_answer({"id": known.id})

    def _watch(self, request: Request, issue: Issue, writer: Writer) -> Answer:
        if request.method == "GET":
            return json_answer({"watchers": [writer.person(name) for name in issue.watchers]})
        asked = (
            request.args.get("accountId") or request.args.get("username")
            if request.method == "DELETE"
            else orjson.loads(request.get_data() or b"null")
        )
        name = self._person({"accountId" if self.is_cloud else "name": asked}, writer)
        issue.watchers[:] = [one for one in issue.watchers if one != name]
        if request.method == "POST" and name:
            issue.watchers.append(name)
        return Answer(204, b"")

    def _people(self, asked: str, writer: Writer) -> Answer:
        wanted = asked.casefold()
        found = [
            {**told, "active": name not in self.left}
            for name in NAMES
            if (told := writer.person(name))
            and (wanted in name.casefold() or wanted == person(name).email.casefold())
        ]
        return json_answer(found)

    def _agile(self, request: Request, path: str) -> Answer:
        if path == "/board":
            # A part of the name is enough, as JIRA has it.
            name, start = (
                request.args.get("name", "").casefold(),
                int(request.args.get("startAt", 0)),
            )
            found = [{"id": i, "name": n} for i, n in self.boards.items() if name in n.casefold()]
            page = found[start : start + BOARDS_AT_ONCE]
            last = start + len(page) >= len(found)
            return json_answer({"values": page, "isLast": last, "total": len(found)})
        if path == f"/board/{BOARD}/sprint":
            named = [{"id": i, "name": sprint_name(i), "state": "active"} for i in self.sprints]
            return json_answer({"values": named, "isLast": True})
        moving = re.fullmatch(r"/sprint/(\d+)/issue", path)
        if moving is None or request.method != "POST":
            raise Refusal({"path": "Not found"}, 404)
        if int(moving[1]) != ACTIVE_SPRINT:
            raise Refusal({"sprint": "Sprint is closed"})
        for key in _body(request).get("issues") or []:
            issue = self.world.issues.shown(key)
            if issue is None:
                raise Refusal({"issues": f"Issue {key} does not exist"}, 404)
            self._change(issue, {"sprint": ACTIVE_SPRINT})
        return Answer(204, b"")


def _body(request: Request) -> dict[str, Any]:
    told = orjson.loads(request.get_data() or b"{}")
    return told if isinstance(told, dict) else {}
