"""The report as an HTML document for mail: inline styles and tables only, nothing to load.

It sets no colour of text or ground, so that a dark mail client may choose both; what is told by
weight or place is told in words too.
"""

from collections.abc import Callable
from html import escape

from app.report.value import Report, Said
from app.report.words import (
    Row,
    Table,
    by_account,
    case_path,
    cell,
    headline,
    moment,
    rows_of,
    said_text,
    severity_word,
    tables,
    title,
)
from app.view import View

LONGEST_SAID = 400
FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif"
BODY = f"margin:0;padding:16px;{FONT};font-size:14px;line-height:20px"
SHEET = "width:100%;max-width:960px;border-collapse:collapse"
EDGE = "#8a94a3"  # to be seen on white and on black
HEAD = f"padding:4px 12px 4px 0;border-bottom:1px solid {EDGE};text-align:left;font-size:12px"
CELL = f"padding:4px 12px 4px 0;border-bottom:1px solid {EDGE};text-align:left;vertical-align:top"
H1 = "margin:0;font-size:20px;line-height:28px"
H2 = "margin:24px 0 4px;font-size:16px;line-height:24px"
H3 = "margin:16px 0 0;font-size:14px"
SMALL = "margin:0 0 4px;font-size:12px"
COUNT = f"padding:8px 16px 8px 0;border-bottom:1px solid {EDGE};text-align:left"


def html_mail(report: Report, base_url: str, address: str, most: int | None = None) -> str:
    """The whole document, at most `most` lines of each section.

    Links lead to the Caseboard at `base_url`; `address` is where the page of this report is.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="supported-color-schemes" content="light dark">\n'
        f"<title>{escape(f'Weekly report, {title(report)}')}</title>\n</head>\n"
        f'<body style="{BODY}">\n{fragment(report, base_url, address, most)}\n</body>\n</html>\n'
    )


def fragment(report: Report, base_url: str, address: str, most: int | None = None) -> str:
    """What stands inside the document's body: to be pasted elsewhere as rich text."""
    filled = [table for table in tables(report) if table.rows]
    page = f'<a href="{escape(address)}">Open this report in Caseboard</a>'
    parts = [
        f'<h1 style="{H1}">Weekly report</h1>',
        f'<p style="margin:0 0 4px" dir="auto">{escape(title(report))}</p>',
        f'<p style="margin:0 0 8px">{escape(headline(report))} {page}</p>',
        _numbers(report, filled, base_url),
        *(_section(report, table, base_url, most) for table in filled),
        _comments(report, base_url, most) if report.said else "",
    ]
    return "\n".join(filter(None, parts))


def _numbers(report: Report, filled: list[Table], base_url: str) -> str:
    """The counts of all sections beside their names, before the lines."""
    if not filled:
        return ""
    rows = "".join(
        f'<tr><td style="{COUNT};font-size:18px;width:64px"><b>{_counted(report, table, base_url)}'
        f'</b></td><td style="{COUNT}">{escape(table.title)}'
        f'<br><span style="font-size:12px">{escape(table.meaning)}</span></td></tr>'
        for table in filled
    )
    return f'<table style="border-collapse:collapse;margin:8px 0"><tbody>{rows}</tbody></table>'


def _counted(report: Report, table: Table, base_url: str) -> str:
    view = rows_of(report, table.name)
    number = f"{len(table.rows):,}"
    return f'<a href="{escape(view.url(f"{base_url}/cases"))}">{number}</a>' if view else number


def _section(report: Report, table: Table, base_url: str, most: int | None) -> str:
    shown = table.rows[:most]
    told: dict[str, Callable[[Row], str]] = {
        "Case" if table.rows[0].path else "Bug": lambda row: _named(row, base_url),
        "Severity": lambda row: _severity(row.severity) if row.path else "",
        "Account": lambda row: _source(row.account),
        "Summary": lambda row: _source(row.summary),
        "Change": lambda row: _source(" · ".join(filter(None, (row.change, row.note)))),
        "When": lambda row: f'<span style="white-space:nowrap">{escape(row.when)}</span>',
        "By": lambda row: _source(row.who),
    }
    columns = {
        head: cells for head, cell in told.items() if any(cells := [cell(row) for row in shown])
    }
    heads = "".join(f'<th scope="col" style="{HEAD}">{head}</th>' for head in columns)
    rows = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells) + "</tr>"
        for cells in zip(*columns.values(), strict=True)
    )
    return (
        f'<h2 style="{H2}">{escape(table.title)}: {_counted(report, table, base_url)}</h2>'
        f'<table style="{SHEET}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        + _left(len(table.rows) - len(shown))
    )


def _comments(report: Report, base_url: str, most: int | None) -> str:
    zone = View.from_query(report.query).tz
    parts = [f'<h2 style="{H2}">Latest comments: {len(report.said):,} cases</h2>']
    shown = 0
    for account, statuses in by_account(report):
        for status, said in statuses:
            room = said if most is None else said[: max(0, most - shown)]
            shown += len(room)
            if room:
                head = f"{_source(account)} &gt; {_source(status)}"
                rows = "".join(_comment(one, zone, base_url) for one in room)
                parts.append(
                    f'<h3 style="{H3}">{head}</h3>'
                    f'<table style="{SHEET}"><tbody>{rows}</tbody></table>'
                )
    return "".join(parts) + _left(len(report.said) - shown)


def _comment(said: Said, zone: str, base_url: str) -> str:
    case = said.case
    link = f'<a href="{escape(base_url + case_path(case.number))}">{escape(cell(case.number))}</a>'
    who = _source(cell(said.author) or "Somebody")
    return (
        f'<tr><td style="{CELL}">{link} {_severity(case.severity)}: '
        f"{_source(cell(case.summary))}"
        f'<p style="margin:2px 0 0"><b>{who}</b>, {escape(moment(said.at, zone))}: '
        f"{_source(said_text(said, LONGEST_SAID))}</p></td></tr>"
    )


def _left(number: int) -> str:
    return f'<p style="{SMALL}">… and {number:,} more; the page has them all.</p>' if number else ""


def _named(row: Row, base_url: str) -> str:
    name = escape(row.name)
    return f'<a href="{escape(base_url + row.path)}">{name}</a>' if row.path else name


def _severity(severity: int | None) -> str:
    word = escape(severity_word(severity))
    return f"<b>{word}</b>" if severity in {1, 2} else word


def _source(text: str) -> str:
    """A text of a source: in its own direction, and nothing but text."""
    return f'<span dir="auto" style="word-break:break-word">{escape(text)}</span>' if text else ""
