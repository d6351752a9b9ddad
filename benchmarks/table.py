"""The figures as Markdown and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.figure import Figure
from benchmarks.growth import Growth

HEAD = (
    "| figure | floor | raw | measured | ratio | budget | verdict |\n"
    "|---|---:|---:|---:|---:|---|---|"
)
GROWTH_HEAD = "| figure | {sizes} | k | told | verdict |\n|---|{lines}---:|---|---|"


def amount(value: float | None, unit: str = "ms") -> str:
    """A number as people read it: three digits that matter, and its unit."""
    if value is None:
        return "–"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}{f' {unit}' if unit else ''}"


def figures(rows: Iterable[Figure]) -> str:
    """The table of figures, a part after the other, and below it the reasons."""
    lines: list[str] = [HEAD]
    # One reason may hold for several figures.
    reasons: dict[str, list[str]] = {}
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            lines.append(f"| **{part}** | | | | | | |")
        ratio = "–" if row.ratio is None else f"{amount(row.ratio, '')} ×"
        mark = ""
        if row.reason and not row.met:
            reasons.setdefault(row.reason, []).append(row.what)
            mark = f" ({list(reasons).index(row.reason) + 1})"
        budget = f"{row.rule}: {amount(row.limit, row.unit)}" if row.limit is not None else "–"
        told = f"{row.what} ({row.note})" if row.note else row.what
        lines.append(
            f"| {told} | {amount(row.floor, row.unit)} | {amount(row.raw, row.unit)} "
            f"| {amount(row.measured, row.unit)} | {ratio} | {budget} | {row.verdict}{mark} |"
        )
    if reasons:
        lines += ["", "Reasons:", ""]
    lines += [
        f"{number}. {'; '.join(dict.fromkeys(whose))}: {reason}"
        for number, (reason, whose) in enumerate(reasons.items(), start=1)
    ]
    return "\n".join(lines)


def growths(rows: Sequence[Growth]) -> str:
    """The table of fits."""
    if not rows:
        return ""
    sizes = rows[0].sizes
    head = GROWTH_HEAD.format(
        sizes=" | ".join(f"{size:,} cases" for size in sizes), lines="---:|" * len(sizes)
    )
    lines = [
        f"| {row.what} | {' | '.join(amount(cost) for cost in row.costs)} | {row.k:.2f} "
        f"| ≤ {row.told:g}: {row.why} | {'as told' if row.as_told else '**more**'} |"
        for row in rows
    ]
    return "\n".join([head, *lines])


def as_json(
    machine: dict[str, Any], rows: Iterable[Figure], fits: Iterable[Growth]
) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "machine": machine,
        "figures": [{**asdict(row), "met": row.met, "part": row.part} for row in rows],
        "growth": [{**asdict(fit), "k": fit.k, "as_told": fit.as_told} for fit in fits],
    }
