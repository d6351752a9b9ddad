"""The report as plain text: beside the HTML of a mail, and for terminals."""

from app.report.value import Report, Said
from app.report.words import (
    Row,
    Table,
    by_account,
    cell,
    cut,
    headline,
    moment,
    said_text,
    severity_word,
    tables,
    title,
)
from app.view import View

LONGEST_SUMMARY, LONGEST_SAID = 100, 300


def plain(report: Report, address: str, most: int | None = None) -> str:
    """The whole report, at most `most` lines of each section; `address` is where its page is."""
    parts = ["Weekly report", title(report), "", headline(report), address]
    for table in tables(report):
        if table.rows:
            parts += ["", *_section(table, most)]
    if report.said:
        parts += ["", *_comments(report, most)]
    return "\n".join(parts) + "\n"


def _section(table: Table, most: int | None) -> list[str]:
    heading = f"{table.title}: {len(table.rows):,}"
    shown = table.rows[:most]
    left = len(table.rows) - len(shown)
    more = [f"  ... and {left:,} more; the page has them all."] if left else []
    return [heading, "-" * len(heading), *(f"  {_row(row)}" for row in shown), *more]


def _row(row: Row) -> str:
    parts = (
        row.name,
        severity_word(row.severity) if row.path else "",
        row.account,
        cut(row.summary, LONGEST_SUMMARY),
        row.change,
        row.note,
        f"{row.when}, {row.who}" if row.who else row.when,
    )
    return " | ".join(part for part in parts if part)


def _comments(report: Report, most: int | None) -> list[str]:
    zone = View.from_query(report.query).tz
    heading = f"Latest comments: {len(report.said):,} cases"
    lines, shown = [heading, "-" * len(heading)], 0
    for account, statuses in by_account(report):
        for status, said in statuses:
            room = said if most is None else said[: max(0, most - shown)]
            if room:
                lines += ["", f"{account} > {status}"]
                lines += [line for one in room for line in _comment(one, zone)]
            shown += len(room)
    left = len(report.said) - shown
    return [*lines, f"  ... and {left:,} more; the page has them all."] if left else lines


def _comment(said: Said, zone: str) -> list[str]:
    case = said.case
    summary = cut(cell(case.summary), LONGEST_SUMMARY)
    head = f"  {cell(case.number)} | {severity_word(case.severity)} | {summary}"
    who = f"{cell(said.author) or 'Somebody'}, {moment(said.at, zone)}"
    return [head, f"    {who}: {said_text(said, LONGEST_SAID)}"]
