"""What writing to JIRA has to look up first: the sprint, cards that are there, people."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any

from etl.errors import Refused
from etl.outbound.cards import Sprint, marker
from etl.outbound.intent import Entry, Overtaken
from etl.run import Run
from etl.sources.jira import Issue, Jira
from etl.sources.texts import CASE_IN_SUMMARY

AT_ONCE = 25
MOST_PAGES = 200


class JiraLookup:
    """JIRA, asked for what is to be changed; for one run."""

    def __init__(self, run: Run) -> None:
        self.run, self.settings = run, run.settings
        self.jira = Jira(run)

    def active_sprint(self) -> Sprint | None:
        """The active sprint of the board; None when the settings name no board, or it has none.

        Refused when there is no such board, or several.
        """
        name = self.settings.jira_board
        if name is None:
            return None
        # JIRA gives every board whose name has this in it.
        boards = [one["id"] for one in self._listed("board", name=name) if one.get("name") == name]
        if len(boards) != 1:
            raise Refused(
                f"JIRA has {len(boards) or 'no'} board{'s' * (len(boards) != 1)} named {name!r}; "
                "check CASEBOARD_JIRA_BOARD."
            )
        try:
            told = list(self._listed(f"board/{boards[0]}/sprint", state="active"))
        except Refused as fault:
            # A Kanban board has no sprints at all.
            if fault.status != HTTPStatus.BAD_REQUEST:
                raise
            told = []
        sprints = sorted((int(one["id"]), str(one["name"])) for one in told)
        wanted = [s for s in sprints if s[1] == self.settings.jira_sprint] or sprints
        return Sprint(*wanted[0]) if wanted else None

    def _listed(self, path: str, **asked: str) -> Iterator[dict[str, Any]]:
        """All that a list of the API of boards has, page by page."""
        start = 0
        for _ in range(MOST_PAGES):
            told = self.jira.call("GET", path, agile=True, startAt=str(start), **asked)
            page = told.get("values") or []
            yield from page
            start += len(page)
            if not page or told.get("isLast", True):
                return

    def earlier(self, numbers: Sequence[str]) -> dict[str, str]:
        """The latest card that JIRA has for each of some cases, whoever made it."""
        found: dict[str, str] = {}
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            for number, card in self.cards_of(some):
                found[number] = card.asked
        return found

    def cards_of(self, numbers: Sequence[str]) -> list[tuple[str, Issue]]:
        """Cards of the project about some cases, by ascending key."""
        safe = [number for number in numbers if number.isalnum()]
        if not safe:
            return []
        project = str(self.settings.jira_project).replace("\\", "\\\\").replace('"', '\\"')
        about = " OR ".join(f'labels = "{marker(n)}" OR summary ~ "{n}"' for n in safe)
        found = []
        for page in self.jira.cards(f'project = "{project}" AND ({about})'):
            for card in page:
                told = card.raw.get("fields") or {}
                begins = CASE_IN_SUMMARY.match(str(told.get("summary") or ""))
                labels = labels_of(card)
                found += [
                    (number, card)
                    for number in safe
                    if marker(number) in labels or (begins and begins[1] == number)
                ]
        return found


def labels_of(card: Issue) -> list[str]:
    """The labels of a card that was searched for."""
    return list((card.raw.get("fields") or {}).get("labels") or [])


def see_that_it_is_ours(entry: Entry) -> None:
    """A card that others made, or took up, is theirs: only label and links are added to it."""
    if entry.head.get("already"):
        raise Overtaken("Somebody else has made the card, or taken it up: it was left as it is.")
