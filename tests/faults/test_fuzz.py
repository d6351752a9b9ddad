"""Rubbish at every door: it costs itself and is told why; nothing breaks, nothing hangs."""

import gzip
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import requests

from app import database
from app.api.cursor import Cursor
from app.auth.callbacks import BadCallback, declared
from app.auth.tokens import is_whole
from app.embeds import claims
from app.view import View
from app.view_fields import FIELDS, ParameterError
from etl.errors import FileRefused
from etl.load import load
from etl.records import Observation, Rejected, Whole
from etl.runs import finish_run, start_run
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World
from etl.sources.bugzilla_records import bug_records, changed_at
from etl.sources.event_map import read_map
from etl.sources.events import read_events
from etl.sources.jira import Issue
from etl.sources.jira_records import card_records, issue_records, updated
from etl.sources.portal_records import case_records, detail_records, linked_issues
from etl.sources.t5g import Reader
from etl.sources.t5g_dump import Dump, read_dump, taken_at
from tests.faults import report
from tests.faults.conftest import WHOLE
from tests.faults.mutations import ODD, damaged, mutated, noisy
from tests.sync.conftest import Clock

pytestmark = [pytest.mark.database, pytest.mark.faults]

# So many inputs of a kind: 100,000 in all when everything is done.
PER_KIND = 10_000 if WHOLE else 150
OF_FILES = 1_000 if WHOLE else 20
OF_PAGES = 6_000 if WHOLE else 60
LONGEST_SECONDS = 2.0
SEEN = datetime(2026, 11, 1, tzinfo=UTC)
JIRA_FIELDS = {
    "severity": "customfield_1",
    "contributors": "customfield_2",
    "cases": "customfield_3",
    "sprint": "customfield_4",
}


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Any]]:
    """Well formed answers of the sources, by source."""
    clock = Clock()
    world = World(cases=25, start=clock() - timedelta(days=300), clock=clock, frozen=True)
    with Sandbox(world) as sandbox:
        portal, jira = sandbox.portal, sandbox.jira
        found = list(world.cases.by_number.values())
        from etl.sandbox.portal import _doc

        docs = [_doc(case, ["*"]) for case in found[:40]]
        details = [portal._details(case) for case in found[:40]]
        writer = jira._writer()
        issues = [
            writer.issue(issue, ["*all"], "changelog,renderedFields", most_comments=None, most_changes=None)
            for issue in list(world.issues.by_key.values())[:40]
        ]  # fmt: skip
        header = {"X-BUGZILLA-API-KEY": sandbox.environment()["CASEBOARD_BUGZILLA_API_KEY"]}
        ids = list(world.bugs.by_id)[:20]
        told = requests.get(
            f"{sandbox.url('bugzilla')}/rest/bug", params={"id": ids}, headers=header, timeout=5
        )
        bugs = told.json()["bugs"]
    plain = orjson.loads(
        orjson.dumps({"docs": docs, "details": details, "issues": issues, "bugs": bugs})
    )
    assert all(plain.values())
    return plain


def each(kind: str, number: int, book: report.Book) -> Iterator[random.Random]:
    """`number` dice, one for each input; no input may take long."""
    for seed in range(number):
        began = time.monotonic()
        yield random.Random(f"{kind} {seed}")
        took = time.monotonic() - began
        assert took < LONGEST_SECONDS, f"{kind} {seed} took {took:.1f} s"
    book.inputs += number


def understood(records: Iterator[Any]) -> list[Any]:
    """What came of a record: observations, or the reason why not."""
    found = list(records)
    assert all(isinstance(one, Observation | Whole | Rejected) for one in found)
    assert all(one.reason for one in found if isinstance(one, Rejected))
    return found


def bug(raw: Any) -> Iterator[Any]:
    if isinstance(raw, dict):
        changed_at(raw)
        past = raw.get("history")
        yield from bug_records(1, raw, past if isinstance(past, list) else [], SEEN)


def issue(raw: Any) -> Iterator[Any]:
    if isinstance(raw, dict) and raw.get("key"):
        told = Issue(
            str(raw["key"]),
            raw,
            _list(raw, "changelog", "histories"),
            _list(raw, "fields", "comment", "comments"),
        )
        updated(told)
        yield from card_records(1, told, "tracking", JIRA_FIELDS, SEEN)
        yield from issue_records(2, told, JIRA_FIELDS, SEEN)


def _list(raw: Any, *way: str) -> list[Any]:
    for key in way:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw if isinstance(raw, list) else []


def doc(raw: Any) -> Iterator[Any]:
    if isinstance(raw, dict):
        yield from case_records(1, raw, SEEN)


def detail(raw: Any) -> Iterator[Any]:
    if isinstance(raw, dict):
        yield from detail_records(1, "01234567", raw, [], SEEN)


READERS: dict[str, Callable[[Any], Iterator[Any]]] = {
    "docs": doc,
    "details": detail,
    "issues": issue,
    "bugs": bug,
}


@pytest.mark.parametrize("kind", READERS)
def test_records_of_sources(kind: str, answers, book: report.Book, empty: str) -> None:
    """Each is understood or rejected with a reason, and what is understood can be loaded."""
    # What details tell belongs to a case that is on the board.
    some = understood(doc({**answers["docs"][0], "case_number": "01234567"}))
    for dice in each(kind, PER_KIND, book):
        found = understood(READERS[kind](mutated(dice.choice(answers[kind]), dice)))
        if len(some) < 1_500:
            some += found
    run = start_run("fuzz", "fuzz")
    placed = [
        replace(one, position=n) if not isinstance(one, Whole) else one
        for n, one in enumerate(some, 1)
    ]
    with database.transaction() as connection:
        load(connection, run, "fuzz", placed)
        finish_run(connection, run)


