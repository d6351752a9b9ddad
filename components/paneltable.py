"""The table of a panel's values: a short one of components, a long one drawn by the browser.

Thousands of components would hold the browser up for seconds; plain rows do not.
"""

from typing import Any
from urllib.parse import quote

from dash import dcc, html
from dash.development.base_component import Component

from app.panel import LINKED_ROWS
from app.view import View
from app.words import FIELD_LABELS, SEVERITY_NAMES
from components.number import counted, rows_url


def table(told: dict[str, Any], view: View) -> Component:
    """The table of a panel's answer; numbers of cases lead to their rows."""
    columns = told["columns"]
    heads = [html.Th(_head(column), className=_look(column)) for column in columns]
    rows = [
        html.Tr(
            [
                html.Td(_linked(column["name"], value, views, view), className=_look(column),
                        dir="auto")
                for column, value in zip(columns, row, strict=True)
            ]
        )
        for row, views in _rows(told)
    ]  # fmt: skip
    inner = [html.Caption(_caption(told)), html.Thead(html.Tr(heads)), html.Tbody(rows)]
    return html.Div(html.Table(inner), className="scroll", tabIndex="0")


def plain_table(told: dict[str, Any], view: View) -> dict[str, Any]:
    """The same as plain values: `caption`, `heads` and `rows` of cells.

    A head is (text, whether numbers follow), a cell (text, address, number of cases); the last two
    are None where there are none.
    """
    columns = told["columns"]
    rows = [
        [
            _cell(column["name"], value, views, view)
            for column, value in zip(columns, row, strict=True)
        ]
        for row, views in _rows(told)
    ]
    heads = [(_head(column), bool(column["unit"])) for column in columns]
    return {"panel": told["name"], "caption": _caption(told), "heads": heads, "rows": rows}


def _rows(told: dict[str, Any]) -> list[tuple[list[Any], dict[str, str]]]:
    links = told["links"] or [{}] * LINKED_ROWS
    return list(zip(told["rows"][:LINKED_ROWS], links, strict=False))


def _caption(told: dict[str, Any]) -> str:
    whole = len(told["rows"])
    if whole <= LINKED_ROWS:
        return str(told["sentence"])
    return f"{told['sentence']} · the first {LINKED_ROWS:,} of {whole:,} rows; the CSV file has all"


def _head(column: dict[str, str]) -> str:
    # A blank unit says only that numbers follow.
    unit = column["unit"].strip()
    return f"{column['label']} ({unit})" if unit else column["label"]


def _look(column: dict[str, str]) -> str:
    return "number" if column["unit"] else ""


def _linked(name: str, value: object, views: dict[str, str], view: View) -> Any:
    query = views.get(name)
    if query is not None and isinstance(value, int):
        return counted(value, View.from_query(query))
    if name == "number" and value:
        return dcc.Link(str(value), href=_case(value, view))
    return _words(name, value)


def _cell(
    name: str, value: object, views: dict[str, str], view: View
) -> tuple[str, str | None, int | None]:
    query = views.get(name)
    if query is not None and isinstance(value, int):
        return f"{value:,}", rows_url(View.from_query(query)), value
    if name == "number" and value:
        return str(value), _case(value, view), None
    return _words(name, value), None, None


def _case(number: object, view: View) -> str:
    """The way to a case, at the instant and in the zone of the View."""
    place = View(as_of=view.as_of, tz=view.tz)
    return place.url(f"/cases/{quote(str(number), safe='')}")


def _words(name: str, value: object) -> str:
    if value is None:
        return "not set" if name in FIELD_LABELS else "–"
    if name == "severity" and isinstance(value, int | float):
        return SEVERITY_NAMES[int(value)]
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
