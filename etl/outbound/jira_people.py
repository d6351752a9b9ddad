"""People of JIRA: whose a card is, and who watches it."""

from etl.errors import Refused
from etl.outbound.intent import Act, Done, Entry, Overtaken
from etl.outbound.jira_fields import JiraFields
from etl.outbound.jira_lookup import see_that_it_is_ours
from etl.run import Run


class JiraPeople(JiraFields):
    """The acts about people, for one run."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._people: dict[str, str] = {}

    @property
    def acts(self) -> dict[str, Act]:
        """The acts by the kind of their intents."""
        return {**super().acts, "assign": self.assign, "watch": self.watch, "unwatch": self.unwatch}

    def person(self, user: str) -> str:
        """Somebody as JIRA wants to be told: on Cloud by the id of the account.

        Refused when JIRA knows nobody, or several, or only somebody who has left.
        """
        if not self.jira.is_cloud:
            return user
        if user not in self._people:
            by = ("accountId", "emailAddress", "displayName")
            # An account's id is no name that a search would find.
            known = [
                one
                for one in self.jira.call("GET", "user/search", query=user) or []
                if any(str(one.get(f)).casefold() == user.casefold() for f in by)
            ]
            found = [one["accountId"] for one in known if one.get("active", True)]
            if len(found) > 1 or (not found and (known or "@" in user)):
                who = f"knows {len(found)} people" if found else "has nobody"
                raise Refused(
                    f"JIRA {who} who {'are' if found else 'is'} active as {user!r}; in "
                    "CASEBOARD_TEAM give jira_user the id of the account, or active false."
                )
            self._people[user] = found[0] if found else user
        return self._people[user]

    def assign(self, entry: Entry) -> Done:
        """Let a card that was just made be somebody's."""
        see_that_it_is_ours(entry)
        person, name = self.person(entry.after["user"]), self._id
        now = (self.read(entry.target, "assignee").get("assignee") or {}).get(name)
        if now == person:
            return entry.is_so()
        if entry.found and now != entry.found.get("user"):
            raise Overtaken("Somebody else has assigned the card meanwhile; it was left so.")
        entry.go({"user": now})
        body = {"fields": {"assignee": {name: person}}}
        self.jira.call("PUT", f"issue/{entry.target}", body)
        return Done()

    @property
    def _id(self) -> str:
        """By what JIRA knows a person."""
        return "accountId" if self.jira.is_cloud else "name"

    def watch(self, entry: Entry) -> Done:
        """Let somebody be told of what happens to a card."""
        see_that_it_is_ours(entry)
        person = self.person(entry.after["user"])
        if person in self._watchers(entry.target):
            return entry.is_so()
        entry.go()
        self.jira.call("POST", f"issue/{entry.target}/watchers", person)
        return Done()

    def unwatch(self, entry: Entry) -> Done:
        """Let somebody be told no longer."""
        person = self.person(entry.after["user"])
        if person not in self._watchers(entry.target):
            return entry.is_so()
        entry.go()
        path = f"issue/{entry.target}/watchers"
        if self.jira.is_cloud:
            self.jira.call("DELETE", path, accountId=person)
        else:
            self.jira.call("DELETE", path, username=person)
        return Done()

    def _watchers(self, key: str) -> set[str]:
        told = self.jira.call("GET", f"issue/{key}/watchers").get("watchers") or []
        return {str(one.get(self._id)) for one in told if one}
