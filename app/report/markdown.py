"""The report as Markdown (CommonMark with GitHub's tables): for issues, wikis and chats."""

import re

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

LONGEST_SAID = 300
# What begins something inside a line of Markdown. Texts never stand at the beginning of a line.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&@!$])")
_ADDRESS = re.compile(r"(?i)(:(?=//)|(?<=\bwww)\.)")


def markdown(report: Report, base_url: str) -> str:
    """The whole report; its links lead to the Caseboard at `base_url`."""
    parts = [f"# Weekly report\n\n**{inert(title(report))}**\n\n{inert(headline(report))}"]
    parts += [_section(report, table, base_url) for table in tables(report) if table.rows]
    if report.said:
        parts.append(_said(report, base_url))
    return "\n\n".join(parts) + "\n"


def inert(text: str) -> str:
    """A text of one line that means nothing in Markdown: no link, no markup, no HTML."""
    return _ADDRESS.sub(r"\\\1", _SPECIAL.sub(r"\\\1", text))


def _section(report: Report, table: Table, base_url: str) -> str:
    view = rows_of(report, table.name)
    number = f"{len(table.rows):,}"
    shown = f"[{number}]({view.url(f'{base_url}/cases')})" if view else number
    heads, cells = _columns(table.rows, base_url)
    lines = [
        f"## {table.title}: {shown}",
        "",
        f"| {' | '.join(heads)} |",
        f"|{'|'.join(' --- ' for _ in heads)}|",
        *(f"| {' | '.join(row)} |" for row in cells),
    ]
    return "\n".join(lines)


def _columns(rows: tuple[Row, ...], base_url: str) -> tuple[list[str], list[list[str]]]:
    """The columns in which some row says something."""
    told = {
        "Case" if rows[0].path else "Bug": [_named(row, base_url) for row in rows],
        "Severity": [severity_word(row.severity) if row.path else "" for row in rows],
        "Account": [inert(row.account) for row in rows],
        "Summary": [inert(row.summary) for row in rows],
        "Change": [inert(" · ".join(filter(None, (row.change, row.note)))) for row in rows],
        "When": [row.when for row in rows],
        "By": [inert(row.who) for row in rows],
    }
    kept = {head: cells for head, cells in told.items() if any(cells)}
    return list(kept), [list(cells) for cells in zip(*kept.values(), strict=True)]


def _named(row: Row, base_url: str) -> str:
    return f"[{inert(row.name)}]({base_url}{row.path})" if row.path else inert(row.name)


def _said(report: Report, base_url: str) -> str:
    zone = View.from_query(report.query).tz
    lines = [f"## Latest comments: {len(report.said):,} cases"]
    for account, statuses in by_account(report):
        lines += ["", f"### {inert(account)}"]
        for status, said in statuses:
            lines += ["", f"**{inert(status)}**", ""]
            lines += [_comment(one, zone, base_url) for one in said]
    return "\n".join(lines)


def _comment(said: Said, zone: str, base_url: str) -> str:
    case = said.case
    number = f"[{inert(cell(case.number))}]({base_url}{case_path(case.number)})"
    head = f"- {number} {severity_word(case.severity)}: {inert(cell(case.summary))}"
    who = inert(cell(said.author) or "Somebody")
    told = inert(said_text(said, LONGEST_SAID))
    return f"{head}\n  — {who}, {moment(said.at, zone)}: {told}"
