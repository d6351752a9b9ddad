"""Who is told what: once, by each way, at hours that are not quiet, and nothing in a text acts."""

import os
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime

import pytest

from app import deciding as decisions
from app.settings import get_settings, use
from app.team_values import QuietHours
from etl.outbound import notices, subjects
from tests.sync.outside import PASSWORD, USER, authority, mail_server, slack

pytestmark = pytest.mark.database

HOSTILE = "<script>x</script>\r\nBcc: evil@example.com <!channel> <http://evil|click> & more"


def by_mail(port, **more):
    use(
        {
            "CASEBOARD_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "CASEBOARD_MAIL_FROM": "board@example.com",
            "CASEBOARD_NOTICE_TO": "team@example.com",
            "CASEBOARD_ALERT_TO": "ops@example.com",
            "CASEBOARD_BASE_URL": "https://board.example.com",
            **more,
        }
    )


def by_slack(sink):
    use(
        {
            "CASEBOARD_SLACK_URL": sink.url,
            "CASEBOARD_SLACK_TOKEN": "xoxb-secret",
            "CASEBOARD_SLACK_HIGH_CHANNEL": "CHIGH",
            "CASEBOARD_SLACK_LOW_CHANNEL": "CLOW",
            "CASEBOARD_BASE_URL": "https://board.example.com",
        }
    )


@pytest.fixture(autouse=True)
def young_cases(request, monkeypatch):
    """Only the tests about cases at risk have any."""
    if "risk" not in request.node.name:
        monkeypatch.setattr(subjects, "_risk", lambda *_: None)


def topics(server):
    return [(letter["Subject"], letter["To"]) for letter in server.taken]


def test_a_new_card_is_told_once_by_mail_with_both_parts_and_no_header_of_the_case(desk):
    with mail_server() as server:
        by_mail(server.port)
        number = desk.arrive(summary=f"Down {HOSTILE}", description="Since noon", severity=1)
        assert desk.run("portal2jira").state == "finished"
        assert [desk.run("notices").state for _ in range(3)] == ["finished"] * 3
        [letter] = server.taken
        assert server.envelopes == [("board@example.com", ["team@example.com"], False)]
    key = desk.card(number).key
    assert letter["Subject"].startswith(f"Cards made for new cases: {number} Down <script>")
    assert letter["Bcc"] is None
    assert letter["Message-ID"].endswith("@example.com>")
    assert abs(parsedate_to_datetime(letter["Date"]) - datetime.now(UTC)) < timedelta(minutes=5)
    assert letter["Auto-Submitted"] == "auto-generated"
    plain, html = letter.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    told = plain.get_content()
    assert f"/browse/{key}" in told
    assert f"https://board.example.com/cases/{number}" in told
    assert f"It is tracked by {desk.card(number).assignee}" in told
    markup = html.get_content()
    assert "<script>" not in markup
    assert "&lt;script&gt;" in markup
    assert "src=" not in markup


def test_slack_is_told_by_severity_with_a_mention_and_the_description_as_a_reply(desk):
    use(
        {
            "CASEBOARD_TEAM": '[{"name": "Alice Moreau", "jira_user": "Alice Moreau", '
            '"slack_user": "U42", "accounts": ["ACME  corp"]}]'
        }
    )
    with slack() as sink:
        sink.answers = [(200, {"ok": True, "ts": f"17.{n}"}, {}) for n in range(4)]
        by_slack(sink)
        high = desk.arrive(
            summary=HOSTILE, description=f"It is\n{HOSTILE}", severity=2, account="Acme Corp"
        )
        low = desk.arrive(summary="Slow", severity=4)
        desk.run("portal2jira")
        for _ in range(2):
            assert desk.run("notices").state == "finished"
        first, reply, second = sink.taken
    assert (first["channel"], second["channel"]) == ("CHIGH", "CLOW")
    assert "<@U42>" in first["text"]
    assert "<!channel>" not in first["text"] + reply["text"]
    assert "<http://evil|click>" not in first["text"] + reply["text"]
    assert f"/cases/{high}|Case {high}>" in first["text"]
    assert (reply["channel"], reply["thread_ts"]) == ("CHIGH", "17.0")
    assert reply["text"].startswith("It is\n")
    assert "thread_ts" not in second
    assert low in second["text"]


