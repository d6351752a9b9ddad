"""Moving over beside live sources, from a live Redis, and with a real installation's dump."""

import gzip
import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import text

from app.cli import main
from app.database import snapshot, transaction
from app.metrics import catalogue_values
from app.version import data_version
from app.view import View
from etl.errors import FileRefused
from etl.load import load
from etl.records import Fact, Observation, Whole
from etl.runs import finish_run, start_run
from etl.sources.portal_records import case_records
from etl.t5g_import import import_t5g
from pages import case as case_page
from pages import overview
from tests.conftest import EMPTY, cloned
from tests.etl.t5g_world import DUMP, dump, real_dump, written

pytestmark = pytest.mark.database

LIVE = datetime(2026, 3, 1, 7, tzinfo=UTC)


def rows(statement: str, **given) -> list[tuple]:
    with snapshot() as connection:
        return [tuple(row) for row in connection.execute(text(statement), given)]


def told_by_portal(**told) -> None:
    doc = {
        "case_number": "01000001",
        "case_createdDate": "2026-02-01T08:00:00Z",
        "case_lastModifiedDate": "2026-02-20T09:30:00Z",
        "case_owner": "Olga",
        "case_account_name": "Acme",
        "case_summary": "Node lost",
        "case_description": "It <b>fails</b>.",
        "case_status": "Waiting on Red Hat",
        "case_severity": "2 (High)",
        "case_product": ["OpenShift Container Platform"],
        "case_version": "4.14",
        "case_tags": ["shift_telco5g;cnv"],
    } | told
    run = start_run("cases", "portal")
    with transaction() as connection:
        load(connection, run, "cases", case_records(1, doc, LIVE))
        finish_run(connection, run)


def facts_of(key: str) -> int:
    return rows("select count(*) from changes where key = :key", key=key)[0][0]


def test_the_portal_finds_nothing_to_change_after_moving_over(empty, tmp_path):
    plain = dump(bugs={}, issues={}, escalations=None)
    import_t5g(written(tmp_path, plain))
    before = facts_of("01000001")
    told_by_portal()
    assert facts_of("01000001") == before


def test_what_a_live_source_told_counts(empty, tmp_path):
    # The portal tells the same update with another owner: the dump is not asked.
    told_by_portal(case_owner="Lena", case_severity="1 (Urgent)")
    moved = import_t5g(written(tmp_path, dump()))
    told = "select owner, severity, crit_sit, group_name from cases where case_number = '01000001'"
    # What the portal did not tell yet comes from the dump.
    assert rows(told) == [("Lena", 1, True, "Telco")]
    # Its bugs and issues the portal tells itself.
    assert rows("select count(*) from case_bugs where case_number = '01000001'") == [(0,)]
    assert moved.ledger.adds_up
    again = import_t5g(written(tmp_path, dump()))
    assert again.counts is not None
    assert again.counts.fresh == 0
    assert rows(told) == [("Lena", 1, True, "Telco")]


def test_comments_of_a_card_that_jira_told_are_left_to_jira(empty, tmp_path):
    run = start_run("cards", "jira")
    with transaction() as connection:
        told = (Fact("status", "In Progress", LIVE - timedelta(days=3)),)
        card = Observation(1, "FE-1", told, "card", "state", LIVE, LIVE)
        load(connection, run, "cards", [card, Whole("card_comment", "FE-1", LIVE)])
        finish_run(connection, run)
    moved = import_t5g(written(tmp_path, dump()))
    assert moved.ledger.tallies["comments"].told == 4
    assert rows("select count(*) from jira_comments where card_key = 'FE-1'") == [(0,)]
    assert rows("select status, labels from jira_cards where key = 'FE-1'") == [
        ("In Progress", ["field"])
    ]


@pytest.fixture
def old_redis():
    """A Redis database of the test's own, filled as the old system filled it; its URL."""
    url = os.environ["TEST_SERVERS_REDIS"].replace("db=0", "db=15")
    with Redis.from_url(url) as client:
        assert client.dbsize() == 0
        for key, value in DUMP.items():
            client.set(key, json.dumps(value))
        client.lpush("celery", "work")
        client.set("_kombu.binding.celery", "x")
        yield url
        client.flushdb()


def test_a_live_redis_tells_the_same_as_a_dump_of_it(empty, old_redis, tmp_path, capsys):
    assert main(["import", "t5g", old_redis, "--check"]) == 0
    of_redis = capsys.readouterr().out.splitlines()
    assert "  3 other keys of that Redis were left alone." in of_redis
    known = {key: value for key, value in DUMP.items() if key != "wishes"}
    assert main(["import", "t5g", written(tmp_path, known), "--check"]) == 0
    of_file = capsys.readouterr().out.splitlines()
    kept = [line for line in of_redis[1:] if "left alone" not in line]
    assert kept == of_file[1:]
    moved = import_t5g(old_redis)
    assert moved.ledger.adds_up
    again = import_t5g(written(tmp_path, known))
    assert again.counts is not None
    assert (again.counts.fresh, again.days) == (0, 0)


