"""JIRA, written to: every act asks first whether it is done already, and acts only if it is not."""

from hashlib import sha256
from typing import Any

from etl.errors import Refused
from etl.outbound.cards import marker
from etl.outbound.intent import Act, Done, Entry, NotYet, Overtaken
from etl.outbound.jira_lookup import labels_of, see_that_it_is_ours
from etl.outbound.jira_people import JiraPeople
from etl.sources.jira import Issue

# For so long a search may not show what was made, nor a list what was written into it.
SETTLE_SECONDS = 300.0


class JiraWriter(JiraPeople):
    """All acts on JIRA, for one run."""

    @property
    def acts(self) -> dict[str, Act]:
        """The acts by the kind of their intents."""
        return {
            **super().acts,
            "create_card": self.create_card,
            "reopen": self.reopen,
            "transition": self.transition,
            "sprint": self.sprint,
            "comment": self.comment,
            "label": self.label,
            "link": self.link,
            "unlink": self.unlink,
        }

    def create_card(self, entry: Entry) -> Done:
        """Make the card of a case, unless JIRA has one for it, found by label or summary."""
        if not str(entry.case).isalnum():
            raise Refused(f"{entry.case!r} is no number by which JIRA could be asked for its card.")
        known = [card for _, card in self.cards_of([str(entry.case)])]
        if known:
            return self._taken(entry, known)
        self._settle(entry, "the card")
        fields = self._fields(entry.after)
        entry.go()
        made = self.jira.call("POST", "issue", {"fields": fields})
        return Done(result={"key": str(made["key"])})

    def _taken(self, entry: Entry, known: list[Issue]) -> Done:
        """The card that is there: ours, or one that gets the label by which the board knows it."""
        marked = [card for card in known if marker(str(entry.case)) in labels_of(card)]
        ours = bool(marked) and entry.has_left
        card, label = (marked or known)[-1], self.settings.jira_label
        if label and label not in labels_of(card):
            entry.go()
            self._add_label(card.asked, label)
        return Done(already=not ours, result={"key": card.asked})

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
        return fields

    def _settle(self, entry: Entry, what: str) -> None:
        """Wait until a request that left would be seen if it was done; NotYet before that."""
        wait = max(SETTLE_SECONDS, 2 * self.settings.source_timeout)
        if SETTLE_SECONDS and entry.sent_seconds is not None and entry.sent_seconds < wait:
            left = wait - entry.sent_seconds
            raise NotYet(f"JIRA does not show {what} yet; it is asked again later.", left)

    def reopen(self, entry: Entry) -> Done:
        """Take a finished card up again."""
        status = self._status(entry)
        board = {k.casefold(): v for k, v in self.settings.jira_status_map.items()}
        if _same(status, entry.after["status"]):
            return entry.is_so()
        self._see_that_nobody_moved_it(entry.found, status)
        if board.get(status.casefold()) != "Done":
            return Done(already=True)
        return self._move(entry, status)

    def transition(self, entry: Entry) -> Done:
        """Let a card have a status, by its name."""
        see_that_it_is_ours(entry)
        status = self._status(entry)
        if _same(status, entry.after["status"]):
            return entry.is_so()
        self._see_that_nobody_moved_it(entry.found or entry.before, status)
        return self._move(entry, status)

    def _status(self, entry: Entry) -> str:
        return str(self.read(entry.target, "status")["status"]["name"])

    def _see_that_nobody_moved_it(self, known: dict[str, Any], status: str) -> None:
        if known and not _same(status, known.get("status")):
            raise Overtaken(f"The card is {status} by now; it was left so.")

    def _move(self, entry: Entry, status: str) -> Done:
        wanted = str(entry.after["status"])
        path = f"issue/{entry.target}/transitions"
        known = self.jira.call("GET", path).get("transitions") or []
        leading = [one["id"] for one in known if _same((one.get("to") or {}).get("name"), wanted)]
        if not leading:
            names = ", ".join(sorted({str((o.get("to") or {}).get("name")) for o in known}))
            raise Refused(f"From {status} no step leads to {wanted!r}; they lead to {names}.")
        entry.go({"status": status})
        self.jira.call("POST", path, {"transition": {"id": leading[0]}})
        return Done()

    def sprint(self, entry: Entry) -> Done:
        """Move a card into a sprint."""
        see_that_it_is_ours(entry)
        name = self.jira.fields.get("sprint")
        told = self.read(entry.target, name).get(name) if name else None
        wanted = entry.after
        for one in told or []:
            # Cloud gives objects, Data Center texts.
            if (one.get("id") if isinstance(one, dict) else None) == wanted["sprint"] or (
                isinstance(one, str) and f"id={wanted['sprint']}," in one
            ):
                return entry.is_so()
        entry.go()
        path = f"sprint/{wanted['sprint']}/issue"
        self.jira.call("POST", path, {"issues": [entry.target]}, agile=True)
        return Done()

    def comment(self, entry: Entry) -> Done:
        """Write on a card, with a mark by which the comment is known again."""
        see_that_it_is_ours(entry)
        # Letters and digits alone: nothing that JIRA would take for markup.
        mark, start = f"caseboard{sha256(entry.key.encode()).hexdigest()[:16]}", 0
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
        made = self.jira.call("POST", path, {"body": f"{entry.after['text']}\n\n({mark})"})
        return Done(result={"comment": str(made["id"])})

    def label(self, entry: Entry) -> Done:
        """Give a card a label."""
        labels = self.read(entry.target, "labels").get("labels") or []
        if entry.after["label"] in labels:
            return entry.is_so()
        entry.go()
        self._add_label(entry.target, entry.after["label"])
        return Done()

    def _add_label(self, key: str, label: str) -> None:
        # Only this one is told, so that no label that somebody else gives it now is lost.
        self.jira.call("PUT", f"issue/{key}", {"update": {"labels": [{"add": label}]}})

    def link(self, entry: Entry) -> Done:
        """Let a card link to somewhere; by its global id a link is there once."""
        name, wanted = entry.after["globalId"], entry.after
        path = f"issue/{entry.target}/remotelink"
        for one in self.jira.call("GET", path) or []:
            target = one.get("object") or {}
            same = (target.get("url"), target.get("title")) == (wanted["url"], wanted["title"])
            if one.get("globalId") == name and same:
                return entry.is_so()
        entry.go()
        target = {"url": wanted["url"], "title": wanted["title"]}
        self.jira.call("POST", path, {"globalId": name, "object": target})
        return Done()

    def unlink(self, entry: Entry) -> Done:
        """Take back a link that we made."""
        path, name = f"issue/{entry.target}/remotelink", entry.after["globalId"]
        if not any(one.get("globalId") == name for one in self.jira.call("GET", path) or []):
            return entry.is_so()
        entry.go()
        self.jira.call("DELETE", path, globalId=name)
        return Done()


def _same(status: Any, other: Any) -> bool:
    """Whether two names of a status are one; JIRA does not mind how they are written."""
    return str(status).casefold() == str(other).casefold()
