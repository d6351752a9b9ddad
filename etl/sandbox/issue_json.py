"""A JIRA issue as JSON, in the ways of Cloud and of Data Center."""

from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from etl.sandbox.issues import FINISHED
from etl.sandbox.jql import sprint_name
from etl.sandbox.model import Change, Comment, Issue, RemoteLink
from etl.sandbox.people import person

# Purpose: (name, id in Cloud, id in Data Center).
CUSTOM = {
    "contributors": ("Contributors", "customfield_10466", "customfield_12315950"),
    "severity": ("Severity", "customfield_10840", "customfield_12316142"),
    "cases_link": ("SFDC Cases Links", "customfield_10979", "customfield_12313441"),
    "sprint": ("Sprint", "customfield_10020", "customfield_12310940"),
    "private_keywords": ("RH Private Keywords", "customfield_11087", "customfield_12323649"),
}
NAMES = {"fix_versions": "Fix Version", "contributors": "Contributors", "severity": "Severity"}
NAMES |= {"cases_link": "SFDC Cases Links", "sprint": "Sprint"}
NAMES |= {"private_keywords": "RH Private Keywords"}


class Writer:
    """Writes issues for a caller in `zone`, as Cloud or Data Center does."""

    def __init__(self, url: str, zone: ZoneInfo, *, is_cloud: bool) -> None:
        self.url, self.zone, self.is_cloud = url, zone, is_cloud
        self.tells_keywords, self.without_keywords = False, set[str]()

    def custom(self, purpose: str) -> str:
        """The id of a custom field here."""
        return CUSTOM[purpose][1 if self.is_cloud else 2]

    def fields(self) -> list[dict[str, Any]]:
        """What `GET field` tells."""
        plain = ("summary", "status", "priority", "assignee", "labels", "created", "updated")
        system = [{"id": n, "name": n.title(), "custom": False, "clauseNames": [n]} for n in plain]
        return system + [
            {
                "id": self.custom(p),
                "name": CUSTOM[p][0],
                "custom": True,
                "clauseNames": [CUSTOM[p][0]],
            }
            for p in CUSTOM
        ]

    def issue(
        self,
        issue: Issue,
        asked: list[str],
        expand: str,
        *,
        most_comments: int | None,
        most_changes: int | None,
    ) -> dict[str, Any]:
        """An issue with the asked fields; the newest comments and changes, as many as allowed."""
        told: dict[str, Any] = {
            "id": str(issue.id),
            "key": issue.key,
            "self": f"{self.url}/rest/api/2/issue/{issue.id}",
        }
        whole = self._fields(issue, most_comments)
        if "*all" in asked:
            told["fields"] = whole
        elif asked != ["id"]:
            told["fields"] = {name: whole[name] for name in asked if name in whole}
        if "renderedFields" in expand:
            told["renderedFields"] = {self.custom("cases_link"): self._rendered(issue)}
            if issue.key not in self.without_keywords:
                keywords = escape(issue.private_keywords or "").replace("\n", "<br/>\n")
                told["renderedFields"][self.custom("private_keywords")] = (
                    f"<p>{keywords}</p>" if keywords else None
                )
        if "changelog" in expand:
            shown = issue.changes if most_changes is None else issue.changes[-most_changes:]
            told["changelog"] = {
                "startAt": 0,
                "maxResults": len(shown),
                "total": len(issue.changes),
                "histories": [self.change(change) for change in reversed(shown)],
            }
        return told

    def change(self, change: Change) -> dict[str, Any]:
        """An entry of the changelog."""
        items = []
        for field, before, after in change.items:
            custom = field in CUSTOM
            items.append(
                {
                    "field": NAMES.get(field, field),
                    "fieldtype": "custom" if custom else "jira",
                    "fieldId": self.custom(field) if custom else NAMES.get(field, field),
                    "from": None,
                    "fromString": _text(field, before),
                    "to": None,
                    "toString": _text(field, after),
                }
            )
        return {
            "id": str(change.id),
            "author": self.person(change.author),
            "created": self.stamp(change.at),
            "items": items,
        }

    def comment(self, comment: Comment) -> dict[str, Any]:
        """A comment."""
        return {
            "id": str(comment.id),
            "author": self.person(comment.author),
            "body": comment.text,
            "created": self.stamp(comment.created),
            "updated": self.stamp(comment.updated),
        }

    def link(self, link: RemoteLink) -> dict[str, Any]:
        """A link to somewhere else."""
        told = {"id": link.id, "object": {"url": link.url, "title": link.title}}
        return told if link.global_id is None else {**told, "globalId": link.global_id}

    def person(self, name: str | None) -> dict[str, Any] | None:
        """A person; Cloud hides the address of some."""
        if name is None:
            return None
        known = person(name)
        if self.is_cloud:
            told = {"accountId": known.account_id, "displayName": name, "accountType": "atlassian"}
            return told if known.shy else {**told, "emailAddress": known.email}
        return {"name": known.username, "key": known.username, "displayName": name,
                "emailAddress": known.email}  # fmt: skip

    def stamp(self, moment: datetime) -> str:
        """An instant as JIRA writes it: milliseconds, in the caller's zone (Cloud) or UTC."""
        local = moment.astimezone(self.zone if self.is_cloud else UTC)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"

    def _fields(self, issue: Issue, most: int | None) -> dict[str, Any]:
        shown = issue.comments if most is None else issue.comments[-most:]
        category = "Done" if issue.status in FINISHED else "In Progress"
        return {
            "summary": issue.summary,
            "description": issue.description,
            "status": {"name": issue.status, "statusCategory": {"name": category}},
            "priority": {"name": issue.priority},
            "issuetype": {"name": issue.issuetype},
            "assignee": self.person(issue.assignee),
            "reporter": self.person(issue.reporter),
            "labels": list(issue.labels),
            "created": self.stamp(issue.created),
            "updated": self.stamp(issue.updated),
            "fixVersions": [{"name": name} for name in issue.fix_versions],
            "comment": {
                "comments": [self.comment(comment) for comment in shown],
                "maxResults": len(shown),
                "total": len(issue.comments),
                "startAt": 0,
            },
            self.custom("contributors"): [self.person(n) for n in issue.contributors] or None,
            self.custom("severity"): {"value": issue.severity} if issue.severity else None,
            # Readable only as rendered.
            self.custom("cases_link"): None,
            self.custom("private_keywords"): issue.private_keywords
            if self.tells_keywords
            else None,
            "components": [{"name": name} for name in issue.components],
            self.custom("sprint"): self._sprint(issue),
        }

    def _rendered(self, issue: Issue) -> str | None:
        if issue.cases_link is None:
            return None
        return " ".join(
            f'<a href="https://access.example.com/case/{escape(number)}">{escape(number)}</a>'
            for number in issue.cases_link.split()
        )

    def _sprint(self, issue: Issue) -> list[Any] | None:
        if issue.sprint is None:
            return None
        name = sprint_name(issue.sprint)
        if self.is_cloud:
            return [{"id": issue.sprint, "name": name, "state": "active"}]
        told = f"id={issue.sprint},rapidViewId=7,state=ACTIVE,name={name},goal=Less, and better"
        return [f"com.atlassian.greenhopper.service.sprint.Sprint@1f[{told}]"]


def _text(field: str, value: Any) -> str | None:
    if value is None:
        return None
    if field == "labels":
        return " ".join(value)
    if isinstance(value, list):
        return ", ".join(value)
    return sprint_name(value) if field == "sprint" else str(value)
