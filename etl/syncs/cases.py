"""Cases of the portal: those that changed since the last look, or all of them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from etl.errors import Malformed
from etl.records import Record
from etl.run import Run
from etl.sources.portal import Portal
from etl.sources.portal_records import case_records, tags
from etl.sources.texts import instant
from etl.syncs.sweep import batches, sweep

# The portal's search is an index that may lag behind, and its clock may be off.
OVERLAP = timedelta(minutes=10)
CONFIRMED_AT_ONCE = 50


def work(run: Run) -> None:
    """Load changed cases; when full, all, and mark what is gone."""
    portal = Portal(run)
    wanted = wanted_tag(run.settings.portal_query)
    until = run.watermark()
    full = run.full or until is None
    since = None if full or until is None else min(until, portal.door.now()) - OVERLAP
    field = "case_createdDate" if full else "case_lastModifiedDate"
    seen, promised, latest = set[str](), 0, until
    run.tell("asking the portal")
    for total, docs in portal.windows(field, since):
        promised = promised or total
        seen |= {str(doc.get("case_number")) for doc in docs}
        ours = [doc for doc in docs if wanted is None or wanted in tags(doc.get("case_tags"))]
        run.load(_records(ours, portal))
        latest = _latest(ours, latest)
        if full:
            run.sight(str(doc.get("case_number")) for doc in ours)
        run.tell("cases", len(seen), max(promised, len(seen)))
    if len(seen) < promised:
        told = f"The portal promised {promised:,} cases and showed {len(seen):,}."
        run.note(told, partial=True)
    if full:
        sweep(run, "case", "case", lambda keys: ask_for(run, portal, keys, wanted))
    if latest is not None and run.state == "finished":
        # Never past the source's now, nor further than what it showed: an answer that was empty
        # by mistake must not make us skip what it left out.
        run.advance(min(latest, portal.door.now()))


def _latest(docs: list[dict[str, Any]], known: datetime | None) -> datetime | None:
    """The last update among some cases and what is known."""
    moments = [known] if known else []
    for doc in docs:
        with suppress(Malformed):
            moment = instant(doc.get("case_lastModifiedDate"), "case_lastModifiedDate")
            moments += [moment] if moment else []
    return max(moments, default=None)


def _records(docs: Iterable[dict[str, Any]], portal: Portal) -> Iterator[Record]:
    seen_at = portal.door.now()
    for position, doc in enumerate(docs, start=1):
        yield from case_records(position, doc, seen_at)


def ask_for(run: Run, portal: Portal, keys: list[str], wanted: str | None) -> Iterator[str]:
    """Those of some cases that the portal does show when asked for by number; they are loaded."""
    for some in batches(keys, CONFIRMED_AT_ONCE):
        asked = " OR ".join(f"case_number:{key}" for key in some)
        docs = portal.search(f"({asked})").docs
        ours = [doc for doc in docs if wanted is None or wanted in tags(doc.get("case_tags"))]
        run.load(_records(ours, portal))
        yield from (str(doc.get("case_number")) for doc in ours)


def wanted_tag(query: str) -> str | None:
    """The tag that a query of the form `case_tags:*tag*` means: its stars match more than that."""
    field, _, value = query.strip().partition(":")
    tag = value.strip('*"')
    return tag if field == "case_tags" and tag and tag.replace("_", "").isalnum() else None
