"""Who gets a case: whoever has its account, else whoever has least to do, weighed by severity."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.team_values import Member

# How much an open case of a severity is to carry; one whose severity is unknown counts as normal.
WEIGHTS = {1: 4, 2: 3, 3: 2, 4: 1}
UNKNOWN_WEIGHT = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets a case, and why."""

    member: Member
    why: str


class Assignment:
    """Assigns cases one after the other; each one given counts for the next.

    `carried` tells (who, severity, number of open cases), by the name or JIRA user of a member.
    The same team, load and cases give the same people.
    """

    def __init__(
        self, team: Sequence[Member], carried: Iterable[tuple[str, int | None, int]]
    ) -> None:
        self.team = sorted((m for m in team if m.active), key=lambda m: m.name.casefold())
        known: dict[str, Member] = {}
        for member in self.team:
            for name in (member.name, member.jira_user):
                known.setdefault(_folded(name), member)
        self.load: dict[str, int] = dict.fromkeys((m.name for m in self.team), 0)
        self._given: dict[str, int] = dict.fromkeys(self.load, 0)
        for who, severity, number in carried:
            if member_of := known.get(_folded(who)):
                self.load[member_of.name] += weight(severity) * number

    def choose(self, account: str | None, severity: int | None) -> Choice | None:
        """Give a case to somebody; None when nobody of the team is active."""
        if not self.team:
            return None
        theirs = [m for m in self.team if _has(m, account)]
        among = theirs or self.team
        # Who has got least since this began is first among equals, so that ties go round.
        member = min(among, key=lambda m: (self.load[m.name], self._given[m.name]))
        why = self._why(member, account, among, by_account=bool(theirs))
        self.load[member.name] += weight(severity)
        self._given[member.name] += 1
        return Choice(member, why)

    def _why(
        self, member: Member, account: str | None, among: Sequence[Member], *, by_account: bool
    ) -> str:
        load = self.load[member.name]
        if by_account and len(among) == 1:
            return f"{member.name} has the account {account}"
        whose = f"the {len(among)} who have the account {account}" if by_account else "the team"
        return f"{member.name} has the least to do of {whose} (load {load})"


def weight(severity: int | None) -> int:
    """How much an open case of a severity is to carry."""
    return UNKNOWN_WEIGHT if severity is None else WEIGHTS.get(severity, UNKNOWN_WEIGHT)


def spread(load: Mapping[str, int]) -> int:
    """How far apart the loads are."""
    return max(load.values()) - min(load.values()) if load else 0


def _has(member: Member, account: str | None) -> bool:
    return account is not None and _folded(account) in map(_folded, member.accounts)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
