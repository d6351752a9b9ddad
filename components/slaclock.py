"""The SLA clock of a case with the stretches it is made of, and who was waited on meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.clock import Stretch, waited
from app.sla import PolicySpan
from app.words import SEVERITY_NAMES, SLA_NAMES, WAITING_NAMES
from components.text import days, moment

NARROW_SHARE = 0.12


def clock_card(
    case: Mapping[str, Any], parts: Sequence[Stretch], policy: PolicySpan, zone: str
) -> Component:
    """The clock: how far it is, when it turns, by which policy, and how its days come about."""
    if case["sla"] is None:
        told: list[Component] = [html.P("Without a severity there is no target.")]
    else:
        told = [*_reading(case, zone), _policy(case, policy, zone)]
    table = html.Details(
        [
            html.Summary(f"How these {days(sum(part.days for part in parts))} come about"),
            html.Div(_table(parts, zone), className="scroll", tabIndex="0", role="region",
                     **{"aria-label": "Stretches of the SLA clock"}),
        ],
        className="stretches",
    )  # fmt: skip
    return html.Section([html.H2("SLA clock"), *told, table], className="card")


def _reading(case: Mapping[str, Any], zone: str) -> list[Component]:
    share = case["elapsed_days"] / case["target_days"]
    end = "now" if case["is_open"] else "it was closed"
    target = timedelta(days=case["target_days"])
    breach = moment(case["created"] + target, zone)
    turns = (
        f"At risk from {moment(case['created'] + target / 2, zone)}, breached from {breach}."
        if case["is_open"]
        else f"It would have been breached from {breach}."
    )
    return [
        html.P(
            [
                html.Strong(SLA_NAMES[case["sla"]].capitalize()),
                f": {days(case['elapsed_days'])} of {case['target_days']:g} d ({share:.0%})",
            ],
            className=f"sla sla-{case['sla']}",
        ),
        html.Progress(value=str(min(share, 1.0)), max="1", **{"aria-label": "Share of the target"}),
        html.P(
            f"Counted from its creation until {end}; the target of severity "
            f"{SEVERITY_NAMES[int(case['severity'])]} is {case['target_days']:g} days. {turns}",
            className="secondary",
        ),
    ]


def _policy(case: Mapping[str, Any], span: PolicySpan, zone: str) -> Component:
    """By which policy the case goes, and since when that counts."""
    own = span.policy.accounts.get(case["account"])
    whose = f"of {case['account']}" if own else "for every account without its own"
    targets = ", ".join(f"{target:g}" for target in own or span.policy.days)
    since = (
        f"in force since {moment(span.start, zone)}" if span.start else "in force from the start"
    )
    why = (
        ""
        if case["is_open"] or span.end is None
        else f" The policy changed on {moment(span.end, zone)}, after it was closed."
    )
    return html.P(
        f"It goes by the policy {whose}: {targets} days for Urgent, High, Normal, Low; "
        f"{since}.{why}",
        className="secondary",
        dir="auto",
    )


def _table(parts: Sequence[Stretch], zone: str) -> Component:
    heads = ("From", "Days", "Status", "Severity", "Target", "Waiting on")
    rows = [
        html.Tr(
            [
                html.Td(moment(part.start, zone)),
                html.Td(f"{part.days:,.2f}", className="number"),
                html.Td(part.status or "–", dir="auto"),
                html.Td(SEVERITY_NAMES.get(part.severity or 0)),
                html.Td("–" if part.target is None else f"{part.target:g} d", className="number"),
                html.Td("closed" if part.waiting_on == "none" else WAITING_NAMES[part.waiting_on]),
            ]
        )
        for part in parts
    ]
    total = html.Tr(
        [
            html.Th("In all", scope="row"),
            html.Td(f"{sum(part.days for part in parts):,.2f}", className="number"),
            *(html.Td() for _ in heads[2:]),
        ]
    )
    return html.Table([html.Thead(html.Tr([html.Th(head) for head in heads])),
                       html.Tbody([*rows, total])])  # fmt: skip


def waiting_card(parts: Sequence[Stretch], zone: str) -> Component:
    """Who waited on whom over time: a bar in the order of time, and the sums."""
    whole = sum(part.days for part in parts)
    if not whole:
        return html.Section(
            [html.H2("Waiting on"), html.P("It has only just begun.", className="secondary")],
            className="card",
        )
    bar = [
        html.Div(
            WAITING_NAMES[part.waiting_on]
            if part.days / whole > NARROW_SHARE and part.waiting_on != "none"
            else "",
            className=f"wait wait-{part.waiting_on}",
            style={"flexGrow": max(part.days / whole, 0.002)},
            title=f"{_words(part)}: {days(part.days)}, from {moment(part.start, zone)} "
            f"to {moment(part.end, zone)}",
        )
        for part in parts
    ]
    sums = waited(parts)
    items = [
        html.Li(
            [
                html.Span(className=f"wait-mark wait-{party}"),
                html.Span(WAITING_NAMES[party].capitalize(), className="wait-name"),
                html.Span(f"{days(length)} ({length / sum(sums.values()):.0%})"),
            ]
        )
        for party, length in sums.items()
    ]
    told = ", ".join(f"{WAITING_NAMES[party]} {days(length)}" for party, length in sums.items())
    return html.Section(
        [
            html.H2("Waiting on"),
            html.Div(bar, className="waits", role="img", **{"aria-label": f"Waited on: {told}"}),
            html.Ul(items, className="wait-sums"),
        ],
        className="card",
    )


def _words(part: Stretch) -> str:
    if part.waiting_on == "none":
        return "Closed"
    return f"Waiting on {WAITING_NAMES[part.waiting_on]} ({part.status or 'no status'})"
