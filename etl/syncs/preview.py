"""What would be written back, worked out once a day and whenever somebody asks, for `/sync`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson

from app.settings import Settings, variable
from etl.errors import Later, Missing, Refused
from etl.outbound.plans import NEEDS, PLANS
from etl.outbound.preview import preview
from etl.run import Run

MOST_LINES = 200


def work(run: Run) -> None:
    """Plan, and keep what was planned to be looked at; nothing is written down to be done."""
    told = {name: _told(run, name) for name in PLANS}
    kept = {"at": datetime.now(UTC).isoformat(), "syncs": told}
    run.remember("plan", orjson.dumps(kept).decode())


def _told(run: Run, name: str) -> dict[str, Any]:
    """The first acts of a sync and how many there are; or why that cannot be told."""
    lacking = lacks(name, run.settings)
    if lacking:
        return {"fault": f"Not connected; set {', '.join(lacking)}.", "total": 0, "acts": []}
    run.tell(f"planning {name}")
    try:
        lines = preview(name, run.settings)
    except (Later, Refused, Missing) as fault:
        run.note(f"{name}: {fault}")
        return {"fault": str(fault), "total": 0, "acts": []}
    acts = [{**asdict(line), "after": _short(line.after)} for line in lines[:MOST_LINES]]
    return {"fault": None, "total": len(lines), "acts": acts}


def lacks(name: str, settings: Settings) -> list[str]:
    """The variables without which the plan of a sync cannot be made."""
    return [variable(need) for need in NEEDS[name] if not getattr(settings, need)]


def _short(after: dict[str, Any]) -> dict[str, Any]:
    """Without the long texts, which nobody reads in a table."""
    return {name: value for name, value in after.items() if name != "description"}
