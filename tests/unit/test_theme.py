"""One language of colours: Python, JavaScript and CSS tell the same."""

import re
from pathlib import Path

from app.theme import PALETTES, painted

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


def test_painting_puts_in_the_colours_and_leaves_other_texts_alone():
    figure = {
        "data": [{"marker": {"color": ["$severity-1", "$accent"]}, "text": ["$5", "$unknown"]}],
        "layout": {"title": {"text": "x"}},
    }
    for theme, palette in PALETTES.items():
        trace = painted(figure, theme)["data"][0]
        assert trace["marker"]["color"] == [palette["severity-1"], palette["accent"]]
        assert trace["text"] == ["$5", "$unknown"]
    assert figure["data"][0]["marker"]["color"][0] == "$severity-1"
