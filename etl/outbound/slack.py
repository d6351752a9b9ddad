"""Posting to Slack: `chat.postMessage`, once."""

from typing import Any

import orjson

from app.settings import Settings
from etl.errors import Later, Refused, Unsure
from etl.http import Door, Site
from etl.pace import Patience

# Slack cuts at 40,000, but folds far earlier.
LONGEST = 3_500
# What Slack answers when it did nothing (request_timeout: it did not get the message whole), and
# when it says itself that a part may have been done.
PASSING = {"ratelimited", "service_unavailable", "request_timeout"}
DOUBTFUL = {"internal_error", "fatal_error"}
TO_MEND = {
    "channel_not_found": "check the channel in the settings; invite the bot to a private channel",
    "not_in_channel": "invite the bot to the channel: /invite @its-name",
    "is_archived": "the channel is archived; choose another one in the settings",
    "missing_scope": "the token needs the scope chat:write",
}


def slack_door(settings: Settings) -> Door:
    """The door to Slack. It may write: CASEBOARD_READ_ONLY is about trackers."""
    site = Site("Slack", "CASEBOARD_SLACK_URL", (settings.slack_url,))
    patience = Patience(settings.source_timeout, settings.source_patience)
    return Door(site, patience, concurrency=1, read_only=False)


def post(
    door: Door, settings: Settings, channel: str, text: str, *, thread: str | None = None
) -> str | None:
    """Post a message to a channel, or as a reply to another one; what Slack names it.

    Raises Later or Refused when it was surely not posted, Unsure when nobody knows.
    """
    body = {"channel": channel, "text": text, "unfurl_links": False}
    if thread:
        body["thread_ts"] = thread
    with door.session() as session:
        try:
            response = session.post(
                f"{settings.slack_url}/chat.postMessage",
                data=orjson.dumps(body),
                headers={
                    "Authorization": f"Bearer {settings.slack_token}",
                    "Content-Type": "application/json; charset=utf-8",
                },
                allow_redirects=False,
            )
        except Later as fault:
            if fault.undone:
                raise
            raise Unsure(f"{fault} Nobody knows whether the message was posted.") from None
    if not response.ok:
        raise Refused(f"Slack answered {response.status_code}; check CASEBOARD_SLACK_URL.")
    answer = response.json()
    _check(answer)
    return str(answer["ts"]) if answer.get("ts") else None


def introduce(door: Door, settings: Settings) -> str:
    """Ask Slack who we are, which posts nothing: the bot's name. Raises Later or Refused."""
    with door.session() as session:
        response = session.post(
            f"{settings.slack_url}/auth.test",
            headers={"Authorization": f"Bearer {settings.slack_token}"},
            allow_redirects=False,
        )
    if not response.ok:
        raise Refused(f"Slack answered {response.status_code}; check CASEBOARD_SLACK_URL.")
    answer = response.json()
    _check(answer)
    return str(answer.get("user", "without a name"))[:80]


def escaped(text: str) -> str:
    """A text that means nothing to Slack: no mention, no link, no markup across it."""
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, name)
    return text


def cut(text: str, longest: int = LONGEST) -> str:
    """The beginning of an `escaped` text, without half a sign at its end."""
    if len(text) <= longest:
        return text
    text = text[: longest - 1]
    head, sign, tail = text.rpartition("&")
    return f"{head if sign and ';' not in tail else text}…"


def _check(answer: Any) -> None:
    if isinstance(answer, dict) and answer.get("ok") is True:
        return
    error = str(answer.get("error", "no reason"))[:100] if isinstance(answer, dict) else "no answer"
    if error in PASSING:
        raise Later(f"Slack cannot post now ({error}).", undone=True)
    if error in DOUBTFUL:
        raise Unsure(f"Slack failed ({error}): nobody knows whether the message was posted.")
    hint = TO_MEND.get(error, "check CASEBOARD_SLACK_TOKEN")
    raise Refused(f"Slack refuses the message ({error}): {hint}.")
