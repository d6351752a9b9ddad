"""The sections of the weekly report on its page: numbers first, then every line."""

from dash import dcc, html
from dash.development.base_component import Component

from app.report.value import Report
from app.report.words import MEANINGS, TITLES, Row, Table, rows_of, severity_word
from components.buglist import tracker_link
from components.number import counted, rows_url

MOST_ROWS = 100


def numbers(report: Report) -> Component:
    """How many lines each section has: to its rows where a View lists them, else to its lines."""
    return html.Ul(
        [_number(report, name, number) for name, number in report.counts.items()],
        className="report-numbers",
    )


def section(report: Report, table: Table) -> Component:
    """One section with its lines; of very many the first ones, and the way to all."""
    shown = table.rows[:MOST_ROWS]
    heads = _heads(table.rows)
    body = [html.Tr([html.Td(_cell(head, row), className=_class(head)) for head in heads])
            for row in shown]  # fmt: skip
    head = html.Thead(
        html.Tr([html.Th(name, scope="col", className=_class(name)) for name in heads])
    )
    left = len(table.rows) - len(shown)
    return html.Section(
        [
            html.H2([f"{table.title} ", counted(len(table.rows), rows_of(report, table.name))]),
            html.P(table.meaning.capitalize(), className="secondary"),
            html.Div(
                html.Table([head, html.Tbody(body)]),
                className="wide-table",
                tabIndex="0",
                role="region",
                **{"aria-label": table.title},
            ),
            *([_more(report, table, left)] if left else []),
        ],
        className="card report-section",
        id=f"report-{table.name}",
    )


def severity(number: int | None) -> Component:
    """A severity as icon and word."""
    return html.Span(severity_word(number), className=f"severity severity-{number or 0}")


def _number(report: Report, name: str, number: int) -> Component:
    rows = rows_of(report, name)
    value = (
        counted(number, rows)
        if rows
        else html.A(f"{number:,}", href=f"#report-{name}") if number else html.Span("0")
    )  # fmt: skip
    return html.Li(
        [html.Span(value, className="report-number"), html.Span(TITLES[name])],
        title=MEANINGS[name],
        className="" if number else "none",
    )


def _more(report: Report, table: Table, left: int) -> Component:
    rows = rows_of(report, table.name)
    told = f"{left:,} more lines are left out here. "
    if rows:
        return html.P([told, dcc.Link("Show all of them as a table", href=rows_url(rows))])
    return html.P(f"{told}The Markdown has them all; a filter makes them fewer.")


def _heads(rows: tuple[Row, ...]) -> list[str]:
    """The columns in which some row says something."""
    of_cases = rows[0].bug is None
    told = {
        "Case" if of_cases else "Bug": True,
        "Severity": of_cases,
        "Account": any(row.account for row in rows),
        "Summary": any(row.summary for row in rows),
        "Change": any(row.change or row.note for row in rows),
        "When": True,
        "By": any(row.who for row in rows),
    }
    return [head for head, shown in told.items() if shown]


def _cell(head: str, row: Row) -> Component:
    match head:
        case "Case":
            return dcc.Link(row.name, href=row.path or "")
        case "Bug":
            tracker, key = row.bug or ("", "")
            name = row.name.removesuffix(key)
            return html.Span([name, tracker_link(tracker, key)])
        case "Severity":
            return severity(row.severity)
        case "When":
            return html.Time(row.when, dateTime=row.at.isoformat(), title=row.at.isoformat())
        case "Change":
            note = [html.Span(row.note, className="secondary")] if row.note else []
            gap = [" · "] if row.note and row.change else []
            return html.Span([row.change, *gap, *note], dir="auto")
    return html.Span(
        {"Account": row.account, "Summary": row.summary}.get(head, row.who), dir="auto"
    )


def _class(head: str) -> str:
    return f"report-{head.lower()}"
