"""Trending cases in their groups, against plain Python over the rows."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app import cache, database
from app.scope import Scope
from app.selection import count
from app.trending import CASES_SHOWN, GROUPS_SHOWN, trending, trending_view
from app.version import data_version
from app.view import View
from etl.seed import seed
from tests.conftest import EMPTY, cloned
from tests.fault_oracle import Tables

pytestmark = pytest.mark.database
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    with cloned(EMPTY):
        seed(1_500, 8, UNTIL)
        yield Tables()


@pytest.fixture(autouse=True)
def with_cache(app):
    cache.breaker.reset()
    with app.app_context():
        yield


@settings(max_examples=25)
@given(
    by=st.sampled_from(["product", "account"]),
    when=st.floats(0, 1),
    severity=st.sampled_from([(), (1, 2), (4,)]),
    label=st.sampled_from([(), ("Trends",), ("Trends", "field")]),
)
def test_groups_have_the_cases_with_the_label(world, by, when, severity, label):
    at = UNTIL - timedelta(days=2_500) * when
    view = View(as_of=at, severity=severity, label=label)
    groups = trending(Scope.of(view, at), by, data_version())
    rows = [
        row for row in world.chosen(View(severity=severity), at, "all") if "Trends" in row["labels"]
    ]
    wanted = Counter(row[by] for row in rows)
    assert len(groups) == min(GROUPS_SHOWN, len(wanted))
    assert [group.cases for group in groups] == sorted(wanted.values(), reverse=True)[:GROUPS_SHOWN]
    for group in groups:
        mine = [row for row in rows if row[by] == group.value]
        assert (group.cases, group.open_cases) == (len(mine), sum(row["is_open"] for row in mine))
        latest = sorted(mine, key=lambda row: row["case_number"])
        latest.sort(key=lambda row: row["updated_at"], reverse=True)
        assert [row["number"] for row in group.rows] == [
            row["case_number"] for row in latest[:CASES_SHOWN]
        ]
        behind = trending_view(view).but(**{by: (group.value or "",)})
        assert database.read(count(behind, at))["cases"].iloc[0] == group.cases


def test_first_and_latest_comments_are_those_of_the_case_and_its_card(world):
    groups = trending(Scope.of(View(as_of=UNTIL), UNTIL), "product", data_version())
    asked = """
    select comment_text as told, commented_at as at from comments where case_number = :n
    union all select body, last_update_date from jira_comments where case_number = :n order by at
    """
    shown = [row for group in groups for row in group.rows][:15]
    for row in shown:
        told = database.read(text(asked), {"n": row["number"]})
        told = told[told["at"] <= UNTIL]
        if len(told):
            assert row["first_text"] == told["told"].iloc[0]
            assert datetime.fromisoformat(row["latest_at"]) == told["at"].iloc[-1].to_pydatetime()


def test_a_view_of_other_labels_has_none(world):
    view = View(as_of=UNTIL, label=("field",))
    assert trending_view(view) is None
    assert trending(Scope.of(view, UNTIL), "product", data_version()) == []
