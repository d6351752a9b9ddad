"""What writing to JIRA has to look up first: the sprint, cards that are there, people."""

from collections.abc import Sequence

from etl.errors import Refused
from etl.outbound.cards import Sprint, marker
from etl.run import Run
from etl.sources.jira import Issue, Jira
from etl.sources.texts import CASE_IN_SUMMARY

AT_ONCE = 25


class JiraLookup:
    """JIRA, asked for what is to be changed; for one run."""

    def __init__(self, run: Run) -> None:
        self.settings = run.settings
        self.jira = Jira(run)
        self._people: dict[str, str] = {}

    def active_sprint(self) -> Sprint | None:
        """The active sprint of the board; None when the settings name no board.

        Refused when there is no such board, or it has no active sprint.
        """
        name = self.settings.jira_board
        if name is None:
            return None
        found = self.jira.call("GET", "board", agile=True, name=name)
        # JIRA gives every board whose name has this in it.
        boards = [one["id"] for one in found.get("values") or [] if one.get("name") == name]
        if len(boards) != 1:
            raise Refused(
                f"JIRA has {len(boards) or 'no'} board{'s' * (len(boards) != 1)} named {name!r}; "
                "check CASEBOARD_JIRA_BOARD."
            )
        told = self.jira.call("GET", f"board/{boards[0]}/sprint", agile=True, state="active")
        sprints = sorted((int(one["id"]), str(one["name"])) for one in told.get("values") or [])
        wanted = [s for s in sprints if s[1] == self.settings.jira_sprint] or sprints
        if not wanted:
            raise Refused(f"The board {name!r} has no active sprint; start one in JIRA.")
        return Sprint(*wanted[0])

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
                labels = told.get("labels") or []
                found += [
                    (number, card)
                    for number in safe
                    if marker(number) in labels or (begins and begins[1] == number)
                ]
        return found

    def person(self, user: str) -> str:
        """Somebody as JIRA wants to be told: on Cloud by the id of the account."""
        if not self.jira.is_cloud:
            return user
        if user not in self._people:
            by = ("accountId", "emailAddress", "displayName")
            # An account's id is no name that a search would find.
            found = [
                one["accountId"]
                for one in self.jira.call("GET", "user/search", query=user) or []
                if any(str(one.get(f)).casefold() == user.casefold() for f in by)
            ]
            if len(found) > 1 or (not found and "@" in user):
                raise Refused(
                    f"JIRA knows {len(found) or 'nobody'} as {user!r}; in CASEBOARD_TEAM give "
                    "jira_user the id of the account."
                )
            self._people[user] = found[0] if found else user
        return self._people[user]
