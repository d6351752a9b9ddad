"""The charts, from `app/panels/`."""

from app.panel import Panel
from app.panels import PANELS
from docs.reference.markdown import code, page, prose, table

SOURCE = "app/panels"
ABOUT = """\
A chart is one question, declared once. Under its name it can be had as a card on a page, as a
table, as a file, by the API (`/api/v1/charts/<name>.json`, `.csv`, `.png`, `.svg`) and as an
embed ([Embedding](../embedding.md))."""


def render() -> str:
    """The whole page."""
    rows = map(_row, PANELS.values())
    return page("Charts", SOURCE, ABOUT, table(("name", "title", "question", "over"), rows))


def _row(panel: Panel) -> tuple[str, ...]:
    over = "open cases" if panel.state == "open" else "all cases"
    return (
        code(panel.name),
        prose(panel.title),
        prose(panel.question),
        f"{over}, in a period" if panel.period else over,
    )
