"""What there is to tell people: new cards, cards not made or held, cases at risk, taggings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from app.setting_values import SlaPolicy
from etl.outbound.state import OpenCase, open_cases

# What happened longer ago is no news any more, also to who has just begun to be told.
NEWS = timedelta(days=2)
AT_RISK = 0.5
# Taggings are told together once a day, at this hour (UTC).
TAGGING_HOUR = 6
DAY_SECONDS = 86_400.0

CARDS = """
select o.key, o.case_number as number, o.target as card, o.after, o.state, o.told,
    o.attempts, o.held_at, coalesce(assigned.state = 'failed', false) as unassigned,
    coalesce(v.severity, 3) as severity, coalesce(v.account, '') as account,
    coalesce(v.summary, '') as summary, coalesce(c.description, '') as description,
    coalesce((o.result ->> 'already')::boolean, false) as already
from outbox o
left join case_versions v on v.case_number = o.case_number and v.valid_to = 'infinity'
left join cases c on c.case_number = o.case_number
left join outbox assigned on assigned.key = 'assign\\:' || o.case_number || '\\:new'
where (o.kind = 'create_card' or (o.kind = 'reopen' and o.state in ('held', 'failed'))) and (
    (o.state in ('done', 'failed') and o.ended_at > clock_timestamp() - cast(:news as interval))
    or o.state = 'held')
order by o.id
"""
TAGGED = """
select o.key, o.kind, o.target, o.case_number as number, o.after ->> 'text' as text from outbox o
where o.kind in ('whiteboard', 'keywords') and o.state = 'done' and o.undoes is null
    and o.ended_at > clock_timestamp() - cast(:news as interval)
    and o.ended_at < date_trunc('day', clock_timestamp()) + make_interval(hours => :hour)
    and clock_timestamp() >= date_trunc('day', clock_timestamp()) + make_interval(hours => :hour)
order by o.id
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to be told once: `key` names it; of `topic` new, failed, held, risk or tagged."""

    key: str
    topic: str
    severity: int
    facts: Mapping[str, Any]


def subjects(connection: Connection, sla: SlaPolicy, now: datetime) -> list[Subject]:
    """All that there is to tell now, whether it was told or not."""
    news = {"news": f"{int(NEWS.total_seconds())} seconds"}
    found = []
    for row in connection.execute(text(CARDS), news).mappings():
        if row["state"] == "done" and row["already"]:
            continue
        topic = {"done": "new", "failed": "failed", "held": "held"}[row["state"]]
        # Another failure is another one to tell, and what is held once more as well.
        again = {"failed": row["attempts"], "held": row["held_at"] and row["held_at"].isoformat()}
        key = ":".join(str(part) for part in (topic, row["key"], again.get(topic)) if part)
        facts = dict(row)
        if row["unassigned"]:
            facts["after"] = {**row["after"], "assignee": None}
        found.append(Subject(key, topic, row["severity"], facts))
    found += [one for case in open_cases(connection) if (one := _risk(case, sla, now))]
    for row in connection.execute(text(TAGGED), {**news, "hour": TAGGING_HOUR}).mappings():
        found.append(Subject(f"tagged:{row['key']}", "tagged", 3, dict(row)))
    return found


def _risk(case: OpenCase, sla: SlaPolicy, now: datetime) -> Subject | None:
    """A case that has used up half of its time, or all of it."""
    if case.severity is None:
        return None
    target = sla.accounts.get(case.account or "", sla.days)[case.severity - 1]
    share = (now - case.created).total_seconds() / DAY_SECONDS / target
    if share <= AT_RISK:
        return None
    standing = "breached" if share >= 1 else "at risk"
    facts = {
        "number": case.number,
        "account": case.account or "",
        "summary": case.summary,
        "standing": standing,
        "share": share,
        "target": target,
        "card": case.card,
    }
    return Subject(f"risk:{case.number}:{standing}", "risk", case.severity, facts)
