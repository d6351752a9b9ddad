"""Sending notices: once. What may have arrived is never sent again by itself."""

from collections.abc import Callable
from datetime import UTC, datetime

from app.settings import Settings
from etl.errors import Later, Refused, Unsure
from etl.http import Door
from etl.outbound import mail, slack
from etl.outbound.intent import Act, Done, Entry, NotDue


class Messenger:
    """The acts on mail and Slack, for one run; `now` is the database's clock when it began."""

    def __init__(self, settings: Settings, door: Door, now: Callable[[], datetime]) -> None:
        self.settings, self.door, self.now = settings, door, now

    @property
    def acts(self) -> dict[str, Act]:
        """The acts by the kind of their intents."""
        return {"mail": self.mail, "slack": self.slack, "slack_reply": self.slack_reply}

    def mail(self, entry: Entry) -> Done:
        """Send a mail."""
        self._see_that_it_may_go(entry)
        server, sender = self.settings.smtp_url, self.settings.mail_from
        if server is None or sender is None:
            raise Refused("Nobody to send mail by; set CASEBOARD_SMTP_URL and CASEBOARD_MAIL_FROM.")
        after, to = entry.after, tuple(str(one) for one in entry.after["to"])
        name = entry.key.replace(":", ".")
        letter = mail.letter(
            sender, to, after["subject"], after["plain"], after["html"],
            key=name, at=datetime.now(UTC),
        )  # fmt: skip
        entry.go()
        try:
            told = mail.send(server, sender, to, letter)
        except Later as fault:
            # The way to the mail server says what was surely not sent.
            raise Later(str(fault), fault.after, undone=True) from None
        return Done(told=told)

    def slack(self, entry: Entry) -> Done:
        """Post a message."""
        return self._post(entry, None)

    def slack_reply(self, entry: Entry) -> Done:
        """Reply to a message that we have posted."""
        return self._post(entry, entry.head.get("ts"))

    def _post(self, entry: Entry, thread: str | None) -> Done:
        self._see_that_it_may_go(entry)
        entry.go()
        channel, text = str(entry.after["channel"]), str(entry.after["text"])
        # Its Later means that surely nothing was posted.
        ts = slack.post(self.door, self.settings, channel, text, thread=thread)
        return Done(result={"ts": ts})

    def _see_that_it_may_go(self, entry: Entry) -> None:
        if entry.sent_seconds is not None:
            raise Unsure(
                "the worker ended while it sent this; nobody knows whether it arrived. Look there, "
                "and let it be tried again if it did not."
            )
        hours, now = self.settings.quiet_hours, self.now()
        until = hours.until(now) if hours and not entry.after.get("urgent") else None
        if until:
            raise NotDue(f"It is quiet until {until:%H:%M %Z}.")
