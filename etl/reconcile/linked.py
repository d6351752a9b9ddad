"""Bugs and issues that cases link: which of them their tracker shows, and which we know."""

from collections.abc import Callable

from sqlalchemy import text

from app.database import transaction
from etl.reconcile.narrowing import Compared
from etl.syncs.sweep import batches

LINKED = """
select distinct l.key,
    b.updated_at is not null and b.gone_at is null and not coalesce(b.restricted, false) as known
from case_bugs l
left join bugs b on b.tracker = l.tracker and b.key = l.key
where l.tracker = :tracker and l.unlinked_at is null
"""


def compare(tracker: str, ask: Callable[[list[str]], set[str]], at_once: int) -> Compared:
    """Compare the linked bugs that we know with those that `ask` says the tracker shows."""
    known = held(tracker)
    compared = Compared(sum(known.values()))
    for some in batches(sorted(known), at_once):
        shown = ask(some) & set(some)
        compared.shown += len(shown)
        compared.lacking_here |= {key for key in shown if not known[key]}
        compared.lacking_there |= {key for key in some if known[key]} - shown
    return compared


def held(tracker: str) -> dict[str, bool]:
    """The linked bugs of a tracker by key: whether we know what their tracker tells of them."""
    with transaction() as connection:
        rows = connection.execute(text(LINKED), {"tracker": tracker}).all()
    return {str(key): bool(known) for key, known in rows}
