"""The tables of the admin page: people, sessions, and the audit log."""

import re
from collections.abc import Sequence
from typing import Any

import orjson
from dash import html
from dash.development.base_component import Component

from app.auth.audit import ACTS
from components.tablecard import table_card
from components.text import moment

PEOPLE = ("Person", "Role", "Groups", "Last seen", "Sessions", "Tokens", "")
SESSIONS = ("Person", "Began", "Last seen", "Ends", "From", "Browser", "")
AUDIT = ("When", "Who", "What", "Outcome", "On", "Why", "From")
REASONS = {
    "no_role": "no group with a role",
    "disabled": "shut out",
    "role": "role does not reach",
    "scope": "token does not reach",
    "other_site": "sent by another site",
    "undeclared": "not for anybody",
    "embed_form": "no address of an embed",
    "embed_key": "signed with a key that is out of use",
    "embed_signature": "changed",
    "embed_parameter": "something was added",
    "embed_ancestor": "by a page that may not",
    "embed_expired": "run out",
    "embed_revoked": "revoked",
    "embed_maker": "its maker may enter no more",
    "embed_unknown": "not known",
    "embed_gone": "of another release",
}


def people_table(people: Sequence[dict[str, Any]], zone: str, own: int | None) -> Component:
    """Everybody, with what can be done about them; nobody shuts out themselves."""
    rows = [_person(one, zone, own=one["id"] == own) for one in people]
    told = (
        "Roles come from the groups that the identity provider tells at each login "
        "(CASEBOARD_ROLES)."
    )
    return table_card("People", PEOPLE, rows, told, numbers=(4, 5))


def _person(one: dict[str, Any], zone: str, *, own: bool) -> Component:
    out = bool(one["disabled_at"])
    acts = [_act("end_all", one["id"], "Sign out everywhere")] if one["sessions"] else []
    if one["issuer"] != "local" and not own:
        acts.append(
            _act("enable" if out else "disable", one["id"], "Let in" if out else "Shut out")
        )
    standing = " (shut out)" if out else " (no group any more)" if one["lost_at"] else ""
    return html.Tr(
        [
            html.Th(
                [
                    html.Span(one["name"], dir="auto"),
                    html.Div(one["email"] or "", className="secondary", dir="auto"),
                ],
                scope="row",
                title=f"{one['name_id']} of {one['issuer']}",
            ),
            html.Td(f"{one['role']}{standing}"),
            html.Td(", ".join(one["groups"]) or "–", dir="auto"),
            html.Td(moment(one["seen_at"], zone)),
            html.Td(f"{one['sessions']:,}", className="number"),
            html.Td(f"{one['tokens']:,}", className="number"),
            html.Td(html.Div(acts, className="row")),
        ],
        className="over" if standing else None,
    )


def session_table(sessions: Sequence[dict[str, Any]], zone: str, own: int | None) -> Component:
    """The sessions that live; `own` is the one that looks."""
    rows = [
        html.Tr(
            [
                html.Th(
                    [one["name"], html.Div("this session" if one["id"] == own else "",
                                           className="secondary")],
                    scope="row", dir="auto", title=one["email"],
                ),
                html.Td(moment(one["begun_at"], zone)),
                html.Td(moment(one["seen_at"], zone)),
                html.Td(moment(one["expires_at"], zone)),
                html.Td(one["address"] or "–"),
                html.Td(browser(one["agent"]), title=one["agent"]),
                html.Td(_act("end", one["id"], "End")),
            ]
        )
        for one in sessions
    ]  # fmt: skip
    told = f"{len(rows)} signed in. Times in {zone}." if rows else "Nobody is signed in."
    return table_card("Sessions", SESSIONS, rows, told)


def audit_table(rows: Sequence[dict[str, Any]], zone: str, limit: int) -> Component:
    """The latest rows of the audit log that are wanted."""
    shown = [
        html.Tr(
            [
                html.Td(moment(one["at"], zone), title=one["at"].isoformat()),
                html.Td(one["who"] or "nobody known", dir="auto"),
                html.Td(ACTS.get(one["act"], one["act"])),
                html.Td(one["outcome"], className=f"outcome-{one['outcome']}"),
                html.Td(one["target"] or "–", dir="auto", className="target"),
                html.Td(
                    [
                        REASONS.get(one["reason"] or "", one["reason"] or ""),
                        html.Div(_detail(one["detail"]), className="secondary", dir="auto"),
                    ]
                ),
                html.Td(one["address"] or "–", title=browser(one["agent"])),
            ]
        )
        for one in rows
    ]
    told = f"The latest {len(shown)}." if len(shown) == limit else f"{len(shown)} rows."
    return table_card("What was done", AUDIT, shown, f"{told} Times in {zone}." if shown else
                      "Nothing like that was done.")  # fmt: skip


def browser(agent: str | None) -> str:
    """A browser by its name, of what it calls itself."""
    found = re.search(r"(Edg|OPR|Firefox|Chrome|Safari|curl|python-requests)\w*/(\d+)", agent or "")
    names = {"Edg": "Edge", "OPR": "Opera"}
    return f"{names.get(found[1], found[1])} {found[2]}" if found else (agent or "–")[:40]


def _detail(told: str | None) -> str:
    """What else belongs to a row: `name: nightly report; scopes: read, export`."""
    parts = orjson.loads(told or "{}").items()
    return "; ".join(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in parts
    )


def _act(act: str, row: int, label: str) -> Component:
    return html.Button(label, id={"type": "admin-act", "act": act, "row": row}, n_clicks=0)
