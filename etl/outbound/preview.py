"""What the next run of a sync that writes back would do, without doing it or noting it down."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from app.database import transaction
from app.settings import Settings
from etl.outbound.outbox import too_many
from etl.outbound.outbox_sql import KNOWN
from etl.outbound.plans import PLANS
from etl.run import Run

# What was begun goes on as it was written down, whatever is called for now.
GOING_ON = """
select o.key, o.kind, o.case_number as case, o.target, o.before, o.after, o.reason, o.state
from outbox o left join outbox head on head.key = o.waits_for
where o.sync = :sync and (o.state in ('acting', 'uncertain', 'approved')
    or (o.state = 'planned' and (o.undoes is not null
        or head.state in ('acting', 'uncertain', 'done'))))
order by o.id
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One act that is to come; `state` is planned, held, failed, or that of what was begun."""

    key: str
    kind: str
    case: str | None
    target: str | None
    before: dict[str, Any] | None
    after: dict[str, Any]
    reason: str
    state: str


def preview(name: str, settings: Settings, within: Run | None = None) -> list[Line]:
    """The acts of a sync in their order, with what becomes of each.

    It only reads, whatever the settings allow. Raises Later or Refused as a run would. The run
    `within` which this is done counts its requests, keeps its notes, and can stop it.
    """
    run = Run(0, name, "outbound", full=False, settings=replace(settings, read_only=True))
    if within is not None:
        run.doors, run.notes, run.stopped = within.doors, within.notes, within.stopped
    plan = PLANS[name](run)
    given = {"keys": [one.key for one in plan.intents], "sync": name}
    with transaction() as connection:
        states = {row.key: row.state for row in connection.execute(text(KNOWN), given)}
        going_on = [Line(**row) for row in connection.execute(text(GOING_ON), given).mappings()]
    held = too_many(plan.intents, states, plan.most_new)
    known = {line.key for line in going_on}
    lines = going_on
    for one in plan.intents:
        state = states.get(one.key, "planned")
        if state in {"planned", "held", "withdrawn"}:
            state = "held" if {one.key, one.waits_for} & held else "planned"
        if one.key not in known and state != "done":
            line = Line(one.key, one.kind, one.case, one.target, one.before, one.after,
                        one.reason, state)  # fmt: skip
            lines.append(line)
    return lines
