"""What is to be done outside and what was done, as people see it."""

from typing import Any, NamedTuple

import orjson
import pandas as pd
from sqlalchemy import Connection, text

from app.database import read

# What an act is, in words for people.
KINDS = {
    "create_card": "Make a card",
    "reopen": "Take a card up again",
    "transition": "Move a card on",
    "sprint": "Put into the sprint",
    "assign": "Assign",
    "comment": "Comment",
    "label": "Add a label",
    "link": "Link",
    "unlink": "Remove a link",
    "watch": "Add a watcher",
    "unwatch": "Remove a watcher",
    "priority": "Set the priority",
    "keywords": "Tag an issue",
    "whiteboard": "Tag a bug",
    "mail": "Send a mail",
    "slack": "Post to Slack",
    "slack_reply": "Reply in Slack",
}
STATES = {
    "planned": "planned",
    "held": "held: an admin decides",
    "approved": "approved",
    "acting": "under way",
    "uncertain": "in doubt: asked again",
    "done": "done",
    "failed": "failed",
    "withdrawn": "no longer called for",
}
# Acts that make a card or take one up again.
HEADS = ("create_card", "reopen")
# What an act is about, in the order of what says most.
TOLD = ("summary", "priority", "status", "label", "title", "name", "text", "subject")
LONGEST_VALUE = 120

# A page that is made anew every few seconds asks for no more of a value than it shows.
_SHORT = ", ".join(f"'{name}', left({{value}} ->> '{name}', {LONGEST_VALUE + 1})" for name in TOLD)
_VALUE = "jsonb_strip_nulls(jsonb_build_object(" + _SHORT + "))"
SHOWN = f"""
    o.id, o.key, o.sync, o.kind, o.case_number, o.target, o.reason, o.state, o.told, o.attempts,
    o.planned_at, o.ended_at, o.decided_by, o.undoes,
    {_VALUE.format(value="o.before")} as before, {_VALUE.format(value="o.after")} as after
"""
PENDING = text(f"""
select {SHOWN} from outbox o where o.state not in ('done', 'withdrawn') order by o.id limit :most
""")  # noqa: S608 - our own words
# Whether anything was changed that could be so again, and what became of undoing it.
CHANGED = """
    coalesce(o.result ->> 'already', 'false') = 'true' as already,
    o.kind in ('link', 'watch')
        or coalesce(o.result -> 'before', o.before, 'null') <> 'null' as is_known,
    (select u.state from outbox u where u.undoes = o.id order by u.id desc limit 1) as undo
"""
ENDED = text(f"""
select {SHOWN}, {CHANGED}
from outbox o where o.state in ('done', 'withdrawn') and o.ended_at is not null
order by o.ended_at desc, o.id desc limit :most
""")  # noqa: S608 - our own words
COUNTED = text("""
select count(*) filter (where state not in ('done', 'withdrawn')) as pending,
    count(*) filter (where state = 'held' and kind in ('create_card', 'reopen')) as held,
    max(id) filter (where state = 'held') as last_held,
    count(*) filter (where state = 'failed' and not (sync = 'notices' and sent_at is not null))
        as failed
from outbox where state not in ('done', 'withdrawn')
""")
HELD = text(f"""
select {SHOWN}, o.after ->> 'assignee' as assignee, o.after ->> 'priority' as priority
from outbox o where o.state = 'held' and o.kind in ('create_card', 'reopen') order by o.id
""")  # noqa: S608 - our own words
PREVIEWED = text("select value from watermarks where source = 'preview' and name = 'plan'")


class Counted(NamedTuple):
    """How many acts are pending and have failed, how many cards are held, the last held row.

    Messages that failed and may have arrived do not count as failed: they are not tried again with
    the others.
    """

    pending: int
    held: int
    last_held: int | None
    failed: int


def pending(connection: Connection, most: int = 100) -> pd.DataFrame:
    """What is to be done, is under way, is held or has failed, in the order of doing."""
    return read(PENDING, {"most": most}, connection=connection)


def ended(connection: Connection, most: int = 50) -> pd.DataFrame:
    """What was done, or is no longer called for, newest first.

    `already`: not by us; `undo`: the state of what undoes it, None when nobody asked for that;
    `is_known`: it could be put back.
    """
    return read(ENDED, {"most": most}, connection=connection)


def previewed(connection: Connection) -> dict[str, Any] | None:
    """What the sync `preview` last worked out, None before it did.

    `at` (ISO 8601, UTC), and for each of `syncs` its first `acts`, their `total`, and the `fault`
    where it could not be told.
    """
    told = connection.execute(PREVIEWED).scalar()
    return None if told is None else dict(orjson.loads(told))


def counted(connection: Connection) -> Counted:
    """What there is to decide about."""
    return Counted(*connection.execute(COUNTED).one())


def held(connection: Connection) -> pd.DataFrame:
    """The cards that wait for an admin, all of them: as `pending`, with assignee and priority."""
    return read(HELD, connection=connection)


def value(told: dict[str, Any] | None) -> str:
    """What says most of a state, in few words."""
    for name in TOLD:
        if told and told.get(name):
            words = str(told[name])
            return words if len(words) <= LONGEST_VALUE else f"{words[:LONGEST_VALUE]}…"
    return "–"
