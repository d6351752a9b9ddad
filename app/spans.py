"""While which case versions a View holds: stretches of time, each with what it adds to a count.

A number at any instant is a sum over these stretches: `sign` for each that has begun and not ended.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Text,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    text,
)

from app import filters, search
from app.board import Board
from app.models import BugSpan, CardOverlap
from app.versions import VERSIONS, V
from app.view import View

Condition = ColumnElement[bool]
INSTANT = DateTime(timezone=True)
EVENTS = {"created": V.created_date, "closed": V.closed_at}
SEVERAL = "several"
# The filters and values that are the same throughout a spell, or come and go beside it.
SPELLED = {
    *("state", "severity", "account", "engineer", "owner", "product", "group"),
    *("escalated", "crit_sit", "escalation", "sla", "bugs", "bug", "q"),
}
NAMED = """
select case_number, lower(span) as valid_from, upper(span) as valid_to
from (
    select case_number, range_agg(tstzrange(linked_at, coalesce(unlinked_at, 'infinity'))) as held
    from case_bugs where key = any(:named) group by case_number
) links cross join unnest(held) span
"""


@dataclass(frozen=True, slots=True)
class Stretches:
    """The stretches `[start, end)` of the versions that pass `where`.

    They are read off versions that last until `until`, or off spells: out of `origin`, where spans
    may be joined `beside` them, of which holds what `joined` asks. With `within`, a moment of the
    case and a span, each ends a span after the moment. With `q` they are of cases that hold these
    words.
    """

    start: ColumnElement[Any]
    end: ColumnElement[Any]
    where: tuple[Condition, ...]
    origin: FromClause = VERSIONS
    sign: int = 1
    within: tuple[ColumnElement[Any], timedelta] | None = None
    until: ColumnElement[Any] = V.valid_to
    q: str = ""
    beside: tuple[FromClause, ...] = ()
    joined: tuple[Condition, ...] = ()

    def cut(self, start: ColumnElement[Any], end: ColumnElement[Any]) -> "Stretches":
        """The parts of the stretches that lie in a part `[start, end)` of their version."""
        if start is not V.valid_from and self.start is not V.valid_from:
            start = func.greatest(self.start, start)
        if end is not self.until and self.end is not self.until:
            end = func.least(self.end, end)
        return replace(
            self,
            start=self.start if start is V.valid_from else start,
            end=self.end if end is self.until else end,
        )

    @property
    def whole(self) -> bool:
        """The stretches are the versions themselves, or the spells."""
        return self.start is V.valid_from and self.end is self.until

    def meeting(self, first: datetime, last: datetime) -> list[Condition]:
        """That a stretch holds at some instant of `[first, last]`."""
        return [*self.reached(first, last), *self.parted(first, last)]

    def reached(self, first: datetime, last: datetime) -> list[Condition]:
        """What that asks of the version.

        The bounds of version and moment say nothing new, but let an index begin there.
        """
        asked, since = [self.until > first, V.valid_from <= last], first
        if self.within:
            moment, span = self.within
            since = first - span
            asked += [moment > since, moment <= last]
        return [*asked, *search.found_since(self.q, since)]

    def parted(self, first: datetime, last: datetime) -> list[Condition]:
        """What that asks of the part of it, and of the spans beside it.

        The bounds of spans say nothing new, but leave less to join.
        """
        asked = [*self.joined]
        for spans in self.beside:
            asked += [spans.c.valid_to > first, spans.c.valid_from <= last]
        if self.whole:
            return asked
        return [*asked, self.start <= last, self.end > first, self.start < self.end]


def open_versions(
    board: Board, view: View, told: Collection[str] | None = None
) -> Iterator[Stretches]:
    """Which versions are open cases of a View, whatever its own state and its filters of time.

    Who asks for no more of them than values and filters of these names in `told`, and cares for no
    event, gets spells where they tell all this.
    """
    where = (V.is_open, *board.lasting_filters(_without_links(view)))
    until, asked = _until(view, told)
    plain = Stretches(V.valid_from, until, (*where, *asked), until=until, q=view.q)
    yield from _linked(view, plain)


def _until(
    view: View, told: Collection[str] | None
) -> tuple[ColumnElement[Any], tuple[Condition, ...]]:
    """Until when what is read lasts, and what is asked of it: spells, where they tell enough."""
    if told is not None and spelled(view, told):
        return V.spell_to, (V.spell_to.is_not(None),)
    return V.valid_to, ()


def spelled(view: View, told: Collection[str] = ()) -> bool:
    """Whether spells tell what a View filters by, and the values and filters of these names."""
    return {*view.filters(), *told} <= SPELLED


def open_stretches(
    board: Board, view: View, told: Collection[str] | None = None
) -> Iterator[Stretches]:
    """While which versions are open cases of a View, whatever its own state; as `open_versions`."""
    for whole in open_versions(board, view, told):
        for start, end in board.open_spans(view, whole.until):
            yield whole.cut(start, end)


def recent_versions(board: Board, view: View, event: str, span: timedelta) -> Iterator[Stretches]:
    """Which versions of cases of a View hold for less than a span after an event of their case.

    `event` is created or closed; the cases may be open or closed since. To be cut to what is asked.
    """
    moment = EVENTS[event]
    until, asked = _until(view, ())
    where = [
        *asked,
        ~V.gone,
        moment.is_not(None),
        V.valid_from - moment < span,
        *board.lasting_filters(_without_links(view)),
    ]
    timed = view.sla or view.stale is not None or view.recent is not None
    states: list[tuple[tuple[Condition, ...], Any]] = [((), [(V.valid_from, until)])]
    if timed:
        # What is closed grows no older; what is open may pass a filter of time for a while.
        closed = (~V.is_open, *_closed_filters(board, view))
        states = [
            (closed, _closed_spans(view, until)),
            ((V.is_open,), board.open_spans(view, until)),
        ]
    for more, spans in states:
        for start, end in spans:
            one = Stretches(
                start, end, (*where, *more), within=(moment, span), until=until, q=view.q
            )
            yield from _linked(view, one)


def _closed_filters(board: Board, view: View) -> list[Condition]:
    return [board.expression("sla").in_(view.sla)] if view.sla else []


def _closed_spans(
    view: View, until: ColumnElement[Any]
) -> list[tuple[ColumnElement[Any], ColumnElement[Any]]]:
    start: list[ColumnElement[Any]] = [V.valid_from]
    end: list[ColumnElement[Any]] = [until]
    if view.stale is not None:
        start.append(V.updated_at + timedelta(days=view.stale))
    if view.recent is not None:
        end.append(V.updated_at + timedelta(days=view.recent))
    return [(func.greatest(*start), func.least(*end))]


def _without_links(view: View) -> View:
    """The View without the filters by what comes and goes beside a version: bugs, second cards."""
    return view.but(bugs=(), bug=(), card=() if SEVERAL in view.card else view.card)


def _linked(view: View, plain: Stretches) -> Iterator[Stretches]:
    """The stretches cut to when the case had bugs and cards as the View asks."""
    for with_bugs in _with_bugs(set(view.bugs), plain):
        for with_named in _with_named(set(view.bug), with_bugs):
            yield from _with_cards(view.card, with_named)


def _with_bugs(asked: set[str], plain: Stretches) -> Iterator[Stretches]:
    """The stretches cut to when the case had bugs as asked; "none" is all less those with any."""
    if not asked or {"none", "any"} <= asked:
        yield plain
        return
    spans = BugSpan.__table__.alias()
    if "none" in asked:
        yield plain
        yield _while(plain, spans, sign=-1)
    if "any" in asked:
        yield _while(plain, spans)
    elif "untargeted" in asked:
        yield _while(plain, spans, spans.c.untargeted)


def _with_named(keys: set[str], plain: Stretches) -> Iterator[Stretches]:
    """The stretches cut to when the case had one of some bugs; the empty key: to when it had none.

    The spans of several bugs lie over each other, so they are made one first.
    """
    if not keys:
        yield plain
        return
    if "" in keys:
        yield from _with_bugs({"none"}, plain)
    if named := sorted(keys - {""}):
        spans = text(NAMED).bindparams(bindparam("named", named, unique=True))
        told = spans.columns(case_number=Text(), valid_from=INSTANT, valid_to=INSTANT)
        yield _while(plain, told.subquery())


def _with_cards(asked: tuple[str, ...], plain: Stretches) -> Iterator[Stretches]:
    """The stretches cut to when the case had several cards, or one that stands as else asked."""
    if SEVERAL not in asked:
        yield plain
        return
    others = or_(false(), *(filters.CARDS[one] for one in asked if one != SEVERAL))
    yield replace(plain, where=(*plain.where, others))
    rest = not_(func.coalesce(others, false()))
    yield _while(plain, CardOverlap.__table__.alias(), rest)


def _while(plain: Stretches, spans: Any, *more: Condition, sign: int = 1) -> Stretches:
    """The parts of stretches that lie within spans of their case."""
    meet = and_(spans.c.case_number == V.case_number, spans.c.valid_from < plain.end)
    return replace(
        plain,
        start=func.greatest(plain.start, spans.c.valid_from),
        end=func.least(plain.end, spans.c.valid_to),
        origin=plain.origin.join(spans, meet),
        beside=(*plain.beside, spans),
        joined=(*plain.joined, *more),
        sign=plain.sign * sign,
    )
