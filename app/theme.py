"""The one visual language of charts: the palettes and layouts of both themes.

A panel draws with names (`$severity-1`, `$accent`), not colours, so that one finished figure
serves both themes. The browser puts the colours in, from these palettes (`assets/caseboard.js`);
`painted` does it for images.
"""

from typing import Any, Literal

ThemeName = Literal["light", "dark"]
Figure = dict[str, Any]

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Noto Sans CJK SC', "
    "'PingFang SC', 'Microsoft YaHei', 'Noto Naskh Arabic', 'Noto Sans Arabic', sans-serif"
)

# How many colours there are for values without a meaning of their own (`$category-0` and on).
CATEGORIES = 8

PALETTES: dict[ThemeName, dict[str, str]] = {
    "light": {
        "page": "#F6F7F9",
        "card": "#FFFFFF",
        "border": "#E3E6EB",
        "text": "#1B2330",
        "secondary": "#5B6675",
        "accent": "#2F6FB3",
        "muted": "#B8C0CC",
        "severity-1": "#B3261E",
        "severity-2": "#C77700",
        "severity-3": "#2F6FB3",
        "severity-4": "#6B7785",
        "severity-0": "#B8C0CC",
        "opened": "#2F6FB3",
        "closed": "#2E7D5B",
        "waiting-us": "#2F6FB3",
        "waiting-customer": "#8A6FB3",
        "waiting-engineering": "#2E7D5B",
        "waiting-vendor": "#8D6E4F",
        "waiting-unknown": "#9AA7B6",
        "sla-ok": "#2E7D5B",
        "sla-at_risk": "#C77700",
        "sla-breached": "#B3261E",
        "category-0": "#2F6FB3",
        "category-1": "#C77700",
        "category-2": "#2E7D5B",
        "category-3": "#8A6FB3",
        "category-4": "#0B8A9E",
        "category-5": "#B0457B",
        "category-6": "#8D6E4F",
        "category-7": "#6B7785",
        "hatch": "rgba(27,35,48,0.35)",
    },
    "dark": {
        "page": "#0F141B",
        "card": "#171E27",
        "border": "#2A3440",
        "text": "#E6EAF0",
        "secondary": "#9AA7B6",
        "accent": "#6FA8E6",
        "muted": "#4A5766",
        "severity-1": "#FF8A80",
        "severity-2": "#FFB74D",
        "severity-3": "#6FA8E6",
        "severity-4": "#9AA7B6",
        "severity-0": "#4A5766",
        "opened": "#6FA8E6",
        "closed": "#6FCF97",
        "waiting-us": "#6FA8E6",
        "waiting-customer": "#B79BE0",
        "waiting-engineering": "#6FCF97",
        "waiting-vendor": "#C9A986",
        "waiting-unknown": "#7C8A9A",
        "sla-ok": "#6FCF97",
        "sla-at_risk": "#FFB74D",
        "sla-breached": "#FF8A80",
        "category-0": "#6FA8E6",
        "category-1": "#FFB74D",
        "category-2": "#6FCF97",
        "category-3": "#B79BE0",
        "category-4": "#5CC8D7",
        "category-5": "#F08CBB",
        "category-6": "#C9A986",
        "category-7": "#9AA7B6",
        "hatch": "rgba(230,234,240,0.35)",
    },
}


def template(theme: ThemeName) -> Figure:
    """The Plotly layout that every figure of a theme starts from."""
    palette = PALETTES[theme]
    axis = {
        "gridcolor": palette["border"],
        "linecolor": palette["border"],
        "zerolinecolor": palette["border"],
        "tickfont": {"size": 12, "color": palette["secondary"]},
        "title": {"font": {"size": 12, "color": palette["secondary"]}, "standoff": 8},
        "automargin": True,
        "ticklabelstandoff": 4,
    }
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": palette["text"]},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "colorway": [palette["accent"]],
        "xaxis": {**axis, "showgrid": False},
        "yaxis": {**axis, "rangemode": "tozero"},
        "hoverlabel": {
            "bgcolor": palette["card"],
            "bordercolor": palette["border"],
            "font": {"family": FONT, "size": 12, "color": palette["text"]},
            "align": "left",
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"size": 12, "color": palette["secondary"]},
        },
        "separators": ".,",
        "bargap": 0.25,
    }


def painted(value: Any, theme: ThemeName) -> Any:
    """A figure, or a part of one, with a theme's colours where it names them (`$accent`)."""
    if isinstance(value, dict):
        return {key: painted(part, theme) for key, part in value.items()}
    if isinstance(value, list):
        return [painted(part, theme) for part in value]
    if isinstance(value, str) and value.startswith("$"):
        return PALETTES[theme].get(value[1:], value)
    return value


def safe(text: str) -> str:
    """Text as Plotly shall show it: it reads a small HTML, which a source's text must not use."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
