"""Which notices are called for: each subject once by each way, whatever was sent before."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from sqlalchemy import Connection, text

from app.settings import Settings
from app.team_values import Member
from etl.outbound import notice_words as words
from etl.outbound.intent import Intent
from etl.outbound.subjects import Subject

Told = set[tuple[str, str]]

HIGH = 2
# Whoever must act is told at any hour.
URGENT = frozenset({"failed", "held"})
TOLD = """
select distinct kind as way, about.key
from outbox, jsonb_array_elements_text(after -> 'about') as about (key)
where kind in ('mail', 'slack') and after -> 'about' ?| :keys and about.key = any(:keys)
"""


def ways(settings: Settings) -> list[str]:
    """By which ways (`mail`, `slack`) more than alarms are told."""
    mail = settings.smtp_url and settings.mail_from and settings.notice_to
    slack = settings.slack_token and (settings.slack_high_channel or settings.slack_low_channel)
    return [way for way, given in (("mail", mail), ("slack", slack)) if given]


def told_before(connection: Connection, subjects: Sequence[Subject]) -> Told:
    """By which way (`mail`, `slack`) what was told, or is to be."""
    keys = {"keys": [one.key for one in subjects]}
    return {(row.way, row.key) for row in connection.execute(text(TOLD), keys)}


def plan(
    subjects: Sequence[Subject], told: Told, settings: Settings, *, quiet: bool
) -> list[Intent]:
    """The notices that are called for; `quiet`: only those that cannot wait.

    What one message has no place for is in the next one, which another run plans.
    """
    planned: list[Intent] = []
    spoken = [one for one in subjects if one.topic in URGENT or not quiet]
    for topic in words.TOPICS:
        about = [one for one in spoken if one.topic == topic]
        mails = [one for one in about if ("mail", one.key) not in told]
        if mails and _can_mail(settings, topic):
            planned.append(_mail(topic, mails, settings))
        posts = [one for one in about if ("slack", one.key) not in told]
        planned += _posts(topic, posts, settings)
    return planned


def recipients(settings: Settings, topic: str) -> tuple[str, ...]:
    """Who is told of a topic by mail."""
    return (topic in URGENT and settings.alert_to) or settings.notice_to


def channel_of(settings: Settings, severity: int) -> str | None:
    """The channel of notices about cases of a severity."""
    return settings.slack_high_channel if severity <= HIGH else settings.slack_low_channel


def _can_mail(settings: Settings, topic: str) -> bool:
    return bool(settings.smtp_url and settings.mail_from and recipients(settings, topic))


def _mail(topic: str, about: Sequence[Subject], settings: Settings) -> Intent:
    return Intent(
        key=_key("mail", topic, words.told_by(topic, about)),
        kind="mail",
        case=_only_case(about),
        target=", ".join(recipients(settings, topic)),
        after={
            "topic": topic,
            "about": [one.key for one in words.told_by(topic, about)],
            "to": list(recipients(settings, topic)),
            "subject": words.subject(topic, about),
            "plain": words.plain(topic, about, settings),
            "html": words.html(topic, about, settings),
            "urgent": topic in URGENT,
        },
        reason=words.REASONS[topic],
    )


def _posts(topic: str, about: Sequence[Subject], settings: Settings) -> Iterator[Intent]:
    """A message for each new card, with its description as a reply; else one for each channel."""
    if not settings.slack_token:
        return
    for channel in dict.fromkeys((settings.slack_high_channel, settings.slack_low_channel)):
        here = [one for one in about if channel_of(settings, one.severity) == channel]
        if channel is None or not here:
            continue
        for group in [[one] for one in here] if topic == "new" else [here]:
            member = _member(settings, group[0]) if topic == "new" else None
            message, spoken = words.post(topic, group, settings, member)
            head = _key("slack", topic, spoken)
            told = {"topic": topic, "channel": channel, "urgent": topic in URGENT}
            yield Intent(
                key=head, kind="slack", case=_only_case(group), target=channel,
                after={**told, "about": [one.key for one in spoken], "text": message},
                reason=words.REASONS[topic],
            )  # fmt: skip
            described = words.described(group[0]) if topic == "new" else ""
            if described:
                yield Intent(
                    key=f"{head}:description", kind="slack_reply", case=_only_case(group),
                    target=channel, waits_for=head, after={**told, "text": described},
                    reason="The description of the case hangs on the message about it.",
                )  # fmt: skip


def _member(settings: Settings, one: Subject) -> Member | None:
    name = (one.facts.get("after") or {}).get("assignee")
    return next((m for m in settings.team if m.name == name), None)


def _only_case(about: Sequence[Subject]) -> str | None:
    numbers = {one.facts.get("number") for one in about}
    return numbers.pop() if len(numbers) == 1 else None


def _key(way: str, topic: str, about: Sequence[Subject]) -> str:
    """What names a notice: the way, and all that it tells."""
    told = "\n".join(sorted(one.key for one in about))
    return f"notice:{way}:{topic}:{sha256(told.encode()).hexdigest()[:24]}"
