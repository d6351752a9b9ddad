"""What a comparison found, kept: how many records either side has, and which differ."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from app.database import transaction
from etl.reconcile.narrowing import Compared
from etl.run import Run
from etl.runs import own

# Of more the full enumeration takes care; so many are named.
MOST_NAMED = 1_000

COUNTED = """
insert into recounts (kind, sync, shown, held, lost, loaded, surplus, run_id)
values (:kind, :sync, :shown, :held, :lost, :loaded, :surplus, :run_id)
on conflict (kind) do update set sync = excluded.sync, shown = excluded.shown,
    held = excluded.held, lost = excluded.lost, loaded = excluded.loaded,
    surplus = excluded.surplus, run_id = excluded.run_id, counted_at = clock_timestamp()
"""
NAMED = """
insert into differences (kind, key, lacks, told) values (:kind, :key, :lacks, :told)
on conflict (kind, key, lacks) where settled_at is null
    do update set told = excluded.told where differences.told <> excluded.told
"""
LOADED = """
update differences set settled_at = clock_timestamp(), outcome = 'loaded'
where kind = :kind and lacks = 'board' and settled_at is null and key = any(:keys)
"""
AGREED = """
update differences set settled_at = clock_timestamp(), outcome = 'agreed'
where kind = :kind and settled_at is null and (lacks = 'board' and key <> all(:here)
    or lacks = 'source' and key <> all(:there))
"""
# The sweep at its end settles what is gone, with its own guard against a source that errs.
ASK_FULL = """
update syncs set asked_at = clock_timestamp(), asked_full = true, attempts = 0, retry_at = null
where name = :name
"""
BUMP = "update data_version set version = version + 1, changed_at = clock_timestamp()"
UNTIL = "select value from watermarks where source = :sync and name = 'until'"


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the differences of one kind of record.

    `loaded` were lost and are on the board again; `lost` still are, each with the reason in words;
    `surplus` are on the board though their source shows them no more.
    """

    compared: Compared
    loaded: Collection[str]
    lost: Mapping[str, str]
    surplus: Mapping[str, str]


def note(run: Run, kind: str, found: Found) -> None:
    """Keep what a comparison found, and settle what differs no more."""
    compared = found.compared
    counts = {
        "kind": kind,
        "sync": run.sync,
        "shown": compared.shown,
        "held": compared.held,
        "lost": len(found.lost),
        "loaded": len(found.loaded),
        "surplus": len(found.surplus),
        "run_id": run.id,
    }
    named = [
        {"kind": kind, "key": key, "lacks": lacks, "told": told}
        for lacks, entries in (("board", found.lost), ("source", found.surplus))
        for key, told in sorted(entries.items())[:MOST_NAMED]
    ]
    named += [
        {"kind": kind, "key": key, "lacks": "board", "told": "it was lost, and is loaded again"}
        for key in sorted(found.loaded)[:MOST_NAMED]
    ]
    here, there = sorted({*found.lost, *found.loaded}), sorted(found.surplus)
    with transaction() as connection:
        own(connection, run.id)
        connection.execute(text(COUNTED), counts)
        if named:
            connection.execute(text(NAMED), named)
        connection.execute(text(LOADED), {"kind": kind, "keys": sorted(found.loaded)})
        told = {"kind": kind, "here": here, "there": there}
        settled = connection.execute(text(AGREED), told).rowcount
        if named or settled:
            # What pages remember of the work lists is of a data version.
            connection.execute(text(BUMP))


def ask_for_all(name: str) -> None:
    """Let a sync enumerate everything as soon as its source is free."""
    with transaction() as connection:
        connection.execute(text(ASK_FULL), {"name": name})


def read_until(sync: str) -> datetime | None:
    """Up to when (the source's clock, UTC) a sync has read what changed; None if never."""
    with transaction() as connection:
        told = connection.execute(text(UNTIL), {"sync": sync}).scalar_one_or_none()
    return None if told is None else datetime.fromisoformat(told)
