"""Moving over: a dump of the old system becomes cases, cards, comments, bugs and history."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.cli import main
from app.database import snapshot
from app.metrics import catalogue_values
from app.view import View
from etl.errors import FileRefused
from etl.history import rebuild_all
from etl.t5g_import import import_t5g
from tests.etl.t5g_world import case, dump, written

pytestmark = pytest.mark.database

TABLES = (
    "cases", "comments", "jira_comments", "jira_cards", "bugs", "case_bugs", "case_versions",
    "card_versions", "bug_versions", "old_statistics", "data_version", "watermarks",
)  # fmt: skip
FACTS = "select entity, key, field, value, at, seq, actor from changes order by 1, 2, 3, 5, 6, 4"
REJECTS = "select position, key, reason, payload, resolved_at is null from rejects order by 1, 3"
TAKEN = datetime(2026, 3, 1, 6, tzinfo=UTC)


def rows(statement: str, **given) -> list[tuple]:
    with snapshot() as connection:
        return [tuple(row) for row in connection.execute(text(statement), given)]


def contents(*, version: bool = True) -> dict[str, list]:
    """Everything that an import can write, but for when it was learned."""
    told = {"facts": rows(FACTS), "rejects": rows(REJECTS)}
    for name in TABLES:
        if version or name != "data_version":
            told[name] = sorted(rows(f"select * from {name}"), key=repr)
    return told


def test_every_record_of_a_dump_full_of_oddities_is_accounted_for(empty, tmp_path):
    moved = import_t5g(written(tmp_path, dump()))
    assert moved.taken == TAKEN
    assert moved.ledger.adds_up
    told = {
        kind: (tally.read, tally.mapped, tally.mended, tally.repeated, tally.told, tally.aside)
        for kind, tally in moved.ledger.tallies.items()
    }
    assert told == {
        "cases": (12, 2, 5, 0, 0, 5),
        "details": (3, 0, 1, 0, 0, 2),
        "escalations": (4, 1, 1, 0, 0, 2),
        "cards": (9, 2, 5, 0, 0, 2),
        "comments": (9, 2, 3, 1, 0, 3),
        "bugs": (9, 2, 2, 2, 0, 3),
        "issues": (4, 1, 1, 1, 0, 1),
        "statistics": (6, 3, 0, 0, 0, 3),
        "users": (1, 0, 0, 0, 0, 1),
        "others": (5, 1, 0, 0, 0, 4),
    }


def one(statement: str, **given) -> tuple:
    [row] = rows(statement, **given)
    return row


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_cases_are_as_the_portal_would_tell_them(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    told = "select {} from cases where case_number = :number"
    assert one(
        told.format("account, severity, status, product, product_version, tags, source, crit_sit"),
        number="01000001",
    ) == (
        "Acme", 2, "Waiting on Red Hat", "OpenShift Container Platform", "4.14",
        ["cnv", "shift_telco5g"], "portal", True,
    )  # fmt: skip
    assert one(told.format("relief_at, notified_users, escalated"), number="01000001") == (
        at(2026, 2, 4, 11, 30), ["ann@acme"], "yes",
    )  # fmt: skip
    assert one(told.format("closed_date, severity"), number="01000002") == (
        at(2026, 2, 18, 10), 1,
    )  # fmt: skip
    assert one(told.format("closed_date"), number="01000003") == (at(2026, 2, 20, 9, 30),)
    assert one(told.format("closed_date, status, escalated"), number="01000004") == (
        None, "Pondering", "yes",
    )  # fmt: skip
    assert one(told.format("account, summary, severity, owner"), number="1337377") == (
        "Acme", "Node lost", 2, None,
    )  # fmt: skip
    assert one(told.format("last_update, severity"), number="01000006") == (
        at(2026, 2, 1, 8), None,
    )  # fmt: skip
    assert one(told.format("last_update, owner"), number="01000007") == (at(2026, 2, 1, 8), None)
    assert one(told.format("severity, account, escalated, escalation_link"), number="01000012") == (
        # The list of escalations counts, and does not name it.
        1, "Acme", "no", None,
    )  # fmt: skip
    # What a closed case was is not forgotten with the details of open ones.
    assert one(told.format("relief_at, crit_sit"), number="01000002") == (at(2026, 2, 10), True)
    assert [number for (number,) in rows("select case_number from cases order by 1")] == [
        "01000001", "01000002", "01000003", "01000004", "01000006", "01000007", "01000012",
        "1337377",
    ]  # fmt: skip


def test_a_closed_case_was_open_before(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    spans = "select valid_from, is_open, event from case_versions where case_number = '01000003'"
    first, *_, last = rows(f"{spans} order by valid_from")
    assert first == (at(2026, 2, 1, 8), True, "created")
    assert last == (at(2026, 2, 20, 9, 30), False, "closed")


def test_cards_and_comments(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    cards = dict(rows("select key, cases from jira_cards"))
    assert cards == {
        "FE-1": ["01000001"], "FE-2": ["01000001"], "FE-3": ["01000002"], "FE-4": ["1337377"],
        "FE-5": ["01000012"], "FE-6": [], "FE-7": ["01000013"],
    }  # fmt: skip
    assert one(
        "select status, assignee, contributors, labels, created_at from jira_cards"
        " where key = 'FE-2'"
    ) == (
        "Debugging", "Ann", ["Bob"], ["Daily_Telco_OCP", "PotentialEscalation", "field"],
        at(2026, 2, 3, 5, 26, 36).replace(microsecond=965106),
    )  # fmt: skip
    # Of two cards the newer counts, and the case is among those with two.
    assert one("select fe_jira_card from cases where case_number = '01000001'") == ("FE-2",)
    assert one("select count(*) from card_overlaps") == (1,)
    comments = rows(
        "select card_key, body, last_update_date, gone_at from jira_comments order by 1, 3, 2"
    )
    assert comments == [
        (
            "FE-1",
            "See https://a.example/x and [the log|https://a.example/y] <script>alert(1)</script>",
            at(2026, 2, 21, 7),
            None,
        ),
        ("FE-1", "Odd time", at(2026, 2, 22, 7).replace(microsecond=123456), None),
        ("FE-1", "Twice", at(2026, 2, 23, 7), None),
        ("FE-1", "No time", TAKEN, None),
        ("FE-2", "Twice", at(2026, 2, 23, 7), None),
    ]


def test_bugs_issues_and_what_else_was_told(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    bugs = "select tracker, key, status, severity, target, restricted from bugs order by 1, 2"
    assert rows(bugs) == [
        ("bugzilla", "2000001", None, None, None, False),
        # The later change counts.
        ("bugzilla", "2000002", "CLOSED", "high", "4.14.z", False),
        ("bugzilla", "2000003", "NEW", None, None, True),
        ("bugzilla", "2000004", "NEW", "high", "4.14.z", False),
        ("jira", "575771", "New", "Critical", "---", False),
        ("jira", "OCPBUGS-1", "New", "Critical", "---", False),
    ]
    links = rows("select case_number, key, linked_at from case_bugs order by 1, 2")
    assert links == [
        ("01000001", "2000001", TAKEN),
        ("01000001", "2000002", at(2026, 2, 3, 12).replace(microsecond=123456)),
        ("01000001", "2000003", at(2026, 2, 3, 12).replace(microsecond=123456)),
        ("01000001", "575771", TAKEN),
        ("01000001", "OCPBUGS-1", TAKEN),
        ("01000002", "2000002", at(2026, 2, 3, 12).replace(microsecond=123456)),
    ]
    besides = "select value from changes where field = 'old_system' and key = :key"
    [(kept,)] = rows(besides, key="jira|OCPBUGS-1")
    assert json.loads(kept) == {
        "jira_type": "Bug",
        "private_keywords": ["telco"],
        "url": "https://jira.example.com/browse/OCPBUGS-1",
    }


def test_what_is_set_aside_is_kept_with_its_reason(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    kept = rows("select key, reason, payload, resolved_at is null from rejects")
    reasons = {(key, reason): (payload, waits) for key, reason, payload, waits in kept}
    assert reasons["01000009", "createdate is missing, or no time that can be"] == (
        {"record": case(createdate="yesterday")}, True,
    )  # fmt: skip
    assert reasons["01000001", "resolved_at is not a time"] == ({"resolved_at": "soon"}, True)
    assert reasons["wishes", "is not a key of the old system that Caseboard knows"] == (
        {"wishes": {"of": "nobody"}}, True,
    )  # fmt: skip
    # Nobody needs to look after people and the old system's own notes.
    settled = {key for (key, _), (_, waits) in reasons.items() if not waits}
    assert settled == {"uuid-1", "last_choice", "refresh_id", "watchlist"}


def test_importing_again_changes_nothing(empty, tmp_path):
    path = written(tmp_path, dump())
    import_t5g(path)
    before = contents()
    again = import_t5g(path)
    assert again.counts is not None
    assert (again.counts.fresh, again.counts.inserted, again.days) == (0, 0, 0)
    assert contents() == before
    rebuild_all()
    assert contents(version=False) == {
        name: told for name, told in before.items() if name != "data_version"
    }


def test_a_later_dump_adds_what_changed(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    later = dump(timestamp="2026-03-02 06:00:00+00:00")
    later["cases"]["01000001"] |= {
        "status": "Closed",
        "closeddate": "2026-03-02T05:00:00Z",
        "last_update": "2026-03-02T05:00:00Z",
    }
    later["details"] = {}
    later["escalations"] = []
    later["cards"]["FE-1"] |= {"card_status": "Done", "comments": [["New", "2026-03-02T04:00:00Z"]]}
    later["stats"]["2026-03-01"] = {"open_cases": 5}
    later["stats"]["2026-02-28"] = {"open_cases": 6}
    moved = import_t5g(written(tmp_path, later))
    assert moved.days == 2
    told = "select closed_date, crit_sit, relief_at, escalated from cases where case_number = :key"
    assert one(told, key="01000001") == (
        at(2026, 3, 2, 5), True, at(2026, 2, 4, 11, 30), "potential",
    )  # fmt: skip
    assert one("select status from jira_cards where key = 'FE-1'") == ("Done",)
    shown = rows(
        "select body from jira_comments where card_key = 'FE-1' and gone_at is null order by 1"
    )
    assert shown == [("New",)]
    numbers = dict(rows("select day::text, numbers ->> 'open_cases' from old_statistics"))
    assert (numbers["2026-03-01"], numbers["2026-02-28"]) == ("5", "6")
    # What was then is as it was.
    past = catalogue_values(View(as_of=TAKEN), TAKEN)
    assert past["escalated"]["value"] == 2

    with pytest.raises(FileRefused, match="a later one"):
        import_t5g(written(tmp_path, dump()))


def test_statistics_alone_make_a_new_data_version(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    before = one("select version from data_version")
    later = dump()
    later["stats"]["2026-02-25"] = {"open_cases": 5}
    moved = import_t5g(written(tmp_path, later))
    assert moved.counts is not None
    assert (moved.counts.fresh, moved.days) == (0, 1)
    assert one("select version from data_version") == (before[0] + 1,)


def test_a_check_writes_nothing_and_needs_no_database(empty, tmp_path, monkeypatch, capsys):
    before = contents(), rows("select count(*) from sync_runs")
    path = written(tmp_path, dump())
    assert main(["import", "t5g", path, "--check"]) == 0
    told = capsys.readouterr().out
    assert "cases: 12 read = 2 mapped + 5 mended + 5 set aside" in told
    assert "Nothing was written" in told
    assert (contents(), rows("select count(*) from sync_runs")) == before
    monkeypatch.setenv("CASEBOARD_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["import", "t5g", path, "--check"]) == 0


def test_the_command_tells_what_became_of_all(empty, tmp_path, capsys):
    path = written(tmp_path, dump(), "dump.json")
    assert main(["import", "t5g", path]) == 0
    told = capsys.readouterr().out
    assert "comments on cards: 9 read = 2 mapped + 3 mended + 1 repeated elsewhere" in told
    assert "set aside 1: people are not brought over" in told
    assert "3 days of statistics were new" in told
    assert main(["import", "t5g", path]) == 0
    assert "nothing changed" in capsys.readouterr().out
    state = "select sync, source, state, rejected > 0 from sync_runs order by id limit 1"
    assert one(state) == ("t5g", "t5g dump.json", "finished", True)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["t5g"], "Name the dump"),
        (["t5g", "x", "--sample"], "are for event logs"),
        (["events", "x", "--check"], "--check is for moving over"),
        (["events"], "Name one file"),
    ],
)
def test_misuse_is_told_in_a_sentence(asked, words, capsys):
    assert main(["import", *asked]) == 2
    assert words in capsys.readouterr().err
