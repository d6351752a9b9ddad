"""What runs, when and by whom, is decided by rows of the database alone."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import database
from app.settings import get_settings, use
from etl import schedule, sync
from etl.clock import Tick
from etl.errors import RunLost
from etl.records import Fact, Observation
from etl.run import Run
from etl.sandbox.faults import Fault
from etl.schedule import next_slot, tick

pytestmark = [pytest.mark.database, pytest.mark.long]

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


def at_once(count, call):
    """The results of calls that begin together."""
    results, barrier = [], threading.Barrier(count)

    def run():
        barrier.wait()
        results.append(call())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize(
    ("line", "after", "slot"),
    [
        ("*/15 * * * *", NOON, NOON + timedelta(minutes=15)),
        ("24 0,12 * * *", NOON, NOON + timedelta(minutes=24)),
        ("24 0,12 * * *", NOON + timedelta(minutes=24), NOON + timedelta(hours=12, minutes=24)),
        ("37 */2 * * *", NOON, NOON + timedelta(minutes=37)),
        ("40 4 * * *", NOON, NOON + timedelta(hours=16, minutes=40)),
    ],
)
def test_a_cron_line_names_the_next_slot_in_utc(line, after, slot):
    assert next_slot(line, after) == slot


def test_three_ticks_two_workers_and_five_messages_make_one_run_per_source(desk):
    desk.sandbox.latency = 0.02
    sources = [source for told in at_once(3, tick) for source in told]
    assert set(sources) == {"portal", "jira", "bugzilla", "board"}
    for _ in range(2):
        at_once(6, lambda: sync.work("portal"))
    runs = desk.rows(
        "select sync, state, started_at, finished_at from sync_runs where source = 'portal' order by id"
    )
    assert [(run.sync, run.state) for run in runs] == [
        ("cases", "finished"),
        ("details", "finished"),
    ]
    assert runs[0].finished_at <= runs[1].started_at
    for source in ("jira", "bugzilla", "jira", "bugzilla", "board"):
        at_once(5, lambda source=source: sync.work(source))
    assert desk.disagreements() == []
    assert tick() == []


def test_three_clicks_on_refresh_make_one_more_run(desk):
    desk.fill()
    sync.work("board")
    before = desk.value("select count(*) from sync_runs")
    for _ in range(3):
        schedule.ask("cards")
    at_once(4, lambda: sync.work("jira"))
    assert desk.value("select count(*) from sync_runs") == before + 1


def test_who_asks_while_a_run_is_under_way_gets_another_one(desk):
    desk.fill()
    desk.sandbox.latency = 0.3
    schedule.ask("cases")
    worker = threading.Thread(target=sync.work, args=("portal",))
    worker.start()
    time.sleep(0.3)
    schedule.ask("cases")
    worker.join()
    assert desk.value("select count(*) from sync_runs where sync = 'cases'") == 3


def test_a_run_whose_worker_died_is_given_up_at_the_next_tick(desk):
    desk.fill()
    with database.transaction() as connection:
        connection.execute(
            text(
                "insert into sync_runs (sync, source, exclusive) values ('cases', 'portal', 'portal')"
            )
        )
    tick()
    row = desk.one("select * from sync_runs where sync = 'cases' order by id desc limit 1")
    assert row.state == "lost"
    assert "worker ended" in row.error


def test_a_run_that_hangs_is_given_up_and_can_write_no_more(desk, monkeypatch):
    desk.fill()
    monkeypatch.setattr(sync, "HEARTBEAT_SECONDS", 60.0)
    desk.sandbox.faults.add(Fault("timeout", "/search/cases", seconds=4))
    outcomes: list = []
    schedule.ask("cases")
    worker = threading.Thread(target=lambda: outcomes.extend(sync.work("portal")))
    worker.start()
    time.sleep(1)
    with database.transaction() as connection:
        connection.execute(
            text(
                "update sync_runs set heartbeat_at = now() - interval '3 minutes' where state = 'running'"
            )
        )
    tick()
    lost = desk.one("select * from sync_runs where sync = 'cases' order by id desc limit 1")
    assert lost.state == "lost"
    # The source is free at once for another worker, though the first one still hangs.
    desk.sandbox.faults.clear()
    assert [o.state for o in sync.work("portal", "cases")] == ["finished"]
    # What is due by now is for whoever holds the source, and that is not the one that hung.
    schedule.ask("cases")
    worker.join()
    assert [o.state for o in outcomes] == ["lost"]
    assert desk.value("select asked_at is not null from syncs where name = 'cases'")
    assert desk.disagreements("cases") == []


def test_a_run_that_was_given_up_writes_nothing(desk):
    desk.fill()
    run_id = desk.value("select max(id) from sync_runs")
    stale = Run(run_id, "cases", "portal", full=True, settings=get_settings())
    moment = datetime.now(UTC)
    facts = (Fact("created", moment.isoformat(), moment),)
    before = desk.contents()
    with pytest.raises(RunLost):
        stale.load([Observation(1, "09999999", facts)])
    with pytest.raises(RunLost):
        stale.remember("until", "2100-01-01T00:00:00+00:00")
    assert not stale.beat()
    assert desk.contents() == before


def test_a_clock_set_back_two_hours_delays_no_sync_by_more_than_its_interval(desk):
    desk.fill()
    sync.work("board")
    tick()
    # What rows look like when the clock was set back: everything lies two hours ahead.
    with database.transaction() as connection:
        connection.execute(
            text(
                "update syncs set due_at = due_at + interval '2 hours', retry_at = now() + interval '2 hours'"
            )
        )
        connection.execute(
            text(
                "update sync_runs set started_at = started_at + interval '2 hours', finished_at = finished_at + interval '2 hours'"
            )
        )
    tick()
    late = desk.rows(
        "select name from syncs where due_at > now() + interval '15 minutes' and name = 'cases' or retry_at > now()"
    )
    assert late == []
    with database.transaction() as connection:
        connection.execute(text("update syncs set due_at = now()"))
    assert set(tick()) == {"portal", "jira", "bugzilla", "outbound", "board"}


def test_beat_ticks_on_after_the_clock_was_set_back():
    every = Tick(timedelta(seconds=15))
    now = datetime.now(UTC)
    every.nowfun = lambda: now
    assert every.is_due(now + timedelta(hours=2)).is_due
    assert not every.is_due(now - timedelta(seconds=1)).is_due
    assert every.is_due(now - timedelta(seconds=16)).is_due


def test_a_sync_that_kills_its_worker_is_tried_ever_more_rarely(desk):
    desk.fill()
    schedule.ask("cases")
    waits = []
    for attempt in range(1, 7):
        with database.transaction() as connection:
            connection.execute(
                text(
                    "insert into sync_runs (sync, source, exclusive) values ('cases', 'portal', 'portal')"
                )
            )
            connection.execute(
                text("update syncs set attempts = :a, retry_at = null where name = 'cases'"),
                {"a": attempt},
            )
        tick()
        waits.append(
            desk.value(
                "select round(extract(epoch from retry_at - now()) / 60) from syncs where name = 'cases'"
            )
        )
    assert waits == [None, None, 1, 2, 4, 8]
    assert sync.work("portal") == []
    # One that had loaded something goes on at once, and a person may ask at any time.
    with database.transaction() as connection:
        connection.execute(
            text(
                "insert into sync_runs (sync, source, exclusive, seen) values ('cases', 'portal', 'portal', 500)"
            )
        )
    tick()
    assert desk.value("select attempts = 0 and retry_at is null from syncs where name = 'cases'")
    assert desk.run("cases").state == "finished"


def test_failed_runs_are_tried_again_after_growing_waits_and_then_at_their_slot(desk):
    desk.fill()
    use({"CASEBOARD_SOURCE_PATIENCE": "0.1"})
    desk.sandbox.faults.add(Fault("500", "/hydra", times=None))
    schedule.ask("cases")
    waits = []
    for _ in range(5):
        with database.transaction() as connection:
            connection.execute(text("update syncs set retry_at = null where name = 'cases'"))
        assert [o.state for o in sync.work("portal", "cases")] == ["failed"]
        waits.append(
            desk.value(
                "select extract(epoch from retry_at - now()) from syncs where name = 'cases'"
            )
        )
    assert [None if w is None else round(float(w) / 30) for w in waits] == [1, 2, 4, 8, None]
    assert desk.value("select due_at > now() from syncs where name = 'cases'")


BAD = {
    "a wrong offline token": (
        "cases",
        {"PORTAL_OFFLINE_TOKEN": "wrong"},
        "CASEBOARD_PORTAL_OFFLINE_TOKEN",
    ),
    "an unreachable portal": (
        "cases",
        {"PORTAL_URL": "http://127.0.0.1:9/hydra/rest"},
        "CASEBOARD_PORTAL_URL",
    ),
    "a portal query that is refused": (
        "cases",
        {"PORTAL_QUERY": "case_tags:("},
        "CASEBOARD_PORTAL_QUERY",
    ),
    "a wrong JIRA token": ("cards", {"JIRA_TOKEN": "wrong"}, "CASEBOARD_JIRA_TOKEN"),
    "an unknown project": ("cards", {"JIRA_PROJECT": "NOPE"}, "CASEBOARD_JIRA_PROJECT"),
    "a field that JIRA lacks": (
        "cards",
        {"JIRA_FIELDS": '{"contributors": "Helpers"}'},
        "CASEBOARD_JIRA_FIELDS",
    ),
    "a Cloud taken for a Data Center": (
        "cards",
        {"JIRA_KIND": "datacenter"},
        "CASEBOARD_JIRA_KIND",
    ),
    "an unknown host": (
        "bugs",
        {"BUGZILLA_URL": "http://no-such-host.invalid/rest"},
        "CASEBOARD_BUGZILLA_URL",
    ),
    "a wrong Bugzilla key": ("bugs", {"BUGZILLA_API_KEY": "wrong"}, "CASEBOARD_BUGZILLA_API_KEY"),
}


@pytest.mark.parametrize(("name", "wrong", "told"), BAD.values(), ids=BAD)
def test_bad_settings_end_in_a_sentence_that_says_what_to_mend(desk, name, wrong, told, capsys):
    from app.cli import main

    desk.fill()
    use({f"CASEBOARD_{key}": value for key, value in wrong.items()})
    use({"CASEBOARD_SOURCE_PATIENCE": "0.2"})
    before = desk.contents()
    ran = desk.run(name, full=True)
    assert ran.state == "failed"
    assert told in ran.error
    assert desk.contents() == before
    main(["status"])
    assert told in capsys.readouterr().out


def test_a_field_that_jira_lacks_can_be_done_without(desk):
    use({"CASEBOARD_JIRA_FIELDS": '{"contributors": "", "sprint": "customfield_10020"}'})
    assert desk.run("cards").state == "finished"
    assert desk.value("select count(*) from jira_cards where sprint is not null") > 0


def test_nothing_is_written_to_a_source_while_it_is_read_only(desk):
    from etl.errors import Refused
    from etl.sources.jira import Jira

    desk.run("cards")
    run = Run(1, "cards", "jira", full=True, settings=get_settings())
    jira = Jira(run)
    asked = sum(desk.sandbox.requests.values())
    with pytest.raises(Refused, match="CASEBOARD_READ_ONLY"):
        jira._ask(jira._client._session.post, jira._client._get_url("issue"), json={})
    with pytest.raises(Refused, match="does not name"):
        run.doors[0].session().get("http://127.0.0.1:1/elsewhere")
    assert sum(desk.sandbox.requests.values()) == asked
