"""The real log: loaded whole, once, in any order, and true at every instant."""

import gzip
import multiprocessing
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import database
from app.metrics import catalogue_values
from app.view import View
from etl.errors import FileRefused
from etl.events_import import SAMPLE, import_events
from etl.history import rebuild_all
from tests import replay
from tests.conftest import LOG, cloned

pytestmark = pytest.mark.database

DAY, WEEK = timedelta(days=1), timedelta(days=7)
FIRST, LAST = datetime(2016, 2, 28), datetime(2017, 2, 6)


def contents() -> dict[str, list]:
    """Everything that follows from the log, comparable between databases."""
    asked = {
        "cases": "select * from cases order by case_number",
        "versions": "select * from case_versions order by case_number, valid_from",
        "facts": "select entity, key, field, value, at, seq, actor from changes"
        " order by entity, key, field, at, seq, value",
    }
    with database.snapshot() as connection:
        return {
            name: [tuple(row) for row in connection.execute(text(statement))]
            for name, statement in asked.items()
        }


def log_lines() -> tuple[bytes, list[bytes]]:
    head, *lines = gzip.decompress(SAMPLE.read_bytes()).splitlines(keepends=True)
    return head, lines


def test_every_row_is_accounted_for_and_a_second_import_changes_nothing(empty):
    first = import_events(SAMPLE)
    before, version = contents(), database.read(text("select version from data_version"))
    assert (first.read, first.cases, first.rejected) == (5998, 890, 0)
    assert first.read == first.inserted + first.unchanged + first.rejected

    second = import_events(SAMPLE)
    assert (second.inserted, second.unchanged) == (0, 5998)
    assert contents() == before
    assert database.read(text("select version from data_version")).equals(version)


@pytest.mark.parametrize(
    ("instant", "total", "by_severity"),
    [
        (datetime(2016, 3, 10, tzinfo=UTC), 362, {"1": 8, "2": 12, "3": 298, "4": 44}),
        (datetime(2016, 4, 1, tzinfo=UTC), 108, {"1": 2, "2": 1, "3": 86, "4": 19}),
    ],
)
def test_known_instants(log, instant, total, by_severity):
    told = catalogue_values(View(as_of=instant), instant)
    assert told["open_cases"]["value"] == total
    assert told["by_severity"]["value"] == by_severity


