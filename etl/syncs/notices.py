"""Notices: who is told of new cards, of what could not be done, of cases at risk, of taggings."""

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import func, select

from app.database import transaction
from etl.errors import Later
from etl.outbound.messenger import Messenger
from etl.outbound.notices import Told, plan, told_before, ways
from etl.outbound.outbox import Outbox
from etl.outbound.slack import slack_door
from etl.outbound.state import see_that_all_was_read
from etl.outbound.subjects import Subject, subjects
from etl.run import Run


def work(run: Run) -> None:
    """Write down what is to be told, then tell it: once by each way."""
    settings, door = run.settings, slack_door(run.settings)
    door.stopped = run.stopped
    run.doors.append(door)
    now = _now()
    quiet = bool(settings.quiet_hours and settings.quiet_hours.until(now))
    with transaction() as connection:
        found = subjects(connection, settings.sla, now)
        told = told_before(connection, found)
    if _is_known_who_is_open():
        told |= _known_before(run, found)
    else:
        found = [one for one in found if one.topic != "risk"]
    outbox = Outbox(run)
    outbox.plan(plan(found, told, settings, quiet=quiet), takes_back=False)
    outbox.perform(Messenger(settings, door, _now).acts)


def _is_known_who_is_open() -> bool:
    """Whether the board knows all cases: else nobody is told of one, nor taken as known."""
    try:
        see_that_all_was_read(("cases",))
    except Later:
        return False
    return True


def _known_before(run: Run, found: Sequence[Subject]) -> Told:
    """The cases at risk when telling of them by a way began: nobody has to be told of those."""
    known: Told = set()
    for way in ways(run.settings):
        kept = run.remembered(f"known {way}")
        if kept is None:
            kept = orjson.dumps([one.key for one in found if one.topic == "risk"]).decode()
            run.remember(f"known {way}", kept)
        known |= {(way, key) for key in orjson.loads(kept)}
    return known


def _now() -> datetime:
    with transaction() as connection:
        moment: datetime = connection.execute(select(func.now())).scalar_one()
    return moment
