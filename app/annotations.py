"""What is noted about instants: by people, and by Caseboard itself where data or rules changed.

Caseboard notes gaps (no good run of a sync for longer than its freshness objective), new SLA
policies, imports, and from when on it counts what an earlier system had no time of.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, text

from app.auth import audit
from app.auth.person import Person
from app.cache import remembered
from app.database import alone, transaction
from app.one_line import tidy
from app.sla import BUMP
from app.version import Version
from app.view_fields import write_instant
from app.words import day_words

LONGEST_TEXT = 200
MOST_TOLD = 200

Kind = Literal["person", "gap", "policy", "import", "moved"]


class NotNoted(ValueError):
    """Something that cannot be noted, deleted or brought back so; the message says why."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is told of the instant `at` (UTC); of a gap up to its `end`.

    `id` and `author` are those of a person's, None otherwise.
    """

    kind: Kind
    at: datetime
    told: str
    end: datetime | None = None
    id: int | None = None
    author: str | None = None

    def words(self, zone: str) -> str:
        """What is told, in words, without its instant."""
        match self.kind:
            case "gap":
                until = f" until {day_words(self.end, zone)}" if self.end else ", until now"
                return f"No good run of {self.told}{until}"
            case "policy":
                return f"New SLA policy: {self.told}"
            case "import":
                return f"Import of {self.told}"
            case "moved":
                return f"Moved over: what {self.told} had no time of counts from here on"
        return self.told


# Everything of a period in one statement. Gaps of several syncs at one time are told as one.
TOLD = """
with good as (
    select r.sync, r.finished_at, s.fresh_seconds,
        lead(r.finished_at) over (partition by r.sync order by r.finished_at) as next_at
    from sync_runs r join syncs s on s.name = r.sync
    where r.state in ('finished', 'partial') and r.finished_at <= :end
),
gaps as (
    select sync, tstzrange(finished_at, coalesce(next_at, :end)) as held, next_at is null as lasts
    from good
    where coalesce(next_at, :end) - finished_at > make_interval(secs => fresh_seconds)
),
together as (select unnest(range_agg(held)) as held from gaps),
told as (
    select 'person' as kind, at, told, null::timestamptz as until, id, author
    from annotations where deleted_at is null
    union all
    select 'gap', lower(t.held), string_agg(distinct g.sync, ', '),
        case when not bool_or(g.lasts) then upper(t.held) end, null, null
    from together t join gaps g on g.held && t.held
    where upper(t.held) > :start
    group by t.held
    union all
    select 'policy', valid_from, policy::text, null, null, null from sla_policies
    where valid_from > (select min(valid_from) from sla_policies)
    union all
    select 'import', finished_at, coalesce(source, sync), null, null, null from sync_runs
    where state = 'finished' and finished_at is not null and inserted > 0
        and sync not in (select name from syncs)
    union all
    select 'moved', value::timestamptz, 'the old system', null, null, null from watermarks
    where source = 't5g' and name = 'first'
)
select * from told
where (at >= :start or kind = 'gap') and at <= :end
order by at desc, id desc limit :limit
"""
ADD = """
insert into annotations (at, told, author) values (:at, :told, :author)
returning id
"""
DELETE = """
update annotations set deleted_at = clock_timestamp() where id = :id and deleted_at is null
returning told
"""
RESTORE = """
update annotations set deleted_at = null where id = :id and deleted_at is not null
returning told
"""
# Charts that show the annotations are remembered by the data version; an empty board has none.
RENEW = f"{BUMP} where version > 0"


def annotations(start: datetime, end: datetime, version: Version | None) -> list[Annotation]:
    """What is noted in `[start, end]`, newest first; of gaps also those that reach into it.

    Remembered by data version, where there is one, so that all charts of a page share a statement.
    """
    if version is None or not version.number:
        told = _compute(start, end)
    else:
        told = _told(start, end, version.key)
    return [_read(row) for row in orjson.loads(told)]


# Each process keeps those of some periods at hand.
@lru_cache(maxsize=64)
def _told(start: datetime, end: datetime, version: str) -> str:
    key = ("annotations", write_instant(start), write_instant(end), version)
    return remembered(key, lambda: _compute(start, end))


def _compute(start: datetime, end: datetime) -> str:
    with alone() as connection:
        asked = {"start": start, "end": end, "limit": MOST_TOLD}
        rows = connection.execute(text(TOLD), asked).mappings().all()
    found = [
        Annotation(
            row["kind"],
            row["at"],
            _policy_words(row["told"]) if row["kind"] == "policy" else row["told"],
            row["until"],
            row["id"],
            row["author"],
        )
        for row in rows
    ]
    return orjson.dumps([asdict(one) for one in found]).decode()


def _read(row: Mapping[str, Any]) -> Annotation:
    end = datetime.fromisoformat(row["end"]) if row["end"] else None
    return Annotation(**{**row, "at": datetime.fromisoformat(row["at"]), "end": end})


def _policy_words(told: str) -> str:
    policy = orjson.loads(told)
    days = ", ".join(f"{day:g}" for day in policy["days"])
    own = len(policy["accounts"])
    more = f"; {own} {'account has its' if own == 1 else 'accounts have their'} own" if own else ""
    return f"{days} days{more}"


def add(person: Person, at: datetime, told: str) -> Annotation:
    """Note something about an instant; NotNoted where the person may not, or there is no text."""
    told = _clean(told)
    _check(person)
    with transaction() as connection:
        asked = {"at": at, "told": told, "author": person.name}
        number = connection.execute(text(ADD), asked).scalar_one()
        connection.execute(text(RENEW))
        _note("annotation_add", person, number, told, connection)
    return Annotation("person", at, told, None, number, person.name)


def delete(person: Person, number: int) -> str:
    """Delete an annotation and tell its text; `restore` brings it back."""
    return _change(person, number, DELETE, "annotation_delete")


def restore(person: Person, number: int) -> str:
    """Bring a deleted annotation back and tell its text."""
    return _change(person, number, RESTORE, "annotation_restore")


def _change(person: Person, number: int, statement: str, act: str) -> str:
    _check(person)
    with transaction() as connection:
        told = connection.execute(text(statement), {"id": number}).scalar()
        if told is None:
            raise NotNoted("That annotation is no longer there.")
        connection.execute(text(RENEW))
        _note(act, person, number, str(told), connection)
    return str(told)


def _note(act: str, person: Person, number: int, told: str, connection: Connection) -> None:
    detail = {"told": told}
    audit.record(
        act, outcome="done", actor=person, target=str(number), detail=detail, connection=connection
    )


def _check(person: Person) -> None:
    if not person.is_editor:
        raise NotNoted("Only editors annotate.")


def _clean(told: str) -> str:
    """One line of text: no control characters, nothing that no text can have."""
    words = tidy(told)
    if not 0 < len(words) <= LONGEST_TEXT:
        raise NotNoted(f"Give the annotation a text of 1 to {LONGEST_TEXT} characters.")
    return words
