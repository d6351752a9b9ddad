"""The report goes out once per period and way, whatever fails, and people are told what to do."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import text

from app import database
from app.cli import main
from app.report.period import days_before
from app.settings import get_settings, use
from app.syncs import syncs
from etl import schedule, sync
from etl.cron import latest_slot
from etl.outbound import mail
from tests.sync.outside import PASSWORD, USER, authority, mail_server, slack

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("empty")]

TO = "a@example.com, b@example.com"
BASE = {
    "CASEBOARD_MAIL_FROM": "board@example.com",
    "CASEBOARD_MAIL_TO": TO,
    "CASEBOARD_BASE_URL": "https://board.example.com",
    "CASEBOARD_SOURCE_TIMEOUT": "5",
    "CASEBOARD_SOURCE_PATIENCE": "0",
}


def by_mail(port, scheme="smtp", login="", options=""):
    use({**BASE, "CASEBOARD_SMTP_URL": f"{scheme}://{login}127.0.0.1:{port}{options}"})


def by_slack(sink):
    use(
        {
            **BASE,
            "CASEBOARD_SLACK_URL": sink.url,
            "CASEBOARD_SLACK_TOKEN": "xoxb-secret",
            "CASEBOARD_REPORT_CHANNEL": "C0123",
        }
    )


def run():
    """One run of the sync, asked for."""
    schedule.ask("weekly")
    [outcome] = sync.work("report", "weekly")
    return outcome


def sendings():
    with database.transaction() as connection:
        rows = connection.execute(text("select * from report_sendings order by way"))
        return [dict(row) for row in rows.mappings()]


def standing():
    return next(row for row in syncs() if row["name"] == "weekly")


def test_a_mail_has_both_parts_and_goes_out_once():
    with mail_server() as server:
        by_mail(server.port)
        assert [run().state for _ in range(3)] == ["finished"] * 3
        [taken] = server.taken
        [(sender, to, _)] = server.envelopes
    assert (sender, to) == ("board@example.com", ["a@example.com", "b@example.com"])
    assert taken["To"] == TO
    assert taken["Subject"].startswith("Weekly report, ")
    assert taken["Message-ID"].endswith("@example.com>")
    assert taken["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in taken.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    plain, html = (part.get_content() for part in taken.iter_parts())
    assert "Nothing happened" in plain
    assert "https://board.example.com/weekly?from=" in plain
    assert html.startswith("<!DOCTYPE html>")
    assert "<style" not in html
    assert "src=" not in html
    [row] = sendings()
    assert (row["way"], row["state"], row["attempts"]) == ("mail", "sent", 1)
    assert row["ended_at"] >= row["begun_at"]
    slot = latest_slot("0 6 * * 1", datetime.now(UTC))
    assert (row["period_start"], row["period_end"]) == days_before(slot, "UTC")


@pytest.mark.parametrize(("tls", "scheme"), [("starttls", "smtp"), ("wrapped", "smtps")])
def test_it_logs_in_over_tls_with_a_certificate_that_is_checked(tmp_path, monkeypatch, tls, scheme):
    path = tmp_path / "authority.pem"
    login = f"{USER}:{quote(PASSWORD, safe='')}@"
    with authority(path) as made, mail_server(tls, login=True, authority=made) as server:
        by_mail(server.port, scheme, login)
        untrusted = run()
        assert untrusted.state == "failed"
        assert "certificate that cannot be trusted" in untrusted.error
        assert "SSL_CERT_FILE" in untrusted.error
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert run().state == "finished"
        assert server.envelopes[0][2] or tls == "wrapped"
        assert len(server.taken) == 1
        use({"CASEBOARD_REPORT_VIEW": "severity=1"})
        by_mail(server.port, scheme, f"{USER}:wrong@")
        refused = run()
    assert refused.state == "failed"
    assert "refuses our login" in refused.error
    assert "CASEBOARD_SMTP_URL" in refused.error
    assert PASSWORD not in refused.error


def test_a_password_is_not_sent_unprotected():
    with mail_server(login=True) as server:
        by_mail(server.port, login=f"{USER}:x@")
        outcome = run()
    assert "offers no STARTTLS" in outcome.error
    assert not server.taken


def test_what_was_surely_not_sent_is_tried_again():
    with mail_server() as server:
        by_mail(server.port)
        server.fault = "greylist"
        outcome = run()
        assert outcome.state == "failed"
        assert "451 4.7.1 come back later" in outcome.error
        assert standing()["retry_at"] > datetime.now(UTC) + timedelta(minutes=20)
        assert sendings()[0]["state"] == "failed"
        server.fault = "full"
        assert "552" in run().error
        server.fault = ""
        assert run().state == "finished"
        assert len(server.taken) == 1
    assert sendings()[0]["attempts"] == 3
    by_mail(1)
    use({"CASEBOARD_REPORT_VIEW": "severity=2"})
    assert "connection refused" in run().error


def test_who_is_refused_is_told_and_the_others_get_it():
    with mail_server() as server:
        by_mail(server.port)
        server.refused = ("b@example.com",)
        assert run().state == "finished"
        assert server.envelopes[0][1] == ["a@example.com"]
        assert "b@example.com was refused (550" in standing()["notes"][0]
        use({"CASEBOARD_REPORT_VIEW": "severity=1"})
        server.refused = ("a@example.com", "b@example.com")
        assert "no such mailbox" in run().error
        assert len(server.taken) == 1


def test_an_answer_that_is_lost_is_never_asked_for_again():
    with mail_server() as server:
        by_mail(server.port)
        server.fault = "silent end"
        outcome = run()
        assert outcome.state == "failed"
        assert "nobody knows" in outcome.error.lower()
        assert "caseboard report weekly --send --again --from" in outcome.error
        server.fault = ""
        again = [run() for _ in range(3)]
        assert {one.state for one in again} == {"failed"}
        assert len(server.taken) == 1
        assert standing()["error"] == again[-1].error
        assert sendings()[0]["state"] == "unknown"
        # A person who has looked sends it again.
        row = sendings()[0]
        span = ["--from", row["period_start"].isoformat(), "--to", row["period_end"].isoformat()]
        assert main(["report", "weekly", *span, "--send"]) == 1
        assert main(["report", "weekly", *span, "--send", "--again"]) == 0
        assert len(server.taken) == 2
        assert server.taken[0]["Message-ID"] == server.taken[1]["Message-ID"]
        assert run().state == "finished"
        assert len(server.taken) == 2


CRASH = """
import os
from etl import sync, schedule
from etl.outbound import mail, report
before, after = mail.send, report._attempt
if os.environ["DIE"] == "before":
    mail.send = lambda *given: os.kill(os.getpid(), 9)
