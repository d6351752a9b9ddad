"""Cards of JIRA: those that track cases, and those of the prio-list."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import exists, select

from app.database import transaction
from app.models import Case, Change, JiraCard
from app.settings import Settings
from etl.errors import UNREADABLE
from etl.records import Fact, Observation, Record
from etl.run import Run
from etl.sources.jira import Issue, Jira
from etl.sources.jira_records import card_records, tells_no_case, updated
from etl.sources.texts import CASE_NUMBER
from etl.syncs.sweep import batches, sweep

# JIRA's search may lag behind by minutes, and counts in whole ones.
OVERLAP = timedelta(minutes=5)


def track(run: Run) -> None:
    """Load the tracking cards that changed; when full, all, and mark what is gone."""
    _work(run, "tracking", condition_of("tracking", run.settings))


def escalate(run: Run) -> None:
    """Load the cards of the prio-list that changed; when full, all, and mark what is gone."""
    complete = _work(run, "escalation", condition_of("escalation", run.settings))
    if complete:
        _end_what_was_told_before(run)


def condition_of(kind: str, settings: Settings) -> str:
    """JQL for the cards of a kind, tracking or escalation."""
    if kind == "escalation":
        project = str(settings.jira_escalations_project)
        return _condition(project, settings.jira_escalations_label)
    condition = _condition(str(settings.jira_project), settings.jira_label)
    if settings.jira_sprint:
        condition += f" AND sprint = {_quoted(settings.jira_sprint)}"
    return condition


def _work(run: Run, kind: str, condition: str) -> bool:
    """Load the cards of a kind; whether JIRA has shown all of them, and some at all."""
    jira = Jira(run)
    until = run.watermark()
    full = run.full or until is None
    asked, seen, latest = condition, 0, until
    if not full and until is not None:
        asked = f"{condition} AND {jira.since(min(until, jira.door.now()), OVERLAP)}"
    run.tell("asking JIRA")
    for cards in jira.cards(asked):
        _load(run, cards, kind, jira)
        latest = max([updated(card) for card in cards] + ([latest] if latest else []), default=None)
        if full:
            run.sight(card.asked for card in cards)
        seen += len(cards)
        run.tell("cards", seen)
    if full:
        sweep(run, kind, "card", lambda keys: ask_for(run, jira, condition, kind, keys))
    if latest is not None and run.state == "finished":
        # Not further than what was shown: an answer that was empty by mistake must not count.
        run.advance(min(latest, jira.door.now()))
    return full and run.state == "finished" and (seen > 0 or run.allow_drop)


def _end_what_was_told_before(run: Run) -> None:
    """End what a system before this one said of the prio-list: from now on its cards say it."""
    own = exists().where(
        Change.entity == "case", Change.key == Case.case_number, Change.field == "escalated"
    )
    asked = select(Case.case_number).where(
        Case.escalated == "yes", Case.source == "portal", Case.gone_at.is_(None), own
    )
    with transaction() as connection:
        numbers = connection.execute(asked.order_by(Case.case_number)).scalars().all()
    seen_at = run.doors[0].now()
    facts = (Fact("escalated", "no", seen_at), Fact("escalation_link", None, seen_at))
    told = (
        Observation(place, number, facts, "case", "state", seen_at, seen_at)
        for place, number in enumerate(numbers, start=1)
    )
    if numbers:
        run.load(told)


def _load(run: Run, cards: list[Issue], kind: str, jira: Jira) -> None:
    """Load cards; what is still to be asked is asked for before the database is kept waiting."""
    linked = _linked(jira, [card for card in cards if _is_to_be_asked(card, jira)])
    seen_at = jira.door.now()

    def records() -> Iterator[Record]:
        for position, card in enumerate(cards, start=1):
            cases = linked.get(card.asked, [])
            yield from card_records(position, card, kind, jira.fields, seen_at, cases)

    run.load(records())


def _is_to_be_asked(card: Issue, jira: Jira) -> bool:
    """Whether only its remote links can tell the cases of a card."""
    try:
        return tells_no_case(card, jira.fields)
    except UNREADABLE:
        # It is rejected with its reason where it is read as a whole.
        return False


def _linked(jira: Jira, cards: list[Issue]) -> dict[str, list[str]]:
    """The cases that cards link outside of JIRA; not asked for again while they are unchanged."""
    asked = select(JiraCard.key, JiraCard.updated_at, JiraCard.cases).where(
        JiraCard.key.in_([card.asked for card in cards])
    )
    with transaction() as connection:
        known = {row.key: row for row in connection.execute(asked)}

    def cases(card: Issue) -> list[str]:
        row = known.get(card.asked)
        if row is not None and row.cases and row.updated_at == updated(card):
            return list(row.cases)
        # An answer that is empty by mistake would take the case away: asked twice.
        links = jira.remote_links(card.asked) or jira.remote_links(card.asked)
        told = [f"{link.get('url', '')} {link.get('title', '')}" for link in links]
        return sorted({number for text in told for number in CASE_NUMBER.findall(text)})

    keys = [card.asked for card in cards]
    return dict(zip(keys, jira.at_once(cases, cards), strict=True))


def ask_for(run: Run, jira: Jira, condition: str, kind: str, keys: list[str]) -> Iterator[str]:
    """Those of some cards that JIRA does show when its search is asked for them; it loads them."""
    for some in batches(keys, 50):
        numbers = sorted(int(key.rpartition("-")[2]) for key in some if "-" in key)
        project = some[0].rpartition("-")[0]
        # A range of keys never fails the whole search as `key in (...)` does.
        span = f'key >= "{project}-{numbers[0]}" AND key <= "{project}-{numbers[-1]}"'
        for cards in jira.cards(f"{condition} AND {span}"):
            wanted = [card for card in cards if card.asked in some]
            _load(run, wanted, kind, jira)
            yield from (card.asked for card in wanted)


def _condition(project: str, label: str | None) -> str:
    told = f"project = {_quoted(project)}"
    return f"{told} AND labels = {_quoted(label)}" if label else told


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
