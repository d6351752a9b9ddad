"""The end of a full enumeration: what was not seen is gone, unless that cannot be believed."""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import exists, func, select

from app.database import transaction
from app.models import Case, JiraCard, SyncSighting
from etl.records import Entity, Fact, Observation
from etl.run import Run

KNOWN = {
    "case": select(Case.case_number.label("key")).where(
        Case.source == "portal", Case.gone_at.is_(None)
    ),
    **{
        kind: select(JiraCard.key).where(JiraCard.kind == kind, JiraCard.gone_at.is_(None))
        for kind in ("tracking", "escalation")
    },
}
MOST_CONFIRMED = 500


def sweep(
    run: Run, kind: str, entity: Entity, confirm: Callable[[list[str]], Iterable[str]]
) -> None:
    """Mark what a completed enumeration did not see as gone.

    `confirm` asks the source once more for some keys and tells which are there after all. More than
    `max_drop` per cent at once are not believed: the run is held and nothing goes.
    """
    if run.state != "finished":
        run.note("Nothing was marked as gone, because not all could be read.")
        return
    missing, known = _missing(run, kind)
    if missing and len(missing) <= MOST_CONFIRMED:
        run.sight(confirm(missing))
        missing, known = _missing(run, kind)
    if not missing:
        return
    share = 100 * len(missing) / known
    if share > run.settings.max_drop and not run.allow_drop:
        run.state = "held"
        run.error = (
            f"{len(missing):,} of {known:,} records ({share:.0f} %) are no longer at the source, "
            f"more than CASEBOARD_MAX_DROP ({run.settings.max_drop:g} %). They stay on the board. "
            f"If they are gone indeed: caseboard sync {run.sync} --full --allow-drop"
        )
        return
    seen_at = run.doors[0].now()
    facts = (Fact("gone", "true", seen_at),)
    told = (
        Observation(place, key, facts, entity, "state", seen_at, seen_at)
        for place, key in enumerate(missing, start=1)
    )
    run.load(told, gone=True)


def batches(items: list[str], size: int) -> Iterator[list[str]]:
    """Items in batches of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _missing(run: Run, kind: str) -> tuple[list[str], int]:
    """The known keys that the run has not seen, and how many are known."""
    known = KNOWN[kind].subquery()
    seen = exists().where(SyncSighting.run_id == run.id, SyncSighting.key == known.c.key)
    with transaction() as connection:
        missing = connection.execute(select(known.c.key).where(~seen).order_by(known.c.key))
        unseen = list(missing.scalars())
        return unseen, int(connection.execute(select(func.count()).select_from(known)).scalar_one())