else:
    report._attempt = lambda *given: (after(*given), os.kill(os.getpid(), 9))
schedule.ask("weekly")
sync.work("report", "weekly")
"""


@pytest.mark.parametrize(("moment", "mails"), [("before", 0), ("after", 1)])
def test_a_crash_between_act_and_record_sends_at_most_once(moment, mails):
    with mail_server() as server:
        by_mail(server.port)
        died = subprocess.run(
            [sys.executable, "-c", CRASH], env={**os.environ, "DIE": moment}, check=False
        )
        assert died.returncode == -9
        assert sendings()[0]["state"] == "sending"
        for _ in range(3):
            outcome = run()
            assert outcome.state == "failed"
            assert "not known whether" in outcome.error
        assert len(server.taken) == mails
    assert sendings()[0]["state"] == "unknown"


def test_slack_gets_one_message_that_means_nothing_but_itself():
    with slack() as sink:
        by_slack(sink)
        use({"CASEBOARD_REPORT_VIEW": "account=%3C!channel%3E+%26+sons"})
        assert [run().state for _ in range(2)] == ["finished"] * 2
        [message] = sink.taken
        assert sink.headers[0]["Authorization"] == "Bearer xoxb-secret"
    assert message["channel"] == "C0123"
    assert "<!channel>" not in message["text"]
    assert "&lt;!channel&gt; &amp; sons" in message["text"]
    assert "<https://board.example.com/weekly?account=" in message["text"]


@pytest.mark.parametrize(
    ("answers", "state", "words", "messages"),
    [
        ([(200, {"ok": False, "error": "not_in_channel"}, {})], "failed", "/invite", 2),
        ([(200, {"ok": False, "error": "invalid_auth"}, {})], "failed", "CASEBOARD_SLACK_TOKEN", 2),
        ([(429, {}, {"Retry-After": "1900"})], "failed", "1900 s", 2),
        ([(503, {}, {})], "unknown", "503", 1),
        ([(200, {"ok": False, "error": "internal_error"}, {})], "unknown", "internal_error", 1),
        ([(500, {}, {})], "unknown", "caseboard report weekly", 1),
        ([(404, {}, {})], "failed", "CASEBOARD_SLACK_URL", 2),
    ],
)
def test_what_slack_answers_decides_whether_it_is_tried_again(answers, state, words, messages):
    with slack() as sink:
        by_slack(sink)
        sink.answers = answers
        outcome = run()
        assert outcome.state == "failed"
        assert words in outcome.error
        assert sendings()[0]["state"] == state
        run()
        assert len(sink.taken) == messages
    assert "xoxb" not in outcome.error


def test_slack_that_is_away_is_tried_again():
    with slack() as sink:
        by_slack(sink)
        use({"CASEBOARD_SLACK_URL": "http://127.0.0.1:1"})
        assert "cannot be reached" in run().error
        assert sendings()[0]["state"] == "failed"
        by_slack(sink)
        assert run().state == "finished"
        assert len(sink.taken) == 1


def test_one_way_failing_leaves_the_other_alone():
    with mail_server() as server, slack() as sink:
        by_mail(server.port)
        by_slack(sink)
        sink.answers = [(429, {}, {})]
        assert "slack" in run().error
        assert run().state == "finished"
        assert (len(server.taken), len(sink.taken)) == (1, 2)


def test_it_waits_for_its_slot_and_is_not_part_of_a_refresh():
    from app import queue

    with mail_server() as server:
        by_mail(server.port)
        schedule.tick()
        row = standing()
        assert row["due_at"] > datetime.now(UTC)
        assert (row["due_at"].weekday(), row["due_at"].hour) == (0, 6)
        assert "weekly" not in queue.ask_all()
        assert not sync.work("report")
        use({"CASEBOARD_REPORT_SCHEDULE": "30 7 * * 5"})
        schedule.tick()
        moved = standing()["due_at"]
        assert (moved.weekday(), moved.hour, moved.minute) == (4, 7, 30)
        assert not server.taken


def test_the_command_that_runs_all_syncs_sends_and_writes_nothing(monkeypatch):
    from app import cli_sync

    ran = []
    monkeypatch.setattr(cli_sync, "_run_one", lambda name, **_: ran.append(name) or True)
    with mail_server() as server:
        by_mail(server.port)
        use({"CASEBOARD_NOTICE_TO": "a@example.com", "CASEBOARD_READ_ONLY": "false"})
        main(["sync", "all"])
    assert "snapshot" in ran
    assert not {"weekly", "notices", "portal2jira", "priority", "tags", "preview"} & set(ran)


def test_without_a_way_to_send_there_is_no_such_sync(capsys):
    schedule.tick()
    assert "weekly" not in {row["name"] for row in syncs()}
    assert main(["report", "weekly", "--send"]) == 1
    assert (
        "CASEBOARD_SMTP_URL and CASEBOARD_MAIL_FROM and CASEBOARD_MAIL_TO"
        in capsys.readouterr().err
    )


def test_texts_of_the_settings_cannot_add_headers():
    message = mail.letter(
        "a@example.com", ("b@example.com",), "x\r\nBcc: evil@example.com\nX: y", "p", "h",
        key="k", at=datetime.now(UTC),
    )  # fmt: skip
    assert message["Bcc"] is None
    assert "\nBcc" not in message.as_string()
    assert get_settings().mail_to == ()