@given(instant=st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_any_instant_agrees_with_a_replay(log, instant):
    told = {name: part["value"] for name, part in catalogue_values(View(), instant).items()}
    assert told["open_cases"] == len(replay.open_rows(instant))
    assert told["by_severity"] == replay.by(instant, "severity")
    assert told["by_status"] == replay.by(instant, "state")
    assert told["by_account"] == replay.by(instant, "account")
    assert told["by_engineer"] == replay.by(instant, "engineer")
    assert told["by_product"] == replay.by(instant, "product")
    assert told["opened_last_day"] == replay.opened_between(instant - DAY, instant)
    assert told["opened_last_week"] == replay.opened_between(instant - WEEK, instant)
    assert told["closed_last_day"] == replay.closed_between(instant - DAY, instant)
    assert told["closed_last_week"] == replay.closed_between(instant - WEEK, instant)


def test_nothing_of_the_future_is_known_at_an_instant(log):
    instant = datetime(2016, 3, 1, tzinfo=UTC)
    told = catalogue_values(View(), instant)["time_to_resolution"]["value"]
    resolved = [
        case
        for case in replay.incidents().values()
        if case.opened <= instant and case.resolved and case.resolved <= instant
    ]
    assert sum(row["n"] for row in told) == len(resolved)


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_rows_end_in_the_same_board(empty, tmp_path, seed):
    head, lines = log_lines()
    random.Random(seed).shuffle(lines)
    path = tmp_path / "shuffled.csv"
    path.write_bytes(head + b"".join(lines))
    import_events(path)
    shuffled = contents()
    _same_as_undisturbed(shuffled)


@pytest.mark.parametrize("seed", range(2))
def test_ten_files_in_any_order_end_in_the_same_board(empty, tmp_path, seed):
    head, lines = log_lines()
    chance = random.Random(seed)
    chance.shuffle(lines)
    parts = list(range(10))
    chance.shuffle(parts)
    for part in parts:
        path = tmp_path / f"part-{part}.csv"
        path.write_bytes(head + b"".join(lines[part::10]))
        import_events(path)
    _same_as_undisturbed(contents())


_undisturbed: dict[str, list] = {}


def _same_as_undisturbed(found: dict[str, list]) -> None:
    if not _undisturbed:
        with cloned(LOG):
            _undisturbed.update(contents())
    for name, rows in _undisturbed.items():
        assert found[name] == rows, name


def _import_in_a_process(url: str, path: str) -> None:
    from pathlib import Path

    from app.settings import use

    database.reset()
    use({"CASEBOARD_DATABASE_URL": url})
    import_events(Path(path))


def test_three_writers_at_once_break_no_history(empty, tmp_path):
    head, lines = log_lines()
    context = multiprocessing.get_context("spawn")
    writers = []
    for number in range(3):
        random.Random(number).shuffle(lines)
        path = tmp_path / f"writer-{number}.csv"
        path.write_bytes(head + b"".join(lines[: 4500 if number else None]))
        writers.append(context.Process(target=_import_in_a_process, args=(empty, str(path))))
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    _same_as_undisturbed(contents())


def test_rebuilding_everything_gives_the_identical_result(empty):
    import_events(SAMPLE)
    before = contents()
    assert rebuild_all() == 890
    assert contents() == before


@pytest.mark.parametrize(
    "statement",
    ["update changes set value = 'x'", "delete from changes", "truncate changes cascade"],
)
def test_the_database_refuses_to_change_what_was_observed(empty, statement):
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as connection:
        connection.execute(text(statement))


def test_shifted_to_now_the_last_opening_is_today_and_a_later_import_changes_nothing(empty):
    report = import_events(SAMPLE, shift_to_now=True)
    latest = database.read(text("select max(created_date) as at from cases"))["at"].iloc[0]
    assert latest.date() == datetime.now(UTC).date()
    assert report.shifted_days == (datetime.now(UTC).date() - date(2016, 3, 2)).days

    # As if it had been imported five days ago: the log moves by what is remembered, not anew.
    with database.transaction() as connection:
        connection.execute(text("update watermarks set value = (value::int - 5)::text"))
    assert import_events(SAMPLE, shift_to_now=True).shifted_days == report.shifted_days - 5
    with database.transaction() as connection:
        connection.execute(text("update watermarks set value = (value::int + 5)::text"))
    assert import_events(SAMPLE, shift_to_now=True).inserted == 0
    with pytest.raises(FileRefused, match="moved by"):
        import_events(SAMPLE)


def test_an_unshifted_log_is_not_contradicted_by_a_shifted_one(empty):
    import_events(SAMPLE)
    with pytest.raises(FileRefused, match="own times"):
        import_events(SAMPLE, shift_to_now=True)


@settings(max_examples=25)
@given(
    severity=st.sets(st.integers(1, 4)),
    account=st.sets(st.sampled_from(["Location 204", "Location 143", ""]), max_size=2),
    state=st.sets(st.sampled_from(["ok", "at_risk", "breached"])),
    stale=st.none() | st.integers(0, 20),
    instant=st.datetimes(FIRST, datetime(2016, 6, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"]),
)
def test_the_backlog_balances_every_day_under_any_filter(
    log, severity, account, state, stale, instant, zone
):
    from app.daily import daily
    from app.scope import Scope
    from app.selection import count

    view = View(
        severity=tuple(sorted(severity)),
        account=tuple(sorted(account)),
        sla=tuple(name for name in ("ok", "at_risk", "breached") if name in state),
        stale=stale,
        as_of=instant,
        tz=zone,
    )
    days = database.read(daily(Scope.of(view, instant)))
    before = days["open_cases"].shift(1)
    if len(days) > 1:
        change = days["created"] + days["reopened"] - days["closed"] - days["gone"] + days["moved"]
        assert (days["open_cases"] == before + change)[1:].all()
    if not (view.sla or view.stale is not None or view.severity or view.account):
        assert not days["moved"].any()
    assert days["open_cases"].iloc[-1] == database.read(count(view, instant))["cases"].iloc[0]


@settings(max_examples=15)
@given(day=st.integers(0, 60), zone=st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]))
def test_the_end_of_any_day_is_the_board_as_of_that_end(log, day, zone):
    from app.daily import daily
    from app.panels.backlog import end_of_day
    from app.scope import Scope
    from app.selection import count

    view = View(tz=zone)
    now = datetime(2016, 5, 20, 12, tzinfo=UTC)
    days = database.read(daily(Scope.of(view, now)))
    row = days.iloc[min(day, len(days) - 2)]
    there = database.read(count(view, end_of_day(row["day"], zone)))["cases"].iloc[0]
    assert row["open_cases"] == there
    assert there == len(replay.open_rows(end_of_day(row["day"], zone)))