def test_a_card_that_could_not_be_made_is_told_to_whom_alerts_go(desk):
    with mail_server() as server:
        by_mail(server.port, CASEBOARD_JIRA_COMPONENT="No such thing")
        number = desk.arrive()
        desk.run("portal2jira")
        for _ in range(2):
            desk.run("notices")
        assert topics(server) == [
            (f"Cards that could not be made: {number} Added by hand", "ops@example.com")
        ]
        assert "Component name is not valid" in server.taken[0].get_body(("plain",)).get_content()
        # Another failure is another one to tell.
        [row] = desk.outbox("state = 'failed'")
        decisions.again(row["id"], "ana")
        desk.run("portal2jira")
        desk.run("notices")
        assert len(server.taken) == 2


def test_cards_that_are_held_raise_an_alarm_once(desk):
    with mail_server() as server:
        by_mail(server.port, CASEBOARD_MAX_TO_CREATE="1")
        for _ in range(2):
            desk.world.add_case()
        for name in ("cases", "details", "portal2jira", "notices", "portal2jira", "notices"):
            desk.run(name)
        assert topics(server) == [("2 cards are held", "ops@example.com")]


def test_a_case_at_risk_is_told_once_and_once_more_when_it_is_breached(desk, monkeypatch):
    old = desk.world.now() - timedelta(days=8)
    with mail_server() as server:
        by_mail(server.port)
        desk.run("notices")
        before = len(server.taken)
        number = desk.world.add_case(severity=1, created=old)
        desk.world.add_card(number)
        desk.fill(full=True)
        for _ in range(2):
            desk.run("notices")
        [letter] = server.taken[before:]
        assert letter["Subject"] == f"Cases at risk: {number} Added by hand"
        assert "at risk: 6" in letter.get_body(("plain",)).get_content()
        use({"CASEBOARD_SLA": "8,20,90,180"})
        for _ in range(2):
            desk.run("notices")
        told = [m.get_body(("plain",)).get_content() for m in server.taken[before + 1 :]]
        assert len(told) == 1
        assert "breached: 1" in told[0]


def test_taggings_are_told_together_once_a_day(desk, monkeypatch):
    monkeypatch.setattr(subjects, "TAGGING_HOUR", 0)
    some = list(desk.world.bugs.by_id)[:2]
    number = desk.world.add_case()
    for bug in some:
        desk.world.link_bug(number, bug)
    with mail_server() as server:
        by_mail(server.port)
        desk.fill()
        desk.run("tags")
        assert len(desk.outbox("sync = 'tags' and state = 'done'")) >= 2
        desk.run("notices")
        assert not server.taken
        desk.rows(
            "update outbox set ended_at = ended_at - interval '1 day' where sync = 'tags' returning 1"
        )
        monkeypatch.setattr(subjects, "TAGGING_HOUR", 24)
        desk.run("notices")
        assert not server.taken
        monkeypatch.setattr(subjects, "TAGGING_HOUR", 0)
        for _ in range(2):
            desk.run("notices")
        [(subject, to)] = topics(server)
        assert "were tagged" in subject
        assert to == "team@example.com"
        told = server.taken[0].get_body(("plain",)).get_content()
        assert all(f"Bug {bug}" in told for bug in some)


def test_quiet_hours_hold_notices_back_but_no_alarm(desk, monkeypatch):
    now = datetime.now(UTC)
    quiet = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M} UTC"
    with mail_server() as server:
        by_mail(server.port, CASEBOARD_QUIET_HOURS=quiet)
        desk.arrive()
        desk.run("portal2jira")
        use({"CASEBOARD_JIRA_COMPONENT": "No such thing"})
        desk.arrive()
        desk.run("portal2jira")
        assert desk.run("notices").state == "finished"
        assert [to for _, to in topics(server)] == ["ops@example.com"]
        other = f"{now + timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M} UTC"
        use({"CASEBOARD_QUIET_HOURS": other})
        desk.run("notices")
        assert [to for _, to in topics(server)] == ["ops@example.com", "team@example.com"]


