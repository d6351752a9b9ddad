"""JIRA, written to: every act asks first whether it is done already, and acts only if it is not."""

from typing import Any

from app.setting_values import DEFAULT_JIRA_FIELDS
from etl.errors import Refused
from etl.outbound.intent import Act, Done, Entry, NotYet, Overtaken
from etl.outbound.jira_lookup import JiraLookup
from etl.sources.texts import plain_of

# For so long a search may not show what was made, nor a list what was written into it.
SETTLE_SECONDS = 300.0


class JiraWriter(JiraLookup):
    """The acts on JIRA, for one run."""

    @property
    def acts(self) -> dict[str, Act]:
        """The acts by the kind of their intents."""
        return {
            "create_card": self.create_card,
            "reopen": self.reopen,
            "transition": self.transition,
            "sprint": self.sprint,
            "comment": self.comment,
            "label": self.label,
            "link": self.link,
            "unlink": self.unlink,
            "watch": self.watch,
            "unwatch": self.unwatch,
            "priority": self.priority,
            "keywords": self.keywords,
        }

    def create_card(self, entry: Entry) -> Done:
        """Make the card of a case, unless JIRA has one for it, found by label or summary."""
        if not str(entry.case).isalnum():
            raise Refused(f"{entry.case!r} is no number by which JIRA could be asked for its card.")
        known = self.cards_of([str(entry.case)])
        if known:
            key = known[-1][1].asked
            return Done(already=entry.sent_seconds is None, result={"key": key})
        self._settle(entry, "the card")
        fields = self._fields(entry.after)
        entry.go()
        made = self.jira.call("POST", "issue", {"fields": fields})
        return Done(result={"key": str(made["key"])})

    def _fields(self, after: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "project": {"key": after["project"]},
            "issuetype": {"name": after["type"]},
            "priority": {"name": after["priority"]},
            "labels": after["labels"],
            "summary": after["summary"],
            "description": after["description"],
        }
        if after.get("component"):
            fields["components"] = [{"name": after["component"]}]
        if after.get("user"):
            name = "accountId" if self.jira.is_cloud else "name"
            fields["assignee"] = {name: self.person(after["user"])}
        return fields

    def _settle(self, entry: Entry, what: str) -> None:
        """Wait until a request that left would be seen if it was done; NotYet before that."""
        wait = max(SETTLE_SECONDS, 2 * self.settings.source_timeout)
        if SETTLE_SECONDS and entry.sent_seconds is not None and entry.sent_seconds < wait:
            left = wait - entry.sent_seconds
            raise NotYet(f"JIRA does not show {what} yet; it is asked again later.", left)

    def reopen(self, entry: Entry) -> Done:
        """Take a finished card up again."""
        status = self._read(entry.target, "status")["status"]["name"]
        board = {k.casefold(): v for k, v in self.settings.jira_status_map.items()}
        if board.get(status.casefold()) != "Done":
            return Done(already=entry.sent_seconds is None, result={"status": status})
        return self._move(entry, status)

    def transition(self, entry: Entry) -> Done:
        """Let a card have a status, by its name."""
        status = self._read(entry.target, "status")["status"]["name"]
        if status == entry.after["status"]:
            return Done(already=entry.sent_seconds is None)
        if entry.before and status != entry.before.get("status"):
            raise Overtaken(f"The card is {status} by now; it was left so.")
        return self._move(entry, status)

    def _move(self, entry: Entry, status: str) -> Done:
        wanted = str(entry.after["status"])
        path = f"issue/{entry.target}/transitions"
        known = self.jira.call("GET", path).get("transitions") or []
        leading = [one["id"] for one in known if (one.get("to") or {}).get("name") == wanted]
        if not leading:
            names = ", ".join(sorted({str((o.get("to") or {}).get("name")) for o in known}))
            raise Refused(f"From {status} no step leads to {wanted!r}; they lead to {names}.")
        entry.go()
        self.jira.call("POST", path, {"transition": {"id": leading[0]}})
        return Done(result={"before": {"status": status}})

    def sprint(self, entry: Entry) -> Done:
        """Move a card into a sprint."""
        name = self.jira.fields.get("sprint")
        told = self._read(entry.target, name).get(name) if name else None
        wanted = entry.after
        for one in told or []:
            # Cloud gives objects, Data Center texts.
            if (one.get("id") if isinstance(one, dict) else None) == wanted["sprint"] or (
                isinstance(one, str) and f"id={wanted['sprint']}," in one
            ):
                return Done(already=entry.sent_seconds is None)
        entry.go()
        path = f"sprint/{wanted['sprint']}/issue"
        self.jira.call("POST", path, {"issues": [entry.target]}, agile=True)
        return Done()

    def comment(self, entry: Entry) -> Done:
        """Write on a card, with a mark by which the comment is known again."""
        mark, start = f"[{entry.key}]", 0
        path = f"issue/{entry.target}/comment"
        while True:
            told = self.jira.call("GET", path, startAt=str(start), maxResults="100")
            page = told.get("comments") or []
            for one in page:
                if mark in str(one.get("body")):
                    already = entry.sent_seconds is None
                    return Done(already=already, result={"comment": str(one["id"])})
            start += len(page)
            if not page or start >= int(told.get("total", 0)):
                break
        self._settle(entry, "the comment")
        entry.go()
        made = self.jira.call("POST", path, {"body": f"{entry.after['text']}\n\n{mark}"})
        return Done(result={"comment": str(made["id"])})

    def label(self, entry: Entry) -> Done:
        """Give a card a label."""
        labels = list(self._read(entry.target, "labels").get("labels") or [])
        if entry.after["label"] in labels:
            return Done(already=entry.sent_seconds is None)
        return self._set(entry, {"labels": [*labels, entry.after["label"]]})

    def link(self, entry: Entry) -> Done:
        """Let a card link to somewhere; by its global id a link is there once."""
        name, wanted = entry.after["globalId"], entry.after
        path = f"issue/{entry.target}/remotelink"
        for one in self.jira.call("GET", path) or []:
            target = one.get("object") or {}
            same = (target.get("url"), target.get("title")) == (wanted["url"], wanted["title"])
            if one.get("globalId") == name and same:
                return Done(already=entry.sent_seconds is None)
        entry.go()
        target = {"url": wanted["url"], "title": wanted["title"]}
        self.jira.call("POST", path, {"globalId": name, "object": target})
        return Done()

    def unlink(self, entry: Entry) -> Done:
        """Take back a link that we made."""
        path, name = f"issue/{entry.target}/remotelink", entry.after["globalId"]
        if not any(one.get("globalId") == name for one in self.jira.call("GET", path) or []):
            return Done(already=entry.sent_seconds is None)
        entry.go()
        self.jira.call("DELETE", path, globalId=name)
        return Done()

    def watch(self, entry: Entry) -> Done:
        """Let somebody be told of what happens to a card."""
        person = self.person(entry.after["user"])
        if person in self._watchers(entry.target):
            return Done(already=entry.sent_seconds is None)
        entry.go()
        self.jira.call("POST", f"issue/{entry.target}/watchers", person)
        return Done()

    def unwatch(self, entry: Entry) -> Done:
        """Let somebody be told no longer."""
        person = self.person(entry.after["user"])
        if person not in self._watchers(entry.target):
            return Done(already=entry.sent_seconds is None)
        entry.go()
        path = f"issue/{entry.target}/watchers"
        if self.jira.is_cloud:
            self.jira.call("DELETE", path, accountId=person)
        else:
            self.jira.call("DELETE", path, username=person)
        return Done()

    def _watchers(self, key: str) -> set[str]:
        told = self.jira.call("GET", f"issue/{key}/watchers").get("watchers") or []
        name = "accountId" if self.jira.is_cloud else "name"
        return {str(one.get(name)) for one in told if one}

    def priority(self, entry: Entry) -> Done:
        """Let a card have a priority, if it still has the one that we know."""
        now = (self._read(entry.target, "priority").get("priority") or {}).get("name")
        if now == entry.after["priority"]:
            return Done(already=entry.sent_seconds is None)
        if now != entry.before.get("priority"):
            raise Overtaken(f"The priority is {now} by now; it was left so.")
        return self._set(entry, {"priority": {"name": entry.after["priority"]}})

    def keywords(self, entry: Entry) -> Done:
        """Let an issue have private keywords, if it still has those that we know."""
        now = self.private_keywords(entry.target)
        if now == entry.after["text"]:
            return Done(already=entry.sent_seconds is None)
        if now != entry.before.get("text"):
            raise Overtaken("The private keywords were changed meanwhile; they were left so.")
        return self._set(entry, {self.keywords_field(): entry.after["text"]})

    def private_keywords(self, key: str) -> str:
        """What the private keywords say; they can be read only as they are shown."""
        name = self.keywords_field()
        told = self.jira.call("GET", f"issue/{key}", fields=name, expand="renderedFields")
        shown = told.get("renderedFields") or {}
        if name not in shown:
            raise Refused(f"JIRA does not show us the private keywords of {key}: left alone.")
        return plain_of(shown[name])

    def keywords_field(self) -> str:
        """The id of the field of the private keywords, found by its name."""
        wanted = self.settings.jira_fields.get("private_keywords")
        name = wanted or DEFAULT_JIRA_FIELDS["private_keywords"]
        return self.jira.custom("private_keywords", name)

    def _set(self, entry: Entry, fields: dict[str, Any]) -> Done:
        entry.go()
        self.jira.call("PUT", f"issue/{entry.target}", {"fields": fields})
        return Done()

    def _read(self, key: str, field: str) -> dict[str, Any]:
        told = self.jira.call("GET", f"issue/{key}", fields=field)
        return dict(told.get("fields") or {})
