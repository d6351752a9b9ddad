"""What would be written back, worked out once a day and whenever somebody asks, for `/sync`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from celery.exceptions import SoftTimeLimitExceeded

from app.settings import Settings, variable
from etl.errors import Later, Missing, Refused
from etl.outbound.plans import NEEDS, PLANS
from etl.outbound.preview import preview
from etl.run import Run

MOST_LINES = 200
TOO_LONG = "It took too long to work this out; caseboard outbound preview takes its time."


def work(run: Run) -> None:
    """Plan, and keep what was planned to be looked at; nothing is written down to be done."""
    told: dict[str, dict[str, Any]] = {}
    try:
        for name in PLANS:
            told[name] = _told(run, name)
    except SoftTimeLimitExceeded:
        run.note(TOO_LONG, partial=True)
        told |= {name: _nothing(TOO_LONG) for name in PLANS if name not in told}
    kept = {"at": datetime.now(UTC).isoformat(), "syncs": told}
    run.remember("plan", orjson.dumps(kept).decode())


def _told(run: Run, name: str) -> dict[str, Any]:
    """The first acts of a sync and how many there are; or why that cannot be told."""
    lacking = lacks(name, run.settings)
    if lacking:
        return _nothing(f"Not connected; set {', '.join(lacking)}.")
    run.tell(f"planning {name}")
    try:
        lines = preview(name, run.settings, run)
    except (Later, Refused, Missing) as fault:
        run.note(f"{name}: {fault}")
        return _nothing(str(fault))
    acts = [{**asdict(line), "after": _short(line.after)} for line in lines[:MOST_LINES]]
    return {"fault": None, "total": len(lines), "acts": acts}


def _nothing(fault: str) -> dict[str, Any]:
    return {"fault": fault, "total": 0, "acts": []}


def lacks(name: str, settings: Settings) -> list[str]:
    """The variables without which the plan of a sync cannot be made."""
    return [variable(need) for need in NEEDS[name] if not getattr(settings, need)]


def _short(after: dict[str, Any]) -> dict[str, Any]:
    """Without the long texts, which nobody reads in a table."""
    return {name: value for name, value in after.items() if name != "description"}
