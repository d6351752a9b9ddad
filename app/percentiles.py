"""Percentiles of many lengths by severity, as `percentile_cont` tells them, without sorting all.

The lengths are collected in bins that follow each other, and only the few bins that a percentile
falls into are sorted: of a million lengths that takes half of the time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    Double,
    FromClause,
    Integer,
    Select,
    and_,
    cast,
    column,
    func,
    select,
    true,
)

from app.arrays import table_of


def collected(length: ColumnElement[Any], held: ColumnElement[bool]) -> list[ColumnElement[Any]]:
    """What a bin keeps of the lengths of the rows that are `held`: `n`, `total`, `lengths`."""
    each = func.array_agg(length, type_=ARRAY(Double)).filter(held)
    return [
        func.count().filter(held).label("n"),
        func.sum(length).filter(held).label("total"),
        each.label("lengths"),
    ]


def summary(bins: CTE, order: Sequence[str], shares: Mapping[str, float]) -> CTE:
    """A row per severity that has a length: `severity`, `n`, `mean`, and a column by share.

    `bins` have a `severity` (never NULL), what is `collected`, and columns to `order` them by: no
    length is above one of a later bin.
    """
    n = func.sum(bins.c.n)
    whole = (
        select(
            bins.c.severity,
            cast(n, Integer).label("n"),
            (func.sum(bins.c.total) / cast(n, Double)).label("mean"),
        )
        .where(bins.c.n > 0)
        .group_by(bins.c.severity)
        .subquery("whole")
    )
    found = _found(_sorted(bins, order, shares).subquery("sorted")).subquery("found")
    percentiles = (
        select(
            found.c.severity,
            *(
                func.max(found.c.length).filter(found.c.number == number).label(name)
                for number, name in enumerate(shares, start=1)
            ),
        )
        .group_by(found.c.severity)
        .subquery("percentiles")
    )
    return (
        select(whole, *(percentiles.c[name] for name in shares))
        .select_from(whole.join(percentiles, percentiles.c.severity == whole.c.severity))
        .cte("summary")
    )


def _sorted(bins: CTE, order: Sequence[str], shares: Mapping[str, float]) -> Select[Any]:
    """By severity and share (its `number`, from 1 on) the lengths of the bins that it falls into.

    `place` is that of the length among all of its severity, from 0 on, and `exact` where the share
    falls between two places.
    """
    running: Any = {
        "partition_by": bins.c.severity,
        "order_by": [bins.c[name] for name in order],
    }
    last = func.sum(bins.c.n).over(partition_by=bins.c.severity) - 1
    placed = (
        select(
            bins.c.severity,
            bins.c.lengths,
            bins.c.n,
            cast(func.sum(bins.c.n).over(**running) - bins.c.n, Integer).label("before"),
            cast(last, Double).label("last"),
        )
        .where(bins.c.n > 0)
        .subquery("placed")
    )
    asked = table_of("asked", {"share": (Double(), list(shares.values()))}, number="number")
    exact = asked.c.share * placed.c.last
    holds = and_(
        placed.c.before <= func.ceil(exact), placed.c.before + placed.c.n > func.floor(exact)
    )
    each: Any = func.unnest(placed.c.lengths).table_valued(column("length", Double))
    each = each.render_derived("each")
    number = column("number", Integer)
    among = func.row_number().over(
        partition_by=(placed.c.severity, number, placed.c.before), order_by=each.c.length
    )
    return select(
        placed.c.severity,
        number,
        each.c.length,
        exact.label("exact"),
        (placed.c.before + among - 1).label("place"),
    ).select_from(placed.join(asked, holds).join(each, true()))


def _found(ordered: FromClause) -> Select[Any]:
    """By severity and number the `length` at its place, or as far as it is between two of them."""
    told = ordered.c
    low, high = func.min(told.length), func.max(told.length)
    part = told.exact - func.floor(told.exact)
    return (
        select(told.severity, told.number, (low + part * (high - low)).label("length"))
        .where(told.place >= func.floor(told.exact), told.place <= func.ceil(told.exact))
        .group_by(told.severity, told.number, told.exact)
    )
