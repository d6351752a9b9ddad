"""What each parameter of a View means, in the words of the API's description, with an example."""

from app.api.operation import Parameter
from app.view_fields import FIELDS

WORDS: dict[str, tuple[str, str | list[str] | int | None]] = {
    "q": ("Words to search for, or a case number", "timeout"),
    "state": ("Open cases (the default), closed ones, both, or those gone from the source", "all"),
    "severity": ("Severities, 1 (urgent) to 4 (low); empty: not set", ["1", "2"]),
    "status": ("Statuses as the portal names them; empty: not set", None),
    "account": ("Accounts; empty: none", ["Acme"]),
    "engineer": ("The card's assignee, else the case's owner; empty: nobody", None),
    "owner": ("Owners in the portal; empty: nobody", None),
    "group": ("Case groups; empty: none", None),
    "product": ("Products; empty: not set", None),
    "product_version": ("Versions of the product; empty: not set", None),
    "tag": ("Tags of the case; empty: none", None),
    "label": ("Labels of the card; empty: none", None),
    "waiting_on": ("Who is to act next; none: the case is closed", ["us"]),
    "card": ("No tracking card, an open one, one that is done, or two and more", None),
    "card_status": ("Statuses of the tracking card; empty: no card", None),
    "escalated": ("On the prio-list, potentially, or not", None),
    "crit_sit": ("Flagged as a critical situation by the portal", None),
    "escalation": ("On the prio-list or a critical situation", None),
    "sla": ("Up to half, over half, or all of the SLA target used up", ["breached"]),
    "bugs": ("No bug linked, one without target, or any", None),
    "bug": ("Keys of bugs and issues linked to the case; empty: none", None),
    "days_to_relief": ("How long relief took: `7..14` days, `1h..8h`, `none:30..`, `any`", None),
    "days_to_resolution": ("How long the resolution took, in the same words", None),
    "days_to_close": ("How long it took to close, in the same words", ["..7"]),
    "closing": ("Closed at least once in the interval, whatever its state now", None),
    "reopened": ("Reopened within 14 days of a closing in the interval", None),
    "stale": ("No update for so many days", 7),
    "recent": ("Updated within so many days", None),
    "created_from": ("Created at or after the instant; a date is midnight in `tz`", "2026-01-01"),
    "created_to": ("Created before the instant", None),
    "closed_from": ("Last closed at or after the instant", None),
    "closed_to": ("Last closed before the instant", None),
    "updated_from": ("Last updated at or after the instant", None),
    "updated_to": ("Last updated before the instant", None),
    "as_of": ("The board as it stood at the instant; default: now", "2026-01-31T09:30:00Z"),
    "sort": ("Columns to sort by, `-` for descending, missing last", ["-severity", "created"]),
    "columns": ("Columns of the answer, in their order", ["number", "severity", "account"]),
    "tz": ("IANA time zone of dates and of the instants in the answer", "Europe/Berlin"),
}  # fmt: skip


def view_parameters(*names: str) -> tuple[Parameter, ...]:
    """The parameters of a View, all or some, as `app.view_fields` declares them."""
    return tuple(
        Parameter(
            name,
            WORDS[name][0],
            FIELDS[name].schema(),
            many=FIELDS[name].many,
            example=WORDS[name][1],
            shared=True,
        )
        for name in (names or FIELDS)
    )
