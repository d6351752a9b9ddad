"""Which bugs want our tags: those that open cases link, each once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from etl.errors import Missing
from etl.outbound.intent import Act, Done, Entry, Intent
from etl.outbound.state import LinkedBug
from etl.run import Run
from etl.sources.bugzilla import BATCH, Bugzilla

MOST_NAMED = 5


def tag_key(bug: LinkedBug, tags: Sequence[str]) -> str:
    """What names the tagging of a bug for ever: whoever takes a tag off has decided so."""
    return f"tag:{bug.tracker}:{bug.key}:{','.join(tags)}"


def plan(
    bugs: Sequence[LinkedBug], texts: Mapping[tuple[str, str], str], tags: Sequence[str]
) -> list[Intent]:
    """The taggings that are called for; `texts` are whiteboards and keywords by (tracker, key)."""
    planned = []
    for bug in bugs:
        told = texts.get((bug.tracker, bug.key))
        missing = [] if told is None else lacking(told, tags)
        if not missing:
            continue
        named = ", ".join(bug.cases[:MOST_NAMED])
        more = len(bug.cases) - MOST_NAMED
        planned.append(
            Intent(
                key=tag_key(bug, tags),
                kind="whiteboard" if bug.tracker == "bugzilla" else "keywords",
                case=bug.cases[0],
                target=bug.key,
                before={"text": told},
                after={"text": " ".join(filter(None, [told, *missing]))},
                reason=f"Open cases link it: {named}{f' and {more} more' if more > 0 else ''}.",
            )
        )
    return planned


def lacking(told: str, tags: Sequence[str]) -> list[str]:
    """The tags that a text does not hold as words of their own."""
    words = {word.casefold() for word in re.split(r"[\s,;]+", told)}
    return [tag for tag in tags if tag.casefold() not in words]


class BugzillaWriter:
    """The acts on Bugzilla, for one run."""

    def __init__(self, run: Run) -> None:
        self.field = run.settings.bugzilla_whiteboard
        self._bugzilla = Bugzilla(run)

    @property
    def acts(self) -> dict[str, Act]:
        """The acts by the kind of their intents."""
        return {"whiteboard": self.whiteboard}

    def whiteboards(self, ids: Sequence[str]) -> dict[str, str]:
        """What stands on the whiteboards of bugs that we may see and that have one, by id."""
        found: dict[str, str] = {}
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            told = self._bugzilla.bugs(some, ["id", self.field])
            for number, bug in told.items():
                line = _line(bug, self.field)
                if line is not None:
                    found[number] = line
        return found

    def whiteboard(self, entry: Entry) -> Done:
        """Let a whiteboard say something, if it still says what we know."""
        now = self.whiteboards([entry.target]).get(entry.target)
        if now is None:
            raise Missing(
                f"Bugzilla does not show us bug {entry.target}, or it has no {self.field}: left "
                "alone. Check CASEBOARD_BUGZILLA_WHITEBOARD."
            )
        told = "The whiteboard was changed meanwhile; it was left so."
        so = entry.looked_at("text", now, told)
        if so is not None:
            return so
        entry.go()
        self._bugzilla.change(entry.target, {self.field: entry.after["text"]})
        return Done()


def _line(bug: Mapping[str, Any], field: str) -> str | None:
    """What a field of a bug says, None when the bug has no such field."""
    # The client may have given the field its older or newer name.
    bare = field.removeprefix("cf_").removeprefix("status_")
    for name in (field, bare, f"cf_{bare}", f"status_{bare}"):
        if name in bug:
            return " ".join(str(bug[name] or "").split())
    return None
