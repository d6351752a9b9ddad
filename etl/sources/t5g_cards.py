"""Cards of the old system and the comments on them."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from etl.errors import Malformed
from etl.records import Fact, Observation, Record, canonical_instant
from etl.sources.t5g_cases import COPIED, DETAILS
from etl.sources.t5g_fields import BESIDES, Fields, case_number, person, read_moment
from etl.sources.texts import as_list, clean

# A flag stands for a label of the card.
FLAGS = {"daily_telco": "Daily_Telco_OCP"}
POTENTIAL = "potential_escalation"
# What a card repeats of other records.
COPIES = (
    *COPIED.values(), *DETAILS, "case_days_open", "bugzilla", "issues", "escalated",
    "escalated_link",
)  # fmt: skip
# How the old system wrote the links in a comment.
ANCHOR = re.compile(r"""<a href="([^"<>]*)" target='_blank'>([^<]*)</a>""")
DEEPEST = 5


def tracked(card: object) -> str | None:
    """The number of the case that a card tracks; None when it names none."""
    try:
        return case_number(card.get("case_number")) if isinstance(card, dict) else None
    except Malformed:
        return None


def card_records(
    position: int, key: str, fields: Fields, potential: str, *, known: bool
) -> Iterator[Record]:
    """A card as facts, as of when the dump was taken; `known`: its case is in the dump.

    `potential` is the label of potential escalations.
    """
    number = tracked({"case_number": fields.raw("case_number")})
    if number is None:
        fields.mend("without the number of a case: a card of none")
    elif not known:
        fields.mend("its case is not in the dump")
    created = fields.moment("card_created")
    if created is None:
        fields.mend("without a creation: known from when the dump was taken")
    taken = fields.taken
    comments = [comment for item in fields.items("comments") if (comment := _moment_of(item))]
    updated = max((at for at in (created, *comments) if at and at <= taken), default=None)
    events = [
        Fact(name, canonical_instant(at), at)
        for name, at in (("created", created), ("updated", updated))
        if at
    ]
    if events:
        yield Observation(position, key, tuple(events), "card")
    now = {
        "kind": "tracking",
        "cases": as_list([number] if number else []),
        "status": fields.text("card_status"),
        "priority": fields.text("priority"),
        "assignee": fields.person("assignee"),
        "contributors": as_list(_people(fields, "contributor")),
        "labels": as_list(_labels(fields, potential)),
        "gone": "false",
    }
    if not known:
        # Else it is the summary of the case, which says it itself.
        now["summary"] = clean(fields.raw("summary"))
    besides = fields.besides(*COPIES)
    if besides:
        now[BESIDES] = besides
    facts = tuple(Fact(field, value, taken) for field, value in now.items())
    yield Observation(position, key, facts, "card", "state", taken, taken)


def comment_records(
    position: int, card: str, item: object, again: int, fields: Fields
) -> Iterator[Record]:
    """A comment on a card, told as its text and the time of its last update.

    `again` counts what the same card says a second time. It has no id of its own, so that its words
    and time make one.
    """
    if not isinstance(item, list) or len(item) != 2:
        raise Malformed("is not a text and a time")
    body, stamp = item
    if isinstance(body, dict | list):
        raise Malformed("has no text")
    at, mended = read_moment(stamp, "its time")
    if at is None or at > fields.taken:
        fields.mend(
            "without a time: when the dump was taken counts"
            if at is None
            else "a time that lies in the future: when the dump was taken counts"
        )
        at = fields.taken
    if mended:
        fields.mend(mended)
    words = _as_written(clean(body) or "")
    if words != (clean(body) or ""):
        fields.mend("links in HTML: written as in JIRA again")
    mark = f"{card}\n{again}\n{stamp}\n{body}"
    own = hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:24]
    facts = (
        Fact("text", words or None, at),
        Fact("created", canonical_instant(at), at),
        Fact("gone", "false", at),
    )
    key = f"{card}|t5g-{own}"
    yield Observation(position, key, facts, "card_comment", "state", at, fields.taken)


def _moment_of(item: object) -> datetime | None:
    try:
        return read_moment(item[1], "")[0] if isinstance(item, list) and len(item) == 2 else None
    except Malformed:
        return None


def _people(fields: Fields, name: str) -> list[str]:
    people = fields.items(name)
    named = [person(one) for one in people]
    if not all(named):
        fields.lose(name, "has people without a name")
    elif people:
        fields.keep(name)
    return sorted({one for one in named if one})


def _labels(fields: Fields, potential: str) -> list[str]:
    labels = set(fields.texts("labels"))
    for flag, label in {**FLAGS, POTENTIAL: potential}.items():
        if fields.flag(flag) and label not in labels:
            fields.mend(f"{flag} without its label: the label {label} was added")
            labels.add(label)
    return sorted(labels)


def _as_written(body: str) -> str:
    """A comment as it was written in JIRA, before the old system made its links HTML."""

    def link(found: re.Match[str]) -> str:
        return found[1] if found[1] == found[2] else f"[{found[2]}|{found[1]}]"

    for _ in range(DEEPEST):
        before, body = body, ANCHOR.sub(link, body)
        if before == body:
            break
    return body
