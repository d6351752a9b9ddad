"""What a page says when it cannot show what was asked: why, and what to do."""

from dash import dcc, html
from dash.development.base_component import Component
from sqlalchemy.exc import SQLAlchemyError

from app.database import patience, took_too_long
from app.view import View
from app.view_fields import ParameterError


def notice(title: str, *lines: str | Component, kind: str = "info") -> html.Section:
    """A calm card with a title and some lines; `kind` is info or fault."""
    return html.Section(
        [html.H2(title), *(html.P(line) if isinstance(line, str) else line for line in lines)],
        className=f"notice notice-{kind}",
        role="alert" if kind == "fault" else "status",
    )


def bad_parameter(error: ParameterError, path: str, query: str) -> html.Section:
    """An address that cannot be followed: which parameter, why, and the way on without it."""
    kept = "&".join(
        part
        for part in query.removeprefix("?").split("&")
        if part and part.split("=")[0] != error.name
    )
    return notice(
        "This address cannot be followed",
        html.P([html.Code(error.name), f": {error.fault}."], dir="auto"),
        html.P(dcc.Link("Go on without it", href=f"{path}?{kept}" if kept else path)),
        kind="fault",
    )


def database_away() -> html.Section:
    """The database does not answer."""
    return notice(
        "The data cannot be read at the moment",
        "The database does not answer. Nothing is lost; reload the page in a few seconds. "
        "If it stays so, ask your operator to run caseboard doctor.",
        kind="fault",
    )


def shown_before() -> html.Div:
    """The database has ceased to answer while a page was open."""
    told = (
        "The database does not answer. What you see is what was read before; nothing can be "
        "changed until it answers again."
    )
    return html.Div(told, className="away-banner", role="status")


def nothing_changed() -> html.Section:
    """The database does not answer, and somebody wanted to change something."""
    return notice(
        "Nothing can be changed at the moment",
        "The database does not answer, and nothing was changed. What you see is what was read "
        "before. Try again in a minute.",
        kind="fault",
    )


def panel_fault(error: SQLAlchemyError) -> html.Section:
    """One panel could not be made; the others may be."""
    return too_long() if took_too_long(error) else database_away()


def too_long() -> html.Section:
    """An answer was given up because it took too long."""
    return notice(
        "That takes too long",
        f"The database was stopped after {patience.get()} seconds. Narrow the selection by a "
        "filter, or sort by another column; sorting a great many cases by their comments is what "
        "takes longest.",
        kind="fault",
    )


def internal_fault() -> html.Section:
    """Something failed that should not have."""
    return notice(
        "That could not be done",
        "Caseboard met a fault of its own; it has been logged. Nothing was changed.",
        kind="fault",
    )


def no_page(path: str) -> html.Section:
    """There is no such page."""
    return notice(
        "There is no such page",
        html.P(["Nothing lives at ", html.Code(path[:120], dir="auto"), "."]),
        html.P(dcc.Link("Go to the overview", href="/")),
        kind="fault",
    )


def not_for_you(role: str | None) -> html.Section:
    """The page is for people with another role."""
    told = f"It is for people with the role {role}." if role else "It is not for anybody."
    return notice(
        "This page is not for you",
        f"{told} Ask an admin of this board if you should see it.",
        html.P(dcc.Link("Go to the overview", href="/")),
        kind="fault",
    )


def nothing_matches(view: View, path: str, ways: list[tuple[str, int, View]]) -> html.Section:
    """Filtered to nothing: what was asked, and which filter's removal brings rows back."""
    back = [
        html.Li(dcc.Link(f"Without {label}: {count:,} cases", href=other.url(path)))
        for label, count, other in ways
    ]
    lines: list[str | Component] = [f"You asked for {view.sentence()}. No case is like that."]
    if back:
        lines.append(html.Ul(back))
    return notice("Nothing to show", *lines)
