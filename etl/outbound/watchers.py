"""Who is told of everything that happens in a case: the portal's list of notified users."""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

from app.settings import Settings
from etl.errors import Refused
from etl.sources.portal import connected


class Watchers:
    """The watchers of cases, read and changed at the portal.

    Missing when the portal does not give us the case; Refused when it does not do what was asked,
    and by the door for every change while CASEBOARD_READ_ONLY is true.
    """

    def __init__(self, settings: Settings) -> None:
        self._portal = connected(settings, "watchers")

    def of(self, number: str) -> list[str]:
        """The user names of those who watch a case, in alphabetical order."""
        told = self._portal.details(number).get("notifiedUsers") or []
        return sorted({str(one["ssoUsername"]) for one in told if one.get("ssoUsername")})

    def add(self, number: str, names: Sequence[str]) -> list[str]:
        """Let people watch a case; those who were added, without those who watched it already."""
        known = self.of(number)
        new = [name for name in dict.fromkeys(names) if name not in known]
        if new:
            body = {"user": [{"ssoUsername": name} for name in new]}
            answer = self._portal.change("POST", f"/v1/cases/{number}/notifiedusers", body)
            if answer.status_code != HTTPStatus.CREATED:
                raise Refused(_not_done(number, "did not add", new, answer.status_code))
        return new

    def remove(self, number: str, names: Sequence[str]) -> list[str]:
        """Let people watch a case no longer; those who were removed, without those who did not."""
        known = self.of(number)
        old = [name for name in dict.fromkeys(names) if name in known]
        for name in old:
            path = f"/v1/cases/{number}/notifiedusers/{quote(name, safe='')}"
            answer = self._portal.change("DELETE", path)
            if not answer.ok:
                raise Refused(_not_done(number, "did not remove", [name], answer.status_code))
        return old


def _not_done(number: str, what: str, names: list[str], status: int) -> str:
    return (
        f"The customer portal answered {status} and {what} {', '.join(names)} (case {number}). "
        "Check the names and the rights of our token."
    )