def test_links_in_details(answers, book: report.Book) -> None:
    for dice in each("links", PER_KIND // 2, book):
        raw = mutated(dice.choice(answers["details"]), dice)
        if isinstance(raw, dict):
            with suppress(AttributeError, TypeError, ValueError):
                linked_issues(raw)


def test_addresses_as_views(book: report.Book) -> None:
    names = [*FIELDS, "", "page", "état"]
    for dice in each("views", PER_KIND * 2, book):
        texts = [str(dice.choice(ODD)).encode("utf-8", "replace").decode() for _ in range(3)]
        query = "&".join(f"{dice.choice(names)}={noisy(text[:200], dice)}" for text in texts)
        query = query.encode("utf-8", "replace").decode()
        try:
            view = View.from_query(query)
        except ParameterError as fault:
            assert str(fault)
            continue
        assert View.from_query(view.to_query()) == view


def test_cursors(book: report.Book) -> None:
    view = View.from_query("state=all&sort=-severity,created")
    good = Cursor(SEEN, 10, (3, "2026-01-01T00:00:00Z", "01234567")).write(view)
    for dice in each("cursors", PER_KIND, book):
        with suppress(ParameterError):
            Cursor.read(noisy(good, dice), view)


def test_tokens_and_embeds(book: report.Book, empty: str) -> None:
    made = claims.Claims(1, "chart", "t", "state=open", "", "light", (800, 400), ("'none'",), SEEN)
    signed = claims.sign(made)
    for dice in each("embeds", PER_KIND, book):
        other = noisy(signed, dice)
        if other != signed:
            with pytest.raises(claims.BadToken):
                claims.read(other)
        assert not is_whole(noisy("cb_" + "a" * 49, dice))


def test_callback_requests(app, book: report.Book) -> None:
    known = app.extensions["board"].callback_map
    samples = [
        {
            "output": output,
            "inputs": [{**one, "value": None} for one in spec["inputs"]],
            "state": [{**one, "value": None} for one in spec["state"]],
            "outputs": [],
            "changedPropIds": [],
        }
        for output, spec in known.items()
        if "callback" in spec
    ]
    plain = orjson.loads(orjson.dumps(samples, default=str))
    for dice in each("callbacks", PER_KIND, book):
        with suppress(BadCallback):
            declared(mutated(dice.choice(plain), dice), known)


def test_event_logs(tmp_path, book: report.Book) -> None:
    from etl.events_import import SAMPLE

    good = b"".join(gzip.decompress(SAMPLE.read_bytes()).splitlines(keepends=True)[:40])
    event_map = read_map(None)
    for dice in each("events", OF_FILES, book):
        path = tmp_path / "log.csv"
        data = damaged(good, dice)
        path.write_bytes(gzip.compress(data) if dice.random() < 0.2 else data)
        with suppress(FileRefused):
            understood(read_events(path, event_map))


def test_dumps_of_the_old_system(tmp_path, book: report.Book) -> None:
    from tests.etl.t5g_world import dump as whole_dump

    good = orjson.loads(orjson.dumps(whole_dump()))
    for dice in each("dumps", OF_FILES, book):
        path = tmp_path / "dump.json"
        raw = orjson.dumps(_plain(mutated(good, dice)), default=str)
        path.write_bytes(damaged(raw, dice) if dice.random() < 0.5 else raw)
        with suppress(FileRefused):
            dump: Dump = read_dump(str(path))
            taken = taken_at(dump, SEEN)
            understood(Reader(dump, taken, "potential").records())


def _plain(value: Any) -> Any:
    """What orjson can write."""
    if isinstance(value, dict):
        return {str(_plain(str(key))): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)
    return value


PAGES = (
    "/", "/cases", "/trends", "/api/v1/cases", "/api/v1/stats", "/api/v1/charts/backlog.json",
    "/api/v1/facets", "/api/v1/cases/01234567", "/api/v1/quality/no_card", "/embed/x", "/api/v1/bugs",
)  # fmt: skip


def test_addresses_asked_for(log: str, client, book: report.Book) -> None:
    """No address is a fault of ours."""
    names = [*FIELDS, "cursor", "limit", "from", "to", "compare"]
    for dice in each("addresses", OF_PAGES, book):
        value = noisy(str(dice.choice(ODD))[:300].encode("utf-8", "replace").decode(), dice)
        path = noisy(dice.choice(PAGES), dice) if dice.random() < 0.3 else dice.choice(PAGES)
        path = "/" + path.lstrip("/").encode("utf-8", "replace").decode()
        asked = {dice.choice(names): value.encode("utf-8", "replace").decode()}
        answer = client.get(quote(path, safe="/%"), query_string=asked)
        assert answer.status_code < 500, (path, asked, answer.text[:300])
        answer.close()


def test_so_many_inputs_were_given(book: report.Book) -> None:
    if WHOLE:
        assert book.inputs >= 100_000
        book.beside["Rubbish"] = (
            f"{book.inputs:,} inputs made up by chance for the parsers of portal, JIRA, Bugzilla, "
            "event logs, old dumps, Views, cursors, tokens, embeds, callbacks and addresses: "
            "no fault of the server, no hang, no crash."
        )
