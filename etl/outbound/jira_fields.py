"""Fields of issues, written only over what is known to be there."""

import re
from collections.abc import Sequence
from typing import Any

from app.setting_values import DEFAULT_JIRA_FIELDS
from etl.errors import Refused
from etl.outbound.intent import Act, Done, Entry
from etl.outbound.jira_lookup import JiraLookup
from etl.sources.jira import PAGE
from etl.sources.texts import plain_of

# Shown as one paragraph without any markup: then the words are all that there is.
ONE_LINE = re.compile(r"\s*(?:<p>)?([^<>\n]*)(?:</p>)?\s*")


class JiraFields(JiraLookup):
    """The acts on fields of issues, for one run."""

    @property
    def acts(self) -> dict[str, Act]:
        """The acts by the kind of their intents."""
        return {"priority": self.priority, "keywords": self.keywords}

    def priority(self, entry: Entry) -> Done:
        """Let a card have a priority, if it still has the one that we know."""
        now = (self.read(entry.target, "priority").get("priority") or {}).get("name")
        told = f"The priority is {now} by now; it was left so."
        return entry.looked_at("priority", now, told) or self.write(
            entry, {"priority": {"name": entry.after["priority"]}}
        )

    def keywords(self, entry: Entry) -> Done:
        """Let an issue have private keywords, if it still has those that we know."""
        now = self.private_keywords([entry.target]).get(entry.target)
        if now is None:
            raise Refused(
                f"JIRA does not show us the private keywords of {entry.target}, or not as one "
                "plain line: left alone."
            )
        told = "The private keywords were changed meanwhile; they were left so."
        return entry.looked_at("text", now, told) or self.write(
            entry, {self.keywords_field(): entry.after["text"]}
        )

    def private_keywords(self, keys: Sequence[str]) -> dict[str, str]:
        """What the private keywords of issues say, by key.

        Without issues that are not shown to us or lack the field, and without those of which we
        see only what JIRA made of them for display, unless that is one plain line. Refused when
        JIRA has no such field at all.
        """
        name, found = self.keywords_field(), dict[str, str]()
        for start in range(0, len(keys), PAGE):
            some = list(keys[start : start + PAGE])
            self.run.tell("reading private keywords", start, len(keys))
            for key, raw in self.jira.values(some, [name], "renderedFields").items():
                told = _keywords(raw, name)
                if told is not None:
                    found[key] = told
        return found

    def keywords_field(self) -> str:
        """The id of the field of the private keywords, found by its name."""
        wanted = self.settings.jira_fields.get("private_keywords")
        name = wanted or DEFAULT_JIRA_FIELDS["private_keywords"]
        return self.jira.custom("private_keywords", name)

    def write(self, entry: Entry, fields: dict[str, Any]) -> Done:
        """Let fields of an issue be something else."""
        entry.go()
        self.jira.call("PUT", f"issue/{entry.target}", {"fields": fields})
        return Done()

    def read(self, key: str, field: str) -> dict[str, Any]:
        """A field of an issue, by its name."""
        told = self.jira.call("GET", f"issue/{key}", fields=field)
        return dict(told.get("fields") or {})


def _keywords(raw: dict[str, Any], name: str) -> str | None:
    """What the field says, None when that cannot be told."""
    fields, shown = raw.get("fields") or {}, raw.get("renderedFields") or {}
    told = fields.get(name)
    if isinstance(told, str):
        return told
    if name not in shown or told is not None:
        return None
    if not shown[name]:
        return ""
    return plain_of(shown[name]) if ONE_LINE.fullmatch(str(shown[name])) else None
