"""A case's history, newest first: what changed, from what to what, when and by whom."""

from itertools import groupby
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from app.columns import COLUMNS
from app.words import SEVERITY_NAMES
from components.text import moment


def timeline_list(changes: pd.DataFrame, zone: str) -> Component:
    """The changes of a case as a list; those of one instant and actor are one entry."""
    table = changes.astype(object)
    rows = list(table.where(table.notna(), None).itertuples(index=False))
    entries = [
        _entry(list(group), zone) for _, group in groupby(rows, key=lambda row: (row.at, row.actor))
    ]
    return html.Ol(entries, className="timeline")


def _entry(rows: list[Any], zone: str) -> Component:
    first = rows[0]
    return html.Li(
        [
            html.Div(
                [
                    html.Time(moment(first.at, zone), dateTime=first.at.isoformat()),
                    html.Span(first.actor or "", className="actor", dir="auto"),
                ],
                className="when",
            ),
            html.Ul([_change(row, zone) for row in rows]),
        ]
    )


def _change(row: Any, zone: str) -> Component:
    label = COLUMNS[row.field].label if row.field in COLUMNS else row.field.replace("_", " ")
    after = html.Span(_value(row.field, row.after, zone), className="after", dir="auto")
    if row.before is None:
        return html.Li([html.Span(f"{label} ", className="field"), after])
    before = html.Span(_value(row.field, row.before, zone), className="before", dir="auto")
    return html.Li([html.Span(f"{label} ", className="field"), before, " → ", after])


def _value(field: str, value: str | None, zone: str) -> str:
    if value is None:
        return "not set"
    if field == "severity" and value.isdigit():
        return SEVERITY_NAMES.get(int(value), value)
    if field in COLUMNS and COLUMNS[field].kind == "instant":
        return moment(pd.Timestamp(value).to_pydatetime(), zone)
    return value
