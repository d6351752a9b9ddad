"""What the work lists say of a View at an instant: how many entries each has, and the oldest."""

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array

from app.cache import remembered
from app.database import plain, snapshot
from app.models import Mute
from app.mutes import in_force, muted
from app.quality import LISTS
from app.quality.worklist import Found, Population, WorkList
from app.scope import Scope
from app.version import Version
from app.versions import VERSIONS, V

SHOWN = 50
MUTE_COLUMNS = ("reason", "until", "by", "at")


def counts(scope: Scope, version: Version) -> dict[str, dict[str, int]]:
    """Of every list how many `entries` it has, the muted ones not counted, and how many `muted`.

    Remembered by (View, instant, data version, mutes).
    """
    key = ("quality", *_key(scope, version))
    told: dict[str, dict[str, int]] = orjson.loads(remembered(key, lambda: _counts(scope)))
    return told


def oldest(
    one: WorkList, scope: Scope, version: Version, *, show_muted: bool = False
) -> list[dict[str, Any]]:
    """The entries of a list whose faults are the oldest, at most `SHOWN`: the columns `COLUMNS`.

    With `show_muted` the muted ones instead, with `MUTE_COLUMNS` of their mutes. Instants are ISO
    8601 texts in UTC. Remembered as `counts` is.
    """
    key = ("quality", one.name, str(show_muted), *_key(scope, version))
    asked = muted_entries(one, scope) if show_muted else entries(one, scope, SHOWN)
    told: list[dict[str, Any]] = orjson.loads(remembered(key, lambda: _rows(asked)))
    return told


def entries(one: WorkList, scope: Scope, limit: int | None = None) -> Select[Any]:
    """The entries of a list that are not muted, the oldest fault first."""
    found = one.find(Population(scope))
    asked = [*found.where, _subject(found).not_in(muted(scope, one.name))]
    told = select(*found.told()).select_from(found.table).where(*asked)
    if limit is not None and found.latest is not None and found.earliest is not None:
        asked.append(found.earliest <= _bound(found, asked, limit, scope))
        told = _read_again(found, asked) if found.wide else told.where(asked[-1])
    return _oldest_first(told).limit(limit)


def _read_again(found: Found, asked: list[Any]) -> Select[Any]:
    """The versions found in narrow indexes first, then in their wide rows."""
    # The offset keeps PostgreSQL 18 from seeing that both are one table.
    chosen = select(V.case_number, V.valid_from).where(*asked).offset(0).subquery("chosen")
    same = and_(chosen.c.case_number == V.case_number, chosen.c.valid_from == V.valid_from)
    return select(*found.told()).select_from(VERSIONS.join(chosen, same))


def muted_entries(one: WorkList, scope: Scope) -> Select[Any]:
    """The muted entries of a list with the columns of their mutes."""
    found = one.find(Population(scope))
    held = and_(
        Mute.list == one.name,
        Mute.subject == _subject(found),
        in_force(scope),
    )
    mute = [getattr(Mute, name).label(name) for name in MUTE_COLUMNS]
    told = select(*found.told(), *mute).select_from(found.table).join(Mute, held)
    return _oldest_first(told.where(*found.where)).limit(SHOWN)


def _bound(found: Found, asked: list[Any], limit: int, scope: Scope) -> ColumnElement[Any]:
    """By when the faults of `limit` entries had begun: one that began later is not among them."""
    # Of an expression, so that no index of all times is walked for the few that have the fault.
    latest = func.least(found.latest, scope.instant)
    told = select(latest).select_from(found.table).where(*asked)
    last = told.order_by(latest).offset(limit - 1).limit(1)
    return func.coalesce(last.correlate(None).scalar_subquery(), scope.instant)


def _subject(found: Found) -> ColumnElement[str]:
    return cast(found.columns["subject"], Text)


def _oldest_first(told: Select[Any]) -> Select[Any]:
    shown = told.subquery("shown")
    return select(shown).order_by(shown.c.since, shown.c.subject.collate("C"))


def select_counts(scope: Scope) -> Select[Any]:
    """A row per list with entries: list, entries, muted. Open cases are passed once."""
    people = Population(scope)
    simple = [one for one in LISTS.values() if one.fault]
    named: Any = array(
        [case((one.fault(V), one.name)) for one in simple if one.fault], type_=Text()
    )
    given = func.unnest(func.array_remove(named, None))
    faults = given.table_valued("fault").render_derived(name="given")
    together = (
        select(faults.c.fault.label("list"), V.case_number.label("subject"))
        .select_from(VERSIONS)
        .join(faults, true())
        .where(*people.cases("open"))
    )
    others = []
    for one in LISTS.values():
        if not one.fault:
            found = one.find(people)
            named_so = select(literal(one.name).label("list"), _subject(found).label("subject"))
            others.append(named_so.select_from(found.table).where(*found.where))
    all_faults = union_all(together, *others).subquery("faults")
    column = all_faults.c
    held = and_(Mute.list == column.list, Mute.subject == column.subject, in_force(scope))
    return (
        select(
            column.list,
            (func.count() - func.count(Mute.id)).label("entries"),
            func.count(Mute.id).label("muted"),
        )
        .select_from(all_faults.outerjoin(Mute, held))
        .group_by(column.list)
    )


def _counts(scope: Scope) -> str:
    with snapshot() as connection:
        found = {row["list"]: row for row in plain(connection, select_counts(scope))}
    told = {
        name: {
            part: int(found[name][part]) if name in found else 0 for part in ("entries", "muted")
        }
        for name in LISTS
    }
    return orjson.dumps(told).decode()


def _rows(asked: Select[Any]) -> str:
    with snapshot() as connection:
        return orjson.dumps(plain(connection, asked)).decode()


def _key(scope: Scope, version: Version) -> tuple[str, ...]:
    asked = replace(scope, view=scope.view.only_filters().but(state="all"))
    now = "now" if scope.view.as_of is None else "then"
    return (*asked.key, now, version.key, str(version.mutes))