def test_what_was_put_off_into_the_quiet_waits_for_its_end(desk):
    with mail_server() as server:
        by_mail(server.port)
        server.fault = "greylist"
        desk.arrive()
        desk.run("portal2jira")
        assert desk.run("notices").state == "failed"
        server.fault = ""
        now = datetime.now(UTC)
        quiet = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
        use({"CASEBOARD_QUIET_HOURS": quiet})
        assert desk.run("notices").state == "finished"
        assert not server.taken
        [row] = desk.outbox("kind = 'mail'")
        assert row["state"] == "planned"
        assert row["told"].startswith("It is quiet until")
        use({"CASEBOARD_QUIET_HOURS": "00:00-00:01"})
        assert desk.run("notices").state == "finished"
        assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        ("22:00-07:00", "2026-03-01T23:30", "2026-03-02T07:00"),
        ("22:00-07:00", "2026-03-02T06:59", "2026-03-02T07:00"),
        ("22:00-07:00", "2026-03-02T07:00", None),
        ("12:00-13:00", "2026-03-02T12:00", "2026-03-02T13:00"),
        ("12:00-13:00", "2026-03-02T11:59", None),
    ],
)
def test_quiet_ends_when_it_says(hours, now, end):
    start, stop = (time.fromisoformat(part) for part in hours.split("-"))
    quiet = QuietHours(start, stop, "UTC")
    found = quiet.until(datetime.fromisoformat(f"{now}+00:00"))
    assert found == (end and datetime.fromisoformat(f"{end}+00:00"))


def test_a_letter_whose_answer_is_lost_is_not_sent_again_by_itself(desk):
    with mail_server() as server:
        by_mail(server.port)
        desk.arrive()
        desk.run("portal2jira")
        server.fault = "silent end"
        desk.run("notices")
        server.fault = ""
        for _ in range(2):
            desk.run("notices")
        assert len(server.taken) == 1
        [row] = desk.outbox("kind = 'mail'")
        assert row["state"] == "failed"
        assert row["told"].startswith("In doubt")
        # A person who has looked sends it again.
        assert decisions.again(row["id"], "ana").done
        desk.run("notices")
        assert len(server.taken) == 2
        assert server.taken[0]["Message-ID"] == server.taken[1]["Message-ID"]


CRASH = """
import os
from etl import schedule, sync
from etl.outbound import mail
from etl.outbound.outbox import Outbox
if os.environ["DIE"] == "before":
    mail.send = lambda *given: os.kill(os.getpid(), 9)
else:
    Outbox._end = lambda *given, **named: os.kill(os.getpid(), 9)
schedule.ask("notices")
sync.work("notices", "notices")
"""


@pytest.mark.parametrize(("moment", "mails"), [("before", 0), ("after", 1)])
def test_a_crash_while_sending_sends_at_most_once(desk, moment, mails):
    with mail_server() as server:
        by_mail(server.port, CASEBOARD_SLA="9000,9000,9000,9000")
        desk.arrive()
        desk.run("portal2jira")
        died = subprocess.run(
            [sys.executable, "-c", CRASH], env={**os.environ, "DIE": moment}, check=False
        )
        assert died.returncode == -9
        for _ in range(2):
            desk.run("notices")
        assert len(server.taken) == mails
        assert "nobody knows" in desk.outbox("kind = 'mail'")[0]["told"]


def test_it_logs_in_over_tls(desk, tmp_path, monkeypatch):
    path = tmp_path / "authority.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with authority(path) as made, mail_server("starttls", login=True, authority=made) as server:
        by_mail(server.port)
        from urllib.parse import quote

        login = f"{USER}:{quote(PASSWORD, safe='')}"
        use({"CASEBOARD_SMTP_URL": f"smtp://{login}@127.0.0.1:{server.port}"})
        desk.arrive()
        desk.run("portal2jira")
        assert desk.run("notices").state == "finished"
        assert server.envelopes[0][2]


def test_slack_that_asks_to_wait_is_asked_later_and_mail_goes_all_the_same(desk):
    with mail_server() as server, slack() as sink:
        by_mail(server.port)
        by_slack(sink)
        sink.answers = [(429, {}, {"Retry-After": "900"})]
        desk.arrive()
        desk.run("portal2jira")
        ran = desk.run("notices")
        assert ran.state == "failed"
        assert len(server.taken) == 1
        assert desk.run("notices").state == "finished"
        assert (len(server.taken), len(sink.taken)) == (1, 2)
        assert "xoxb" not in str(desk.outbox())


def test_without_a_way_nothing_is_planned(desk):
    desk.arrive()
    desk.run("portal2jira")
    assert "notices" not in {row.name for row in desk.rows("select name from syncs")}
    assert notices.plan([], set(), get_settings(), quiet=False) == []
