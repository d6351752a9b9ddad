"""Cards of JIRA: those that track cases, and those of the prio-list."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlalchemy import exists, select

from app.database import transaction
from app.models import Case, Change, JiraCard
from app.settings import Settings
from etl.records import Fact, Observation, Record
from etl.run import Run
from etl.sources.jira import Issue, Jira
from etl.sources.jira_records import card_records, updated
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
        run.load(_records(cards, kind, jira))
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


def _records(cards: list[Issue], kind: str, jira: Jira) -> Iterator[Record]:
    seen_at = jira.door.now()
    linked = _linked(jira)
    for position, card in enumerate(cards, start=1):
        yield from card_records(position, card, kind, jira.fields, seen_at, linked)


def _linked(jira: Jira) -> Callable[[Issue], list[str]]:
    """The cases that a card links outside of JIRA; not asked for again while it is unchanged."""

    def cases(card: Issue) -> list[str]:
        unchanged = select(JiraCard.cases).where(
            JiraCard.key == card.asked, JiraCard.updated_at == updated(card)
        )
        with transaction() as connection:
            known = connection.execute(unchanged).scalar_one_or_none()
        if known:
            return list(known)
        # An answer that is empty by mistake would take the case away: asked twice.
        links = jira.remote_links(card.asked) or jira.remote_links(card.asked)
        told = [f"{link.get('url', '')} {link.get('title', '')}" for link in links]
        return sorted({number for text in told for number in CASE_NUMBER.findall(text)})

    return cases


def ask_for(run: Run, jira: Jira, condition: str, kind: str, keys: list[str]) -> Iterator[str]:
    """Those of some cards that JIRA does show when its search is asked for them; it loads them."""
    for some in batches(keys, 50):
        numbers = sorted(int(key.rpartition("-")[2]) for key in some if "-" in key)
        project = some[0].rpartition("-")[0]
        # A range of keys never fails the whole search as `key in (...)` does.
        span = f'key >= "{project}-{numbers[0]}" AND key <= "{project}-{numbers[-1]}"'
        for cards in jira.cards(f"{condition} AND {span}"):
            wanted = [card for card in cards if card.asked in some]
            run.load(_records(wanted, kind, jira))
            yield from (card.asked for card in wanted)


def _condition(project: str, label: str | None) -> str:
    told = f"project = {_quoted(project)}"
    return f"{told} AND labels = {_quoted(label)}" if label else told


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
