"""One language of colours: Python, JavaScript and CSS tell the same."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from app.panels import PANELS
from app.scope import Scope
from app.theme import PALETTES
from app.view import View

CSS = (Path(__file__).parent.parent.parent / "assets" / "10-palette.css").read_text()


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_both_themes_name_the_same_colours_and_css_has_them_too():
    assert set(PALETTES["light"]) == set(PALETTES["dark"])
    for theme in ("light", "dark"):
        block = re.search(rf'\[data-bs-theme="{theme}"\] \{{(.*?)\}}', CSS, re.DOTALL).group(1)
        told = dict(re.findall(r"--([\w-]+): (#\w{6})", block))
        shared = set(told) & set(PALETTES[theme])
        assert {"page", "card", "border", "text", "accent", "severity-1"} <= shared
        for name in shared:
            assert told[name].lower() == PALETTES[theme][name].lower(), name


def test_text_can_be_read_on_every_surface():
    for palette in PALETTES.values():
        for surface in ("page", "card"):
            assert contrast(palette["text"], palette[surface]) >= 4.5
            assert contrast(palette["secondary"], palette[surface]) >= 4.5


def names(value: object) -> set[str]:
    """The colour names inside a figure."""
    if isinstance(value, dict):
        return set().union(*(names(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(names(part) for part in value))
    return {value[1:]} if isinstance(value, str) and value.startswith("$") else set()


@pytest.mark.parametrize("panel", PANELS.values(), ids=list(PANELS))
def test_figures_name_only_colours_that_both_themes_have(panel):
    scope = Scope.of(View(), datetime(2026, 1, 4, tzinfo=UTC))
    columns = [column.name for column in panel.columns]
    rows = [
        [date(2026, 1, 1 + n) if name == "day" else n + 1 for name in columns] for n in range(3)
    ]
    for count in (0, 1, 3):
        figure = panel.figure(pd.DataFrame(rows[:count], columns=columns), scope)
        assert names(figure) <= set(PALETTES["light"])
        assert {"xaxis", "yaxis"} <= set(figure["layout"])
        for axis in ("xaxis", "yaxis"):
            told = figure["layout"][axis]
            assert "title" in told or told.get("type") == "category"
