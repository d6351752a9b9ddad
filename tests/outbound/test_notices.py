"""Who is told what: once, by each way, at hours that are not quiet, and nothing in a text acts."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime

import pytest
from flask import g
from sqlalchemy import text

from app import database
from app import deciding as decisions
from app.auth.person import Person
from app.database import plain, snapshot
from app.settings import get_settings, load, use
from app.story import story
from app.team_values import QuietHours
from components.outboxtable import outbox_cards
from etl import schedule
from etl.outbound import notices, subjects
from etl.outbound.slack import LONGEST, cut
from tests.sync.outside import PASSWORD, USER, authority, mail_server, slack

pytestmark = pytest.mark.database

RISK = subjects._risk
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
        # When cards are held another time it is told another time.
        numbers = [row["case_number"] for row in desk.outbox("kind = 'create_card'")]
        for number in numbers:
            desk.world.close_case(number)
        for name in ("cases", "portal2jira", "notices"):
            desk.run(name)
        assert len(server.taken) == 1
        for number in numbers:
            desk.world.reopen_case(number)
        for name in ("cases", "portal2jira", "notices", "portal2jira", "notices"):
            desk.run(name)
        assert len(server.taken) == 2


def test_notices_begin_by_a_setting_of_their_own_and_not_with_what_is_old(desk, monkeypatch):
    old = desk.world.now() - timedelta(days=8)
    known = desk.world.add_case(severity=1, created=old)
    desk.world.add_card(known)
    desk.fill(full=True)
    monkeypatch.setattr(subjects, "_risk", RISK)
    with mail_server() as server, slack() as sink:
        by_mail(server.port)
        use({"CASEBOARD_NOTICE_TO": "", "CASEBOARD_ALERT_TO": "", "CASEBOARD_MAIL_TO": "a@b.org"})
        use({"CASEBOARD_READ_ONLY": "true", "CASEBOARD_REPORT_CHANNEL": "C1"})
        # Who has set up the weekly report gets that, and nothing else.
        schedule.tick()
        names = {row.name for row in desk.rows("select name from syncs")}
        assert ("weekly" in names, "notices" in names) == (True, False)
        use({"CASEBOARD_NOTICE_TO": "team@example.com"})
        # Nor by what is known of cases before they were all read.
        old_runs = "update sync_runs set mode = :mode where sync = 'cases' returning 1"
        desk.rows(old_runs, mode="incremental")
        desk.run("notices")
        assert not desk.rows("select 1 from watermarks where source = 'notices'")
        desk.rows(old_runs, mode="full")
        desk.run("notices")
        by_slack(sink)
        desk.run("notices")
        assert (server.taken, sink.taken) == ([], [])
        late = desk.world.add_case(severity=1, created=old)
        desk.world.add_card(late)
        desk.fill(full=True)
        for _ in range(2):
            desk.run("notices")
        assert len(server.taken) == len(sink.taken) == 1
        assert late in sink.taken[0]["text"]
        assert known not in sink.taken[0]["text"]


def risks(number):
    facts = {"account": "Acme <&>", "summary": "x" * 90, "standing": "at risk", "share": 0.6,
             "target": 14.0, "card": None}  # fmt: skip
    return [
        subjects.Subject(f"risk:{n}", "risk", 3, {**facts, "number": f"0{n}"})
        for n in range(number)
    ]


WAYS = {
    "CASEBOARD_SLACK_TOKEN": "xoxb",
    "CASEBOARD_SLACK_LOW_CHANNEL": "CLOW",
    "CASEBOARD_SMTP_URL": "smtp://127.0.0.1:1",
    "CASEBOARD_MAIL_FROM": "a@b.org",
    "CASEBOARD_NOTICE_TO": "a@b.org",
}


def test_what_a_message_has_no_place_for_is_in_the_next_one():
    found, told, texts = risks(120), set(), {"mail": [], "slack": []}
    while planned := notices.plan(found, told, load(WAYS), quiet=False):
        for one in planned:
            told |= {(one.kind, key) for key in one.after["about"]}
            text = one.after.get("text") or one.after["plain"]
            texts[one.kind].append(text)
            number = re.findall(r"\|Case (\d+)>" if one.kind == "slack" else r"Case (\d+) \(", text)
            assert [f"risk:{int(n)}" for n in number] == one.after["about"]
            assert one.kind == "mail" or len(text) <= LONGEST
    assert told == {(way, one.key) for way in texts for one in found}
    assert len(texts["mail"]) == 3
    assert len(texts["slack"]) > 3
    for several in texts.values():
        more = ["more, which another message tells." in text for text in several]
        assert more == [*[True] * (len(several) - 1), False]


def test_a_long_description_is_cut_between_signs():
    assert cut("a&lt;b", 6) == "a&lt;b"
    assert cut("aaa&lt;b", 6) == "aaa…"
    assert cut("aaaa bbbb", 6) == "aaaa …"


@pytest.mark.parametrize(
    ("answer", "state", "posts"),
    [
        ((200, {"ok": False, "error": "ratelimited"}, {}), "done", 2),
        ((200, {"ok": False, "error": "service_unavailable"}, {}), "done", 2),
        ((200, {"ok": False, "error": "internal_error"}, {}), "failed", 1),
        ((200, {"ok": False, "error": "fatal_error"}, {}), "failed", 1),
        ((503, {}, {}), "failed", 1),
    ],
)
def test_slack_gets_again_only_what_it_surely_did_not_post(desk, answer, state, posts):
    with slack() as sink:
        by_slack(sink)
        sink.answers = [answer]
        desk.arrive()
        desk.run("portal2jira")
        for _ in range(2):
            desk.run("notices")
        [row] = desk.outbox("kind = 'slack'")
        assert (row["state"], len(sink.taken)) == (state, posts)
        assert state == "done" or row["told"].startswith("In doubt")


def test_only_what_is_about_a_case_makes_charts_anew_and_admins_alone_see_addresses(desk, app):
    with mail_server() as server:
        by_mail(server.port)
        for _ in range(2):
            desk.world.add_case()
        for name in ("cases", "details", "portal2jira"):
            desk.run(name)
        version = desk.value("select version from data_version")
        desk.run("notices")
        assert len(server.taken) == 1
        assert desk.value("select version from data_version") == version
    for role, is_told in (("admin", True), ("editor", False), ("viewer", False)):
        with app.app_context(), snapshot() as connection:
            g.person = Person("p", "P", None, role)
            assert ("team@example.com" in str(outbox_cards(connection, "UTC"))) is is_told
    number = desk.arrive()
    desk.rows("update outbox set case_number = :n where kind = 'mail' returning 1", n=number)
    with snapshot() as connection:
        told = plain(connection, story(number, datetime.now(UTC) + timedelta(minutes=1)))
    assert "team@example.com" not in str(told)


def test_what_was_told_is_found_by_an_index(desk):
    with database.transaction() as connection:
        connection.execute(text("set local enable_seqscan = off"))
        plan = connection.execute(text(f"explain {notices.TOLD}"), {"keys": ["a", "b"]}).scalars()
        assert "ix_outbox_about" in "\n".join(plan)


def test_a_case_at_risk_is_told_once_and_once_more_when_it_is_breached(desk, monkeypatch):
    old = desk.world.now() - timedelta(days=8)
    with mail_server() as server:
        by_mail(server.port)
        desk.run("notices")
        before = len(server.taken)
        assert not before
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
