"""Who did it, where the sources tell, as SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.models import Change

# A fact: entity, key, field and the instant from which it holds.
Fact = tuple[str, str, str, datetime]
LONGEST_ACTOR = 200


def actors(facts: Sequence[Fact]) -> Select[Any]:
    """Who is behind each of some facts: `place` (from 1), `actor`; only where somebody is named."""
    columns = list(zip(*facts, strict=True)) or [(), (), (), ()]
    texts = [cast(list(column), ARRAY(Text)) for column in columns[:3]]
    moments = cast(list(columns[3]), ARRAY(DateTime(timezone=True)))
    asked = (
        func.unnest(*texts, moments)
        .table_valued("entity", "key", "field", "at", with_ordinality="place")
        .render_derived(name="asked")
    )
    a = asked.c
    told = (
        select(func.left(Change.actor, LONGEST_ACTOR).label("actor"))
        .where(
            Change.entity == a.entity,
            Change.key == a.key,
            Change.field == a.field,
            Change.at == a.at,
        )
        # Of several facts of one instant the last one counts, as in the history itself.
        .order_by(Change.seq.desc(), Change.value.collate("C").desc())
        .limit(1)
        .lateral("told")
    )
    return select(a.place, told.c.actor).where(told.c.actor.is_not(None))
