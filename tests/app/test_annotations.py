"""What people and Caseboard note about instants: the list, the lines, the API."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app import annotations
from app.annotations import LONGEST_TEXT, NotNoted
from app.auth.person import current
from app.database import transaction
from app.marks import marked
from app.period import Period
from app.scope import Scope
from app.version import data_version
from app.view import View

pytestmark = pytest.mark.database

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
URL = "/api/v1/annotations"


def execute(statement, **told):
    with transaction() as connection:
        return connection.execute(text(statement), told)


def loaded():
    """As if something had been loaded."""
    execute("update data_version set version = 4, changed_at = clock_timestamp()")


def told(start=START, end=END):
    return annotations.annotations(start, end, data_version())


def test_what_is_noted_is_told_until_it_is_deleted_and_again_when_restored(empty, app):
    loaded()
    made = annotations.add(current(), START, "  Moved to\n\x07 the new  portal ")
    assert made.told == "Moved to the new portal"
    assert [one.told for one in told()] == ["Moved to the new portal"]
    assert told(START + timedelta(seconds=1)) == []
    assert annotations.delete(current(), made.id) == made.told
    assert told() == []
    with pytest.raises(NotNoted):
        annotations.delete(current(), made.id)
    annotations.restore(current(), made.id)
    assert [one.id for one in told()] == [made.id]
    with transaction() as connection:
        acts = connection.execute(text("select act from audit_log order by id")).scalars().all()
    assert acts == ["annotation_add", "annotation_delete", "annotation_restore"]


@pytest.mark.parametrize("words", ["", "  ", "\x00\x07", "x" * (LONGEST_TEXT + 1)])
def test_no_text_and_too_much_of_it_are_refused(empty, words):
    with pytest.raises(NotNoted, match="1 to 200 characters"):
        annotations.add(current(), START, words)


SYNC = """
insert into syncs (name, source, place, told, schedule, fresh_seconds, due_at)
values (:name, 'portal', 0, '', '* * * * *', 3600, now())
"""
RUN = """
insert into sync_runs (sync, state, started_at, finished_at, inserted, source)
values (:sync, :state, :at, :at, 5, :source)
"""


def run(sync, hours, *, state="finished", source="portal"):
    execute(RUN, sync=sync, state=state, at=START + timedelta(hours=hours), source=source)


def test_gaps_are_told_once_for_all_syncs_and_only_past_the_objective(empty):
    for name in ("cases", "cards"):
        execute(SYNC, name=name)
    for hours in (0, 0.9, 5, 5.5):
        run("cases", hours)
    run("cases", 3, state="failed")
    for hours in (0, 1, 4, 4.9, 5.5):
        run("cards", hours)
    found = told(end=START + timedelta(hours=6))
    assert [(one.kind, one.told) for one in found] == [("gap", "cards, cases")]
    [gap] = found
    assert gap.at == START + timedelta(hours=0.9)
    assert gap.end == START + timedelta(hours=5)
    assert gap.words("UTC") == "No good run of cards, cases until 1 March 2026 05:00 UTC"
    # What lasts is told as lasting; what ends later than the period is told with it all the same.
    lasting = told(end=START + timedelta(hours=7))[0]
    assert (lasting.end, lasting.words("UTC")) == (
        None, "No good run of cards, cases, until now",
    )  # fmt: skip
    assert [one.kind for one in told(START + timedelta(hours=4), START + timedelta(hours=6))] == [
        "gap"
    ]


def test_imports_and_new_policies_are_told(empty):
    execute(SYNC, name="cases")
    run("events", 2, source="events:servicenow log.csv")
    run("events", 3, state="failed", source="events:servicenow other.csv")
    policy = '{"days": [10, 20, 90, 180], "accounts": {"Acme": [1, 2, 3, 4]}}'
    for hours in (0, 4):
        execute(
            "insert into sla_policies values (:at, cast(:policy as jsonb))",
            at=START + timedelta(hours=hours), policy=policy,
        )  # fmt: skip
    assert [one.words("UTC") for one in told()] == [
        "New SLA policy: 10, 20, 90, 180 days; 1 account has its own",
        "Import of events:servicenow log.csv",
    ]


def test_charts_over_days_show_lines_and_labels_that_are_inert(empty, app):
    loaded()
    for day in range(9):
        annotations.add(current(), START + timedelta(days=day), f"<b>{day}</b>")
    scope = Scope.of(View(tz="Europe/Berlin"), END, period=Period(START, END))
    figure = {"data": [], "layout": {"xaxis": {"type": "date"}}}
    drawn = marked(figure, told(), scope)["layout"]
    assert len(drawn["shapes"]) == 9
    assert drawn["shapes"][-1]["x0"] == "2026-03-01T01:00:00"
    texts = [label["text"] for label in drawn["annotations"]]
    assert texts.count("▾") == 3
    assert "&lt;b&gt;8&lt;/b&gt;" in texts
    assert all("<b>" not in label["hovertext"] for label in drawn["annotations"])
    bars = {"data": [], "layout": {"xaxis": {"type": "category"}}}
    assert marked(bars, told(), scope) == bars


def test_the_api_lists_adds_and_deletes(empty, client):
    made = client.post(URL, json={"at": "2026-03-04", "told": "Cut-over", "tz": "Asia/Kolkata"})
    assert made.status_code == 201
    assert made.json["at"] == "2026-03-03T18:30:00Z"
    assert (made.json["kind"], made.json["author"]) == ("person", "local")
    assert client.get(URL).json == {"items": [made.json]}
    assert client.get(f"{URL}?from=2026-03-04").json == {"items": []}
    number = made.json["id"]
    assert client.delete(f"{URL}/{number}").status_code == 204
    assert client.delete(f"{URL}/{number}").status_code == 404
    assert client.delete(f"{URL}/{2**70}").status_code == 404


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"at": "yesterday", "told": "x"}, "at"),
        ({"at": "2026-03-04", "told": " "}, "told"),
        ({"at": "2026-03-04"}, "told"),
        ({"at": 5, "told": "x"}, "at"),
        ({"at": "2026-03-04", "told": "x", "tz": "Mars"}, "tz"),
        ({"at": "2026-03-04", "told": "x", "who": "me"}, "who"),
    ],
)
def test_the_api_names_what_is_wrong(empty, client, body, fault):
    answer = client.post(URL, json=body)
    assert answer.status_code == 400
    assert answer.json["parameter"] == fault
    assert client.get(URL).json == {"items": []}


def test_the_api_refuses_what_it_does_not_know(empty, client):
    assert client.post(URL, json=[1]).status_code == 400
    assert client.get(f"{URL}?severity=1").json["parameter"] == "severity"
    assert client.get(f"{URL}?compare=year").json["parameter"] == "compare"


def test_an_annotation_renews_what_is_remembered(empty):
    loaded()
    before = data_version()
    annotations.add(current(), START, "Seen at once")
    assert data_version().number == before.number + 1