def test_a_key_of_another_kind_is_set_aside(empty, old_redis):
    with Redis.from_url(old_redis) as client:
        client.delete("details")
        client.lpush("details", "a", "b")
        client.set("issues", b"\xff{")
    moved = import_t5g(old_redis)
    assert moved.ledger.tallies["others"].reasons["is not JSON"] == 2
    assert rows("select payload from rejects where key = 'details'") == [
        ({"details": "a Redis list, not a text"},)
    ]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://user:secret@127.0.0.1:1/0", "redis://127.0.0.1:1/0 does not answer"),
        ("redis://127.0.0.1:port/0", "not the address of a Redis"),
        ("http://127.0.0.1/dump.json", "neither a file nor the address of a Redis"),
        ("redis://[::1", "not the address of a Redis"),
    ],
)
def test_a_redis_that_cannot_be_read_is_told_in_a_sentence(url, words, capsys):
    assert main(["import", "t5g", url, "--check"]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert "secret" not in told
    assert "Traceback" not in told


def test_a_redis_without_the_old_system_is_refused(empty):
    url = os.environ["TEST_SERVERS_REDIS"].replace("db=0", "db=14")
    with pytest.raises(FileRefused, match="holds nothing of the old system"):
        import_t5g(url)
    assert rows("select count(*) from sync_runs") == [(0,)]


@pytest.fixture(scope="module")
def real():
    """The database of a real installation's dump, and the dump itself."""
    path = real_dump()
    with cloned(EMPTY):
        yield import_t5g(str(path)), json.loads(gzip.decompress(path.read_bytes()))


def test_a_real_dump_is_mapped_whole(real):
    moved, told = real
    assert moved.ledger.adds_up
    tallies = moved.ledger.tallies
    assert {kind: tally.read for kind, tally in tallies.items() if tally.read} == {
        "cases": 1000, "cards": 1000, "comments": 2451, "bugs": 2796, "issues": 3008,
    }  # fmt: skip
    assert sum(tally.aside for tally in tallies.values()) == moved.ledger.values == 0
    assert rows("select count(*) from cases") == [(len(told["cases"]),)]
    assert rows("select count(*) from jira_cards") == [(len(told["cards"]),)]
    comments = sum(len(card["comments"]) for card in told["cards"].values())
    assert rows("select count(*) from jira_comments where gone_at is null") == [(comments,)]


def test_numbers_of_a_real_dump_agree_with_plain_python(real):
    _, told = real
    still = {n: case for n, case in told["cases"].items() if case["status"] != "Closed"}
    now = datetime.now(UTC)
    values = {name: part["value"] for name, part in catalogue_values(View(), now).items()}
    assert values["open_cases"] == len(still)
    assert values["by_account"] == Counter(case["account"] for case in still.values())
    assert values["by_status"] == Counter(case["status"] for case in still.values())
    assert values["by_severity"] == Counter(case["severity"][0] for case in still.values())
    assert values["high_priority"] == sum(c["severity"][0] in "12" for c in still.values())
    cards = {card["case_number"]: card for card in told["cards"].values()}
    assert values["crit_sit"] == sum(cards[number]["crit_sit"] for number in still)
    assert values["escalated"] == sum(cards[number]["escalated"] for number in still)
    linked = {
        *(("bugzilla", bug["bugzillaNumber"]) for n in still for bug in told["bugs"].get(n, [])),
        *(("bugzilla", case["bug"]) for case in still.values() if "bug" in case),
        *(("jira", str(issue["id"])) for n in still for issue in told["issues"].get(n, [])),
    }
    assert values["bugs_unique"] == len(linked)


@pytest.mark.parametrize("days", [30, 400, 1200])
def test_the_past_of_a_real_dump_is_told_by_its_dates(real, days):
    _, told = real
    instant = datetime.now(UTC) - timedelta(days=days)
    moment = instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = sum(
        case["createdate"] <= moment and case.get("closeddate", "9") > moment
        for case in told["cases"].values()
    )
    assert catalogue_values(View(), instant)["open_cases"]["value"] == expected


def test_pages_of_a_real_dump_are_shown(real, client):
    _, told = real
    still = [n for n, case in told["cases"].items() if case["status"] != "Closed"]
    version = data_version()
    assert f"{len(still):,}" in str(overview.content(View(), version))
    number = next(n for n in still if n in told["bugs"] and n in told["issues"])
    shown = str(case_page.content(View(), version, number))
    assert told["cases"][number]["problem"] in shown
    for path in ("/", f"/cases/{number}", "/trends"):
        assert client.get(path).status_code == 200
    answer = client.get("/api/v1/stats").get_json()
    assert answer["metrics"]["open_cases"]["value"] == len(still)
    assert client.get("/api/v1/cases?limit=1").get_json()["total"] == len(still)
    # The oldest and shortest of numbers are cases like any other.
    short = min(told["cases"], key=len)
    listed = client.get(f"/api/v1/cases?state=all&q={short}").get_json()["items"]
    assert short in [row["number"] for row in listed]


def test_jira_replaces_the_comments_that_the_old_system_had_without_ids(empty, tmp_path):
    import_t5g(written(tmp_path, dump()))
    shown = "select jira_comment_id, author, body from jira_comments where gone_at is null"
    assert len(rows(f"{shown} and card_key = 'FE-1'")) == 4
    run = start_run("cards", "jira")
    at = datetime(2026, 2, 23, 7, tzinfo=UTC)
    facts = (
        Fact("text", "Twice", at),
        Fact("author", "Ann", at),
        Fact("created", at.isoformat(), at),
        Fact("gone", "false", at),
    )
    told = Observation(1, "FE-1|90001", facts, "card_comment", "state", at, LIVE)
    with transaction() as connection:
        load(connection, run, "cards", [told, Whole("card_comment", "FE-1", LIVE)])
        finish_run(connection, run)
    assert rows(f"{shown} and card_key = 'FE-1'") == [("90001", "Ann", "Twice")]
    # The same dump once more brings none of them back.
    again = import_t5g(written(tmp_path, dump()))
    assert again.counts is not None
    assert again.counts.fresh == 0
    assert rows(f"{shown} and card_key = 'FE-1'") == [("90001", "Ann", "Twice")]
