"""Small multiples: a row per severity over one logarithmic axis of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log10

from app.lengths import DAY, HOUR, Length
from app.theme import Figure

# What bars without a lower or an upper end are drawn to.
LEAST, MOST = timedelta(minutes=20), 480 * DAY
LOWEST, HIGHEST = LEAST / DAY, MOST / DAY
TICKS = {HOUR: "1 h", 8 * HOUR: "8 h", 2 * DAY: "2 d", 7 * DAY: "7 d", 30 * DAY: "30 d",
         120 * DAY: "120 d"}  # fmt: skip
# Pixels left of the bars, for their counts.
LEFT = 64
# Parts of a row's height: its label, its bars, its box; the rest is free.
LABEL, BARS, BOX = 0.28, 0.46, 0.16


@dataclass(frozen=True, slots=True)
class Layer:
    """One row of the drawing; `top`, `bottom` and `floor` (of the box) are parts of its height."""

    top: float
    ceiling: float
    bottom: float
    floor: float

    def counts(self, most: int) -> Figure:
        """The axis of the bars, with the highest one named."""
        return {
            "domain": [self.bottom, self.ceiling],
            "title": {"text": "Cases"},
            "range": [0, max(most, 1) * 1.05],
            "tickvals": [most] if most else [],
            "tickformat": ",d",
            "automargin": False,
        }

    def box(self) -> Figure:
        """The axis of the box below the bars."""
        return {
            "domain": [self.floor, self.bottom],
            "range": [-1, 1],
            "visible": False,
            "fixedrange": True,
        }


def layers(place: int, many: int, *, box: bool) -> Layer:
    """The row at a place (from 0, the top) of so many."""
    height = 1 / many
    top = 1 - place * height
    bottom = top - height * (LABEL + BARS + (0 if box else BOX))
    return Layer(top, top - height * LABEL, bottom, bottom - (height * BOX if box else 0))


def axis_name(place: int, kind: str = "y") -> str:
    """`y`, `y2`, ... or `yaxis`, `yaxis2`, ..."""
    return kind if place == 0 else f"{kind}{place + 1}"


def days_axis(title: str, longest: float = 0) -> Figure:
    """The logarithmic axis of days that the rows share; longer for what took longer."""
    return {
        "type": "log",
        "range": [log10(LOWEST), log10(max(HIGHEST, longest))],
        "tickvals": [length / DAY for length in TICKS],
        "ticktext": list(TICKS.values()),
        "title": {"text": title},
        "anchor": "free",
        "position": 0,
        "showgrid": True,
    }


def drawn(spans: Sequence[Length]) -> Figure:
    """Where bars of spans stand and how wide they are, in days."""
    starts = [(span.start or LEAST) / DAY for span in spans]
    ends = [(span.end or MOST) / DAY for span in spans]
    return {
        "x": [(start + end) / 2 for start, end in zip(starts, ends, strict=True)],
        "width": [end - start for start, end in zip(starts, ends, strict=True)],
    }


def label(text: str, top: float) -> Figure:
    """What stands above a row."""
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        # Above the names of the axis as well, so that it fits a narrow card.
        "xshift": 8 - LEFT,
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 12},
    }
