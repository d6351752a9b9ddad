"""The old system's statistics: kept as it counted, shown as its own, and never taken for ours."""

import csv
import io
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.annotations import annotations
from app.database import read, snapshot
from app.old_statistics import told_in
from app.panel import frame
from app.panels import PANELS
from app.period import Period
from app.rows import records
from app.scope import Scope
from app.syncs import unknown_statuses
from app.version import data_version
from app.view import View
from etl.t5g_import import import_t5g
from pages import trends
from tests.conftest import EMPTY, cloned
from tests.etl.t5g_world import dump, written

pytestmark = pytest.mark.database

PANEL = PANELS["old_statistics"]
MARCH = datetime(2026, 3, 5, tzinfo=UTC)
FEBRUARY = Period(datetime(2026, 2, 20, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    with cloned(EMPTY):
        import_t5g(written(tmp_path_factory.mktemp("dump"), dump()))
        yield


def scope(view: View = View(), period: Period = FEBRUARY) -> Scope:  # noqa: B008 - a plain value
    return Scope.of(view, MARCH, period=period)


def test_days_are_shown_as_they_were_counted(moved):
    told = records(frame(PANEL, scope()))
    assert [(str(row["day"]), row["origin"]) for row in told] == [
        ("2026-02-28", "t5g"), ("2026-02-27", "t5g"),
    ]  # fmt: skip
    newest, before = told
    assert (before["open_cases"], before["watched"], before["bugs_unique"]) == (3, 2, 4)
    # What it did not tell, or told as no number, is nothing and not zero.
    assert newest["open_cases"] == 4
    assert newest["high_prio"] is None
    assert newest["bugs_unique"] is None


def test_a_list_of_long_ago_keeps_its_own_name(moved):
    year = Period(datetime(2023, 4, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    shown = frame(PANEL, scope(period=year))
    assert list(shown["origin"]) == ["t5g", "t5g", "t5g telco5g"]
    drawn = PANEL.figure(shown, scope(period=year))["data"]
    assert {trace["name"] for trace in drawn} >= {"Open cases (t5g)", "Open cases (t5g telco5g)"}


def test_days_that_nobody_counted_are_gaps(tmp_path, empty):
    told = dump(stats={"2026-02-20": {"open_cases": 1}, "2026-02-23": {"open_cases": 2}})
    import_t5g(written(tmp_path, told))
    [line] = PANEL.figure(frame(PANEL, scope()), scope())["data"]
    assert line["x"] == ["2026-02-20", "2026-02-21", "2026-02-22", "2026-02-23"]
    assert line["y"] == [1, None, None, 2]
    assert line["connectgaps"] is False


@pytest.mark.parametrize("narrowed", [{"severity": (1,)}, {"account": ("Acme",)}, {"q": "node"}])
def test_filters_which_it_did_not_know_leave_nothing(moved, narrowed):
    assert frame(PANEL, scope(View(**narrowed))).empty
    assert "whole board" in PANEL.empty


def test_its_file_names_who_counted(moved, client):
    asked = FEBRUARY.to_query()
    answer = client.get(f"/api/v1/charts/old_statistics.csv?{asked}")
    told = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert [(row["day"], row["origin"], row["open_cases"]) for row in told] == [
        ("2026-02-28", "t5g", "4"), ("2026-02-27", "t5g", "3"),
    ]  # fmt: skip


def test_it_is_on_the_trends_page_only_where_it_counted(moved):
    version = data_version()
    assert told_in(scope(), version)
    assert not told_in(scope(period=Period(datetime(2026, 3, 2, tzinfo=UTC))), version)
    shown = str(trends.content(View(as_of=MARCH), version, FEBRUARY))
    assert PANEL.title in shown
    today = str(trends.content(View(), version, Period(datetime(2026, 3, 2, tzinfo=UTC))))
    assert PANEL.title not in today


def test_it_is_no_snapshot_of_ours(moved):
    with snapshot() as connection:
        for table in ("metric_snapshots", "snapshot_checks", "restatements"):
            asked = text(f"select count(*) from {table}")
            assert connection.execute(asked).scalar_one() == 0
    # Our own numbers of those days come from what is known of the cases.
    ours = frame(PANELS["open_work"], scope()).set_index("day")["open_cases"]
    theirs = read(text("select day, numbers ->> 'open_cases' as n from old_statistics"))
    assert len(theirs) == 3
    assert ours.loc[datetime(2026, 2, 27).date()] == 6


def test_charts_say_from_when_on_counts_what_has_no_time(moved):
    [told] = [one for one in noted() if one.kind == "moved"]
    assert told.at == datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert "had no time of counts from here on" in told.words("UTC")


def noted():
    return annotations(*FEBRUARY.filled(), data_version())


def test_the_names_of_a_board_are_no_unknown_statuses(moved):
    unknown = {(row["what"], row["status"]) for row in records(unknown_statuses())}
    assert unknown == {("case", "Pondering")}
