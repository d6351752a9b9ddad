"""A small line of the last weeks, drawn without a script."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

WIDTH, HEIGHT = 72, 24


def sparkline(values: Sequence[int]) -> Component:
    """The values, oldest first, as a line over their own range; told in words as well.

    It is a clipped shape in the colour of the text, so that it needs neither script nor picture.
    """
    least, most = min(values), max(values)
    spread = (most - least) or 1
    step = 100 / max(1, len(values) - 1)
    heights = [88 - 76 * (value - least) / spread if most > least else 50 for value in values]
    there = [f"{place * step:.1f}% {height - 5:.1f}%" for place, height in enumerate(heights)]
    back = [f"{place * step:.1f}% {height + 5:.1f}%" for place, height in enumerate(heights)]
    shape = ", ".join([*there, *reversed(back)])
    words = f"{len(values)} weeks: from {values[0]:,} to {values[-1]:,}, {least:,} to {most:,}"
    return html.Div(
        className="spark",
        style={"clipPath": f"polygon({shape})"},
        title=words,
        role="img",
        **{"aria-label": words},
    )
