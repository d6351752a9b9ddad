"""The audit log: who did, saw or took what, or was refused it. The database lets nobody change it.

A row tells the actor by `Person.name`, which says nothing of who that is; the name that belongs to
it stands in `users` alone, so that a person can be forgotten without touching the log.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from flask import g, has_request_context, request
from sqlalchemy import Connection, text

from app.auth.person import Person
from app.database import transaction

LONGEST = 300

# What is recorded, in words for people.
ACTS = {
    "login": "Sign in",
    "logout": "Sign out",
    "session_end": "Session ended",
    "access": "Access",
    "role_change": "Role changed",
    "user_disable": "Person shut out",
    "user_enable": "Person let in again",
    "token_make": "Token made",
    "token_revoke": "Token revoked",
    "embed_make": "Embed made",
    "embed_revoke": "Embed revoked",
    "embed_use": "Embed shown",
    "case_view": "Case looked at",
    "export": "Rows exported",
    "audit_export": "Audit log exported",
    "team_view_save": "Team view saved",
    "team_view_change": "Team view changed",
    "team_view_delete": "Team view deleted",
    "team_view_restore": "Team view brought back",
    "refresh": "Refresh asked for",
    "sync_ask": "Sync asked for",
    "reject_retry": "Rejected record tried again",
    "mute": "Entry muted",
    "unmute": "Entry no longer muted",
    "annotation_add": "Annotation added",
    "annotation_delete": "Annotation deleted",
    "annotation_restore": "Annotation brought back",
    "sample_load": "Sample loaded",
    "write_back": "Written back",
    "outbox_approve": "Writing back approved",
    "outbox_again": "Writing back tried again",
    "outbox_undo": "Writing back undone",
    "watcher_add": "Watchers added",
    "watcher_remove": "Watchers removed",
    "audit_purge": "Old entries of the audit log removed",
    "backup": "Backup made",
    "restore": "Backup restored",
}

ADD = text("""
insert into audit_log (actor, act, outcome, target, reason, address, agent, request_id, detail)
values (:actor, :act, :outcome, :target, :reason, :address, :agent, :request_id,
    cast(:detail as jsonb))
""")


def record(
    act: str,
    *,
    outcome: str,
    actor: Person | str | None = None,
    target: str | None = None,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
    connection: Connection | None = None,
) -> None:
    """Add a row: `outcome` is `done` or `refused`; `at` is the database's clock.

    Without an `actor` it is the person whose request is answered. With `connection` the row stands
    or falls with that transaction. Texts are cut at `LONGEST` characters.
    """
    told = {
        "act": act,
        "outcome": outcome,
        "target": written(target),
        "reason": written(reason),
        "detail": written(orjson.dumps(detail).decode(), 4_000) if detail else None,
        **_request(actor),
    }
    if connection is not None:
        connection.execute(ADD, told)
        return
    with transaction() as own:
        own.execute(ADD, told)


def written(told: str | None, longest: int = LONGEST) -> str | None:
    """A text as the database can hold it: no NUL, no half characters, not too long."""
    return None if told is None else re.sub("[\x00\ud800-\udfff]", "�", told)[:longest]


def _request(actor: Person | str | None) -> dict[str, str | None]:
    """Who asks from where, as far as there is a request."""
    asked = has_request_context()
    if actor is None and asked:
        actor = g.get("person")
    return {
        "actor": actor.name if isinstance(actor, Person) else written(actor),
        "address": written(request.remote_addr) if asked else None,
        "agent": written(request.user_agent.string) if asked else None,
        "request_id": g.get("request_id") if asked else None,
    }
