"""The weekly report on its way out: the seven days before the last slot, by mail and to Slack."""

from functools import partial

from sqlalchemy import func, select

from app.database import transaction
from app.report.make import make
from app.report.period import days_before
from etl.cron import latest_slot
from etl.errors import Later, Refused
from etl.outbound.report import Sender
from etl.outbound.slack import slack_door
from etl.run import Run
from etl.runs import count, own

# A mail server may be away for longer than a source: five tries take two hours.
AGAIN_SECONDS = 1_800.0


def work(run: Run) -> None:
    """Send the report of the days before the schedule's latest slot, once by each way.

    However often this runs, late, asked for or again after a crash: it is the same period, and a
    way by which it went out is not taken again.
    """
    settings = run.settings
    door = slack_door(settings)
    door.stopped = run.stopped
    run.doors.append(door)
    with transaction() as connection:
        now = connection.execute(select(func.now())).scalar_one()
    start, end = days_before(latest_slot(settings.report_schedule, now), settings.report_view.tz)
    run.tell("making the report")
    report = make(settings.report_view, start, end)
    run.tell("sending the report")
    sendings = Sender.of(settings, door).send(report, fence=partial(own, run_id=run.id))
    sent = [one for one in sendings if one.state == "sent"]
    already = sum(one.state == "already" for one in sendings)
    with transaction() as connection:
        own(connection, run.id)
        numbers = {"updated": 0, "rejected": 0, "gone": 0, "unchanged": already}
        count(connection, run.id, seen=len(sendings), inserted=len(sent), **numbers)
    for one in sent:
        if one.told:
            run.note(f"{one.way}: {one.told}")
    faults = [one for one in sendings if one.state in {"failed", "unknown"}]
    if faults:
        told = " ".join(f"{one.way}: {one.told}" for one in faults)
        waits = [one.after for one in faults if one.after is not None]
        raise Later(told, max(AGAIN_SECONDS, *waits)) if waits else Refused(told)
