"""The columns of the case table, named once for page, sort, CSV header and API alike."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "instant", "list", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a View may show and sort by.

    `kind` tells how a value is written: instants ISO 8601 in the View's zone, lists joined by
    `; ` in a CSV, flags yes/no. `unit` is what a number counts. `width` is in pixels.
    """

    name: str
    label: str
    kind: Kind
    width: int
    unit: str = ""


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("number", "Case", "text", 112),
        Column("created", "Created", "instant", 140),
        Column("updated", "Updated", "instant", 136),
        Column("closed", "Closed", "instant", 140),
        Column("severity", "Severity", "number", 90),
        Column("status", "Status", "text", 132),
        Column("account", "Account", "text", 110),
        Column("summary", "Summary", "text", 240),
        Column("product", "Product", "text", 96),
        Column("product_version", "Version", "text", 140),
        Column("owner", "Owner", "text", 140),
        Column("engineer", "Engineer", "text", 102),
        Column("contributors", "Contributors", "list", 160),
        Column("card", "Card", "text", 110),
        Column("card_status", "Card status", "text", 120),
        Column("escalated", "Prio-list", "text", 100),
        Column("crit_sit", "Crit sit", "flag", 90),
        Column("group", "Group", "text", 120),
        Column("tags", "Tags", "list", 140),
        Column("labels", "Labels", "list", 140),
        Column("bugs", "Bugs", "list", 140),
        Column("last_comment", "Latest comment", "text", 260),
        Column("last_comment_at", "Commented", "instant", 140),
        Column("age_days", "Age", "number", 72, "days"),
        Column("age_in_status_days", "In status", "number", 100, "days"),
        Column("waiting_on", "Waiting on", "text", 120),
        Column("sla", "SLA", "text", 98),
        Column("sla_remaining_days", "SLA left", "number", 104, "days"),
        Column("relief", "Relief", "instant", 140),
        Column("resolved", "Resolved", "instant", 140),
    )
}

DEFAULT_COLUMNS: tuple[str, ...] = (
    "number",
    "severity",
    "summary",
    "account",
    "product",
    "status",
    "engineer",
    "age_days",
    "sla",
    "updated",
)
