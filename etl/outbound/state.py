"""What the board knows of what writing back is about: open cases, their cards, who has how much."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from app.database import transaction
from etl.errors import Later

# Only what a live portal tells gets cards; an imported log is history.
CASES = """
select v.case_number as number, v.created_date as created, v.severity, v.account, v.status,
    coalesce(v.summary, '') as summary,
    case when card.key is null then coalesce(c.description, '') else '' end as description,
    card.key as card, v.card_status, card.priority,
    reopened.at as reopened,
    coalesce((
        select array_agg(b.tracker || '|' || b.key order by b.tracker, b.key) from case_bugs b
        where b.case_number = v.case_number and b.unlinked_at is null), '{}') as bugs
from case_versions v
join cases c on c.case_number = v.case_number
left join jira_cards card on card.key = v.card and card.gone_at is null
left join lateral (
    -- When it was last opened again, if its card was finished before that and ever since: a card
    -- that was finished later is so because somebody wants it to be.
    select max(r.valid_from) as at from case_versions r
    where r.case_number = v.case_number and r.event = 'reopened' and r.card_status = 'Done'
        and r.card = v.card and not exists (
            select from case_versions later
            where later.case_number = r.case_number and later.valid_from > r.valid_from
                and later.card_status is distinct from 'Done')
) reopened on true
where v.valid_to = 'infinity' and v.is_open and not v.gone and c.source = 'portal'
order by v.created_date, v.case_number
"""
# What was given and is not on the board yet counts too.
CARRIED = """
select engineer as who, severity, count(*)::int as number from case_versions
where valid_to = 'infinity' and is_open and not gone and engineer is not null
group by 1, 2
union all
select o.after ->> 'assignee', v.severity, 1 from outbox o
join case_versions v on v.case_number = o.case_number and v.valid_to = 'infinity'
where o.kind = 'create_card' and o.state in ('acting', 'uncertain', 'done') and v.card is null
    and v.is_open and o.after ->> 'assignee' is not null
"""
# A card that is not known here would be made once more.
READ = """
select s.name, s.fresh_seconds, max(r.finished_at) as at,
    max(r.finished_at) > clock_timestamp() - make_interval(secs => s.fresh_seconds) as fresh,
    bool_or(r.mode = 'full' and r.state = 'finished') as whole
from syncs s left join sync_runs r on r.sync = s.name and r.state in ('finished', 'partial')
where s.name = any(:names) group by s.name, s.fresh_seconds order by s.name
"""
LINKED = """
select b.tracker, b.key, array_agg(distinct v.case_number order by v.case_number) as cases
from case_bugs link
join bugs b on b.tracker = link.tracker and b.key = link.key
join case_versions v on v.case_number = link.case_number
    and v.valid_to = 'infinity' and v.is_open and not v.gone
join cases c on c.case_number = v.case_number and c.source = 'portal'
where link.unlinked_at is null and not b.restricted and b.gone_at is null
group by b.tracker, b.key order by b.tracker, b.key
"""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An open case, its card (the board's latest) and bugs (`tracker|key`).

    `reopened` is when the case was last opened again after its card had been finished.
    """

    number: str
    created: datetime
    severity: int | None
    account: str | None
    status: str | None
    summary: str
    description: str
    card: str | None = None
    card_status: str | None = None
    priority: str | None = None
    reopened: datetime | None = None
    bugs: tuple[str, ...] = ()


def open_cases(connection: Connection) -> list[OpenCase]:
    """The open cases of the portal, oldest first."""
    rows = connection.execute(text(CASES)).mappings()
    return [OpenCase(**{**row, "bugs": tuple(row["bugs"])}) for row in rows]


def carried(connection: Connection) -> list[tuple[str, int | None, int]]:
    """Who has how many open cases of which severity."""
    return [(row.who, row.severity, row.number) for row in connection.execute(text(CARRIED))]


def see_that_all_was_read(names: tuple[str, ...]) -> None:
    """Later while what writing back goes by is older than it should be, or was never read whole."""
    with transaction() as connection:
        rows = {row.name: row for row in connection.execute(text(READ), {"names": list(names)})}
    for name in names:
        row = rows.get(name)
        if row is None or not row.whole:
            raise Later(f"The sync {name} has not read everything yet; nothing is written before.")
        if not row.fresh:
            limit = timedelta(seconds=row.fresh_seconds)
            raise Later(
                f"The sync {name} last ended well at {row.at:%Y-%m-%d %H:%M} UTC, more than "
                f"{limit} ago; nothing is written from data as old as that."
            )


@dataclass(frozen=True, slots=True)
class LinkedBug:
    """A bug or issue that open cases link."""

    tracker: str
    key: str
    cases: tuple[str, ...]


def linked_bugs(connection: Connection) -> list[LinkedBug]:
    """The bugs and issues that open cases of the portal link and that we may see."""
    return [
        LinkedBug(row.tracker, row.key, tuple(row.cases))
        for row in connection.execute(text(LINKED))
    ]


def begun(connection: Connection, keys: list[str]) -> set[str]:
    """Which of some intents were begun: they go their way as they were planned."""
    asked = """select key from outbox
        where key = any(:keys) and state in ('acting', 'uncertain', 'done')"""
    return set(connection.execute(text(asked), {"keys": keys}).scalars())


def undone_priorities(connection: Connection) -> set[tuple[str | None, str, str]]:
    """What people undid: the card, the priority that they wanted, and the one that we had set."""
    asked = """select target, after ->> 'priority' as wanted, before ->> 'priority' as ours
        from outbox where kind = 'priority' and undoes is not null and state = 'done'"""
    return {(row.target, row.wanted, row.ours) for row in connection.execute(text(asked))}


@dataclass(frozen=True, slots=True)
class PriorActs:
    """How often a card's priority was set; `unseen`: since the board last looked at cards."""

    done: int
    unseen: bool = False


def prior_priorities(connection: Connection) -> dict[str, PriorActs]:
    """What was done about the priorities of cards, by their keys."""
    asked = """select target, count(*)::int as done,
            coalesce(max(ended_at) > (select max(started_at) from sync_runs
                where sync = 'cards' and state in ('finished', 'partial')), true) as unseen
        from outbox where kind = 'priority' and state = 'done' and target is not null
        group by target"""
    rows = connection.execute(text(asked))
    return {row.target: PriorActs(row.done, row.unseen) for row in rows}


def settled(connection: Connection, keys: list[str]) -> set[str]:
    """Which of some intents were done, or have failed and wait for an admin."""
    asked = "select key from outbox where key = any(:keys) and state in ('done', 'failed')"
    return set(connection.execute(text(asked), {"keys": keys}).scalars())
