"""`/api/v1/sync`: how fresh the data are, what ran, what was not understood; asking for a run."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from app import queue, syncs
from app.api.body import asked_body
from app.api.cases import plain_row
from app.api.operation import Json, Parameter, described
from app.api.parameters import VIEW
from app.api.requests import as_json, asked_view, problem
from app.api.schemas import FLAG, INSTANT, TEXT, WHOLE, component, many, maybe, record
from app.auth import audit
from app.database import plain, snapshot

blueprint = Blueprint("sync", __name__, url_prefix="/api/v1")

TAG = "Syncs"
RUNS_TOLD, REJECTS_TOLD = 50, 100
ALL = "all"
RUN = ("id", "sync", "source", "mode", "state", "attempt", "started_at", "finished_at", "seconds",
       "requests", "seen", "inserted", "updated", "unchanged", "gone", "rejected", "error",
       "notes")  # fmt: skip
STANDINGS = ["fresh", "late", "partial", "running", "failed", "held", "lost", "never"]
SYNC: dict[str, Any] = {
    "name": TEXT,
    "source": TEXT,
    "told": {**TEXT, "description": "What it does"},
    "schedule": {**TEXT, "description": "A cron line, in UTC"},
    "full_schedule": maybe(TEXT),
    "standing": {"type": "string", "enum": STANDINGS},
    "good_at": {**maybe(INSTANT), "description": "When its data were last read well"},
    "due_at": INSTANT,
    "retry_at": maybe(INSTANT),
    "asked_at": {**maybe(INSTANT), "description": "Since when somebody waits for a run"},
    "fresh_seconds": {**WHOLE, "description": "How old its data may get"},
    "run_id": {**maybe(WHOLE), "description": "Its latest run"},
    "state": maybe(TEXT),
    "started_at": maybe(INSTANT),
    "finished_at": maybe(INSTANT),
    "error": maybe(TEXT),
    "doing": maybe(TEXT),
    "done": maybe(WHOLE),
    "total": maybe(WHOLE),
}
SYNC_EXAMPLE = {
    **dict.fromkeys(SYNC),
    "name": "cases",
    "source": "portal",
    "told": "Cases of the portal",
    "schedule": "*/15 * * * *",
    "standing": "fresh",
    "good_at": "2026-01-31T09:30:00Z",
    "due_at": "2026-01-31T09:45:00Z",
    "fresh_seconds": 2_700,
}
REJECT = {
    "id": WHOLE,
    "source": TEXT,
    "key": maybe(TEXT),
    "reason": TEXT,
    "rejected_at": INSTANT,
    "run_id": maybe(WHOLE),
}
RECONCILED = {"name": TEXT, "at": INSTANT, "shown": WHOLE, "held": WHOLE}
TOLD = record(
    {
        "now": INSTANT,
        "working": {**FLAG, "description": "Whether workers are at work"},
        "items": many(record(SYNC)),
        "runs": many(component("Run")),
        "rejects": record({"total": WHOLE, "items": many(record(REJECT))}),
        "reconciled": {
            **many(record(RECONCILED)),
            "description": "How many records a source showed when last asked for all, and are held",
        },
    }
)
EXAMPLE = {
    "now": "2026-01-31T09:31:00Z",
    "working": True,
    "items": [SYNC_EXAMPLE],
    "runs": [],
    "rejects": {"total": 0, "items": []},
    "reconciled": [{"name": "cases", "at": "2026-01-31T03:00:00Z", "shown": 900, "held": 900}],
}
NAME = Parameter(
    "name", f"The sync, or `{ALL}`", {"type": "string", "minLength": 1}, "path", example="cases"
)
BODY = Json(
    record({"full": {**FLAG, "description": "Ask for everything anew"}}, optional=("full",)),
    {"full": False},
)


@blueprint.get("/sync")
@described("How the syncs stand", TAG, takes=VIEW, gives=Json(TOLD, EXAMPLE))
def sync() -> Response:
    """Every sync with its schedule, standing and latest run; the 50 latest runs; rejected records.

    Of a View `tz` matters here.
    """
    view = asked_view()
    with snapshot() as connection:
        found = plain(connection, syncs.SYNCS)
        now: datetime = plain(connection, syncs.NOW)[0]["now"]
        working, _ = syncs.workers_alive(connection)
        runs = plain(connection, syncs.RUNS.bindparams(limit=RUNS_TOLD))
        rejects = plain(connection, syncs.REJECTS.bindparams(limit=REJECTS_TOLD))
        rejected = syncs.rejected(connection)
        reconciled = plain(connection, syncs.RECONCILED)

    def told(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
        return [plain_row({name: row[name] for name in names}, view) for row in rows]

    return as_json(
        plain_row(
            {
                "now": now,
                "working": working,
                "items": told(found, tuple(SYNC)),
                "runs": told(runs, RUN),
                "rejects": {"total": rejected, "items": told(rejects, tuple(REJECT))},
                "reconciled": told(reconciled, tuple(RECONCILED)),
            },
            view,
        )
    )


@blueprint.post("/sync/<name>")
@described(
    "Ask for a run",
    TAG,
    takes=(NAME,),
    body=BODY,
    gives=Json(record({"asked": many(TEXT)}), {"asked": ["cases"]}),
    status=202,
    faults={404: "There is no such sync"},
)
def ask(name: str) -> Response:
    """Let a sync run as soon as its source is free; `all` asks for every one that reads.

    The answer comes at once; `GET /api/v1/sync` tells how far it is.
    """
    full = bool(asked_body(ask).get("full", False))
    if name == ALL:
        asked = queue.ask_all()
        audit.record("refresh", outcome="done")
    elif "\x00" not in name and queue.ask(name, full=full):
        asked = [name]
        audit.record("sync_ask", outcome="done", target=name)
    else:
        with snapshot() as connection:
            known = ", ".join(row["name"] for row in plain(connection, syncs.SYNCS))
        return problem(404, "No such sync", f"There is no sync {name[:60]!r}; syncs are {known}.")
    response = as_json({"asked": asked})
    response.status_code = 202
    return response
