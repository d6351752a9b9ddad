"""The words of notices: as text, as HTML, for Slack. Texts of cases mean nothing but themselves."""

from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import quote

from app.settings import Settings
from app.team_values import Member
from etl.outbound.cards import SEVERITIES
from etl.outbound.slack import LONGEST, cut, escaped
from etl.outbound.subjects import Subject

TOPICS = ("failed", "held", "new", "risk", "tagged")
REASONS = {
    "failed": "A card could not be made, or not be taken up again.",
    "held": "Cards wait for an admin.",
    "new": "A card was made for a case.",
    "risk": "A case has used up half of its time, or all of it.",
    "tagged": "Once a day it is told what was tagged.",
}
HEADINGS = {
    "failed": "Cards that could not be made",
    "held": "Cards are held: more would be made at once than CASEBOARD_MAX_TO_CREATE allows",
    "new": "Cards made for new cases",
    "risk": "Cases at risk",
    "tagged": "Bugs and issues that were tagged",
}
MOST_LINES = 50
LONGEST_DESCRIPTION = 3_000
LONGEST_LINE = 300
STYLE = "font-family:system-ui,'Segoe UI',Roboto,Arial,sans-serif;font-size:14px;line-height:20px"
# A link where the words say so: words and address.
Part = tuple[str, str | None]


def subject(topic: str, about: Sequence[Subject]) -> str:
    """What a mail is called; a header, so it is one line."""
    heading = HEADINGS[topic].partition(":")[0]
    if len(about) == 1:
        facts = about[0].facts
        told = " ".join(f"{facts.get('number', '')} {facts.get('summary', '')}".split())
        return f"{heading}: {told}"[:180] if told else heading
    return f"{len(about)} {heading[0].lower()}{heading[1:]}"


def plain(topic: str, about: Sequence[Subject], settings: Settings) -> str:
    """The text part of a mail."""
    lines = [HEADINGS[topic], ""]
    for one in about[:MOST_LINES]:
        lines += [_joined(parts, lambda w, a: f"{w} ({a})") for parts in _lines(one, settings)]
        lines.append("")
    return "\n".join([*lines, *_rest(topic, about), f"{_base(settings)}/sync", ""])


def html(topic: str, about: Sequence[Subject], settings: Settings) -> str:
    """The HTML part of a mail: nothing to load, every text inert."""

    def link(words: str, address: str) -> str:
        return f'<a href="{escape(address)}">{escape(words)}</a>'

    items = []
    for one in about[:MOST_LINES]:
        first, *others = (_joined(parts, link, escape) for parts in _lines(one, settings))
        items.append(f"<li><b>{first}</b>{''.join(f'<br>{line}' for line in others)}</li>")
    rest = "".join(f"<p>{escape(line)}</p>" for line in _rest(topic, about))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(subject(topic, about))}</title></head>"
        f'<body style="{STYLE}"><h1 style="font-size:20px">{escape(HEADINGS[topic])}</h1>'
        f"<ul>{''.join(items)}</ul>{rest}"
        f"<p>{link('How writing back stands', f'{_base(settings)}/sync')}</p></body></html>\n"
    )


def told_by(topic: str, about: Sequence[Subject], number: int = MOST_LINES) -> Sequence[Subject]:
    """What a message that names the first `number` has told; of what is held it tells how much."""
    return about if topic == "held" else about[:number]


def post(
    topic: str, about: Sequence[Subject], settings: Settings, member: Member | None
) -> tuple[str, Sequence[Subject]]:
    """The text of a message in Slack, and what it tells; whoever got the card is mentioned."""

    def link(words: str, address: str) -> str:
        return f"<{escaped(address).replace('|', '%7C')}|{escaped(words)}>"

    mention = member.slack_user if member else None
    end = [f"It is tracked by <@{escaped(mention)}>"] if mention else []
    told, number = [f"*{escaped(HEADINGS[topic])}*"], 0
    for one in about[:MOST_LINES]:
        lines = [_joined(parts, link, escaped) for parts in _lines(one, settings)]
        rest = _rest(topic, about, number + 1)
        # The first one is told whatever its length.
        if number and len("\n".join([*told, *lines, *end, *rest])) > LONGEST:
            break
        told, number = [*told, *lines], number + 1
    text = "\n".join([*told, *end, *_rest(topic, about, number)])
    return text, told_by(topic, about, number)


def described(one: Subject) -> str:
    """The description of a case, as a reply in Slack; empty when there is none."""
    told = str(one.facts.get("description") or "").strip()
    return cut(escaped(told[:LONGEST_DESCRIPTION]))


def _lines(one: Subject, settings: Settings) -> list[list[Part]]:
    facts = one.facts
    number, summary = str(facts.get("number") or ""), _line(facts.get("summary"))
    case: Part = (f"Case {number}", f"{_base(settings)}/cases/{quote(number, safe='')}")
    severity = SEVERITIES.get(one.severity, "")
    about = [f"Account {facts.get('account') or 'not told'}, severity {severity}"]
    match one.topic:
        case "tagged":
            tracker = "Bug" if facts["kind"] == "whiteboard" else "Issue"
            return [[(f"{tracker} {facts['target']}: {_line(facts['text'])}, ", None), case]]
        case "risk":
            share = f"{facts['share']:.0%} of {facts['target']:g} days are used"
            return [[case, (f": {summary}", None)], [(f"{facts['standing']}: {share}", None)],
                    [(about[0], None)]]  # fmt: skip
        case "failed":
            return [[case, (f": {summary}", None)], [(_line(facts["told"]), None)]]
        case "held":
            return [[case, (f": {summary}", None)], [(about[0], None)]]
    who = (facts.get("after") or {}).get("assignee")
    card: Part = (str(facts["card"]), f"{settings.jira_url}/browse/{quote(str(facts['card']))}")
    return [
        [card, (" tracks ", None), case, (f": {summary}", None)],
        [(about[0], None)],
        [(f"It is tracked by {who}" if who else "Nobody has it yet", None)],
    ]


def _joined(
    parts: Sequence[Part],
    link: Callable[[str, str], str],
    words: Callable[[str], str] = str,
) -> str:
    return "".join(link(told, to) if to else words(told) for told, to in parts)


def _rest(topic: str, about: Sequence[Subject], told: int = MOST_LINES) -> list[str]:
    more = len(about) - told
    where = "." if topic == "held" else ", which another message tells."
    return [f"And {more:,} more{where}"] if more > 0 else []


def _base(settings: Settings) -> str:
    return settings.base_url.rstrip("/")


def _line(told: object) -> str:
    return " ".join(str(told or "").split())[:LONGEST_LINE]
