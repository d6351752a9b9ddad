"""Annotations on a chart over days: a thin line each, with a label where there is room for one."""

from collections.abc import Sequence
from itertools import zip_longest
from zoneinfo import ZoneInfo

from app.annotations import Annotation
from app.scope import Scope
from app.theme import Figure, safe
from app.words import day_words

# With more lines than this, labels would lie on each other: only people's are labelled then.
LABELLED = 6
LONGEST_LABEL = 28
# How far the axis reaches above the highest point, for the labels to stand in.
ROOM = 1.15


def marked(figure: Figure, told: Sequence[Annotation], scope: Scope) -> Figure:
    """The figure with a line at each annotation, if its horizontal axis is one of days."""
    layout = figure["layout"]
    if not told or layout.get("xaxis", {}).get("type") != "date":
        return figure
    zone = scope.view.tz
    start, end = scope.period.filled()
    # A label that began further right would stretch the axis.
    right = start + (end - start) * 0.7
    shown = [one for one in told if one.kind == "person"] if len(told) > LABELLED else told
    labelled = set(map(id, shown[:LABELLED]))
    shapes = [_line(one, zone) for one in told]
    labels = [
        _label(one, zone, place, named=id(one) in labelled, left=one.at < right)
        for place, one in enumerate(told)
    ]
    return {
        **figure,
        "layout": {
            **layout,
            **(_room_above(figure) if labelled else {}),
            "shapes": [*layout.get("shapes", []), *shapes],
            "annotations": [*layout.get("annotations", []), *labels],
        },
    }


def _room_above(figure: Figure) -> Figure:
    """A vertical axis that ends above what is drawn, so that labels lie on nothing."""
    layout = figure["layout"]
    axis = layout.get("yaxis", {})
    if axis.get("type") == "log" or "range" in axis:
        return {}
    lines = [[value or 0 for value in trace.get("y", ())] for trace in figure["data"]]
    if layout.get("barmode") in {"stack", "relative"}:
        lines = [[sum(max(0, y) for y in stack) for stack in zip_longest(*lines, fillvalue=0)]]
    highest = max((max(line) for line in lines if line), default=0)
    return {"yaxis": {**axis, "autorangeoptions": {"include": highest * ROOM}}}


def _x(one: Annotation, zone: str) -> str:
    return one.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="seconds")


def _line(one: Annotation, zone: str) -> Figure:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": _x(one, zone),
        "x1": _x(one, zone),
        "y0": 0,
        "y1": 1,
        "line": {
            "color": "$secondary",
            "width": 1,
            "dash": "solid" if one.kind == "person" else "dot",
        },
    }


def _label(one: Annotation, zone: str, place: int, *, named: bool, left: bool) -> Figure:
    words = one.words(zone)
    cut = words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1] + "…"
    author = f" ({one.author})" if one.author else ""
    return {
        "x": _x(one, zone),
        "y": 1,
        "xref": "x",
        "yref": "paper",
        "xanchor": ("left" if left else "right") if named else "center",
        "yanchor": "top",
        # Neighbours stand on different lines.
        "yshift": -14 * (place % 3) if named else 0,
        "showarrow": False,
        "text": safe(cut) if named else "▾",
        "hovertext": safe(f"{day_words(one.at, zone)}: {words}{author}"),
        "font": {"size": 11, "color": "$secondary"},
        "bgcolor": "$card",
        "borderpad": 1,
    }
