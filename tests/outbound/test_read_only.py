"""While it is read-only nothing reaches a tracker that could change it, whoever asks for what."""

import contextlib
import json

import pytest

from app import deciding
from app.auth import policy
from app.cli import main
from app.settings import get_settings, use
from etl import schedule, sync
from etl.errors import Later, Refused
from etl.outbound import jira_writer
from etl.outbound.outbox import Outbox
from etl.outbound.plans import PLANS
from etl.outbound.watchers import Watchers
from etl.run import Run
from etl.syncs import BY_NAME, SYNCS
from tests.auth.people import envelope
from tests.auth.test_matrix import example
from tests.outbound.conftest import writer_of
from tests.sync.conftest import Clock
from tests.sync.outside import mail_server, slack

pytestmark = pytest.mark.database

# What is sent by POST and only reads.
READING = (
    "/token",
    "/search/jql",
    "/search",
    "/search/approximate-count",
    "/issue/bulkfetch",
    "/xmlrpc.cgi",
)


def fingerprint(world) -> str:
    """All that the trackers hold, told as text."""
    with world.lock:
        cases = [repr(case) for case in world.cases.by_number.values()]
        issues = [repr(issue) for issue in world.issues.by_key.values()]
        bugs = [repr(bug) for bug in world.bugs.by_id.values()]
    return "\n".join([*cases, *issues, *bugs])


@pytest.fixture(scope="module")
def board(filled):
    """A board with work of every kind to be written back, read-only from here on."""
    with pytest.MonkeyPatch.context() as patch, writer_of(filled, Clock()) as desk:
        patch.setattr(jira_writer, "SETTLE_SECONDS", 0.0)
        give_work(desk)
        use({"CASEBOARD_READ_ONLY": "true"})
        yield desk


def give_work(desk):
    """Something in every state, of every kind."""
    bug = next(iter(desk.world.bugs.by_id))
    done = desk.world.add_case(severity=1)
    desk.world.add_card(done)
    desk.world.link_bug(done, bug)
    desk.fill()
    for name in PLANS:
        assert desk.run(name).state == "finished"
    assert desk.outbox("state = 'done'")
    use({"CASEBOARD_MAX_TO_CREATE": "1"})
    for _ in range(2):
        other = desk.world.add_case(severity=2)
        desk.world.link_bug(other, list(desk.world.bugs.by_id)[1])
    carded = desk.world.add_case(severity=1)
    desk.world.add_card(carded)
    desk.fill()
    for name in PLANS:
        with_nothing_done(desk, name)
    states = {row["state"] for row in desk.outbox()}
    assert {"done", "held", "planned"} <= states
    for state, number in (("approved", 1), ("failed", 1), ("uncertain", 1), ("acting", 1)):
        desk.rows(
            f"update outbox set state = '{state}' where id in (select id from outbox "
            f"where state in ('planned', 'held') order by id limit {number}) returning 1"
        )


@pytest.fixture
def watched(board):
    """The same board for all tests of this file, as nobody can change anything."""
    desk, wrote = board, []
    desk.sandbox.asked = lambda name, request: wrote.append((name, request.method, request.path))
    before = fingerprint(desk.world)
    yield desk
    sent = [one for one in wrote if one[1] not in {"GET", "HEAD"} and not one[2].endswith(READING)]
    assert not sent
    assert wrote, "nothing was asked at all: this proves nothing"
    assert fingerprint(desk.world) == before


def with_nothing_done(desk, name):
    """Write down what a sync would do, without doing it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Outbox, "perform", lambda *_: 0)
        desk.run(name)


def test_no_sync_writes_however_it_is_run(watched):
    schedule.tick()
    names = {row.name for row in watched.rows("select name from syncs")}
    assert not names & set(PLANS)
    for one in SYNCS:
        schedule.ask(one.name)
        sync.work(one.source)
    for name in PLANS:
        # Also a task of an older release, which does not look whether it may.
        [row] = watched.rows(
            "insert into sync_runs (sync, source, exclusive) values (:n, 'outbound', 'outbound') "
            "returning id", n=name,
        )  # fmt: skip
        run = Run(row.id, name, "outbound", full=False, settings=get_settings())
        with contextlib.suppress(Later, Refused):
            BY_NAME[name].work(run)
        watched.rows("update sync_runs set state = 'failed' where id = :id returning 1", id=row.id)
    refused = watched.outbox("state = 'failed' and told like '%CASEBOARD_READ_ONLY%'")
    assert refused


def test_no_task_writes(watched):
    from etl import worker

    watched.sandbox.requests.clear()
    for one in SYNCS:
        schedule.ask(one.name)
    worker.tick()
    for source in {one.source for one in SYNCS}:
        worker.run(source)
    assert watched.sandbox.requests["jira"]


def test_no_command_writes(watched, capsys):
    number = next(iter(watched.world.cases.by_number))
    done = watched.outbox("state = 'done'")[0]["id"]
    failed = watched.outbox("state = 'failed'")[0]["id"]
    for command in (
        ["sync", "all"], *(["sync", name] for name in BY_NAME), ["outbound", "preview"],
        ["outbound", "approve"], ["outbound", "list"], ["outbound", "undo", str(done)],
        ["outbound", "again", str(failed)],
        ["outbound", "again", "all"], ["sync", "all"],
        ["watchers", "add", number, "user01"], ["watchers", "remove", number, "user01"],
        ["report", "weekly", "--send"], ["doctor"], ["status"],
    ):  # fmt: skip
        main(command)
    told = capsys.readouterr()
    assert deciding.READ_ONLY in told.err
    assert "portal2jira: not connected; set CASEBOARD_READ_ONLY=false" in told.err


def test_no_route_and_no_callback_writes(watched, app, client):
    for method, rule in policy.ROUTES:
        if rule in {"/logout", "/saml/logout"}:
            continue
        path = example(rule)
        client.open(path, method=method, json={} if method == "POST" else None).close()
    for one in BY_NAME:
        client.post(f"/api/v1/sync/{one}", json={"full": True}).close()
    listed = {
        output: spec
        for output, spec in app.extensions["board"].callback_map.items()
        if "callback" in spec
    }
    for output in listed:
        body = json.dumps(envelope(listed, output, 1))
        for deed in ("approve", "again", "all", "undo") if '"deed": 1' in body else ("",):
            told = json.loads(body.replace('"deed": 1', f'"deed": "{deed}"'))
            client.post("/_dash-update-component", json=told).close()
    for deed in (deciding.approve, deciding.again, deciding.undo):
        for number in range(1, 60):
            deed(number, "ana")
    deciding.again_all("ana")
    for source in {one.source for one in SYNCS}:
        sync.work(source)


def test_no_notice_writes_to_a_tracker(watched):
    with mail_server() as server, slack() as sink:
        use(
            {
                "CASEBOARD_SMTP_URL": f"smtp://127.0.0.1:{server.port}",
                "CASEBOARD_MAIL_FROM": "board@example.com",
                "CASEBOARD_NOTICE_TO": "team@example.com",
                "CASEBOARD_SLACK_URL": sink.url,
                "CASEBOARD_SLACK_TOKEN": "xoxb-secret",
                "CASEBOARD_SLACK_HIGH_CHANNEL": "CHIGH",
                "CASEBOARD_SLACK_LOW_CHANNEL": "CLOW",
            }
        )
        watched.run("cases")
        assert watched.run("notices").state == "finished"
        assert server.taken
        assert sink.taken
    with pytest.raises(Refused, match="CASEBOARD_READ_ONLY"):
        Watchers(get_settings()).add(next(iter(watched.world.cases.by_number)), ["user05"])
