"""`/api/v1/stats/daily` and its file say what the catalogue says of each day's end."""

import csv
import io

import pytest

from app.days import DAILY

pytestmark = pytest.mark.database

URL = "/api/v1/stats/daily"
ASKED = "from=2016-03-25&to=2016-03-29&tz=Europe/Berlin&severity=3&as_of=2016-06-01"


def test_each_day_is_the_catalogue_at_its_end(log, client):
    told = client.get(f"{URL}?{ASKED}").json
    assert (told["from"], told["to"]) == ("2016-03-24T23:00:00Z", "2016-03-28T22:00:00Z")
    assert [day["day"] for day in told["days"]] == [f"2016-03-{n}" for n in (25, 26, 27, 28)]
    # The day on which clocks are put on has 23 hours.
    assert told["days"][2]["as_of"] == "2016-03-27T21:59:59.999999Z"
    for day in told["days"]:
        stats = client.get(f"/api/v1/stats?severity=3&as_of={day['as_of']}").json["metrics"]
        assert day["metrics"] == {m.name: stats[m.name]["value"] for m in DAILY}


def test_the_file_holds_the_same(log, client):
    days = client.get(f"{URL}?{ASKED}").json["days"]
    answer = client.get(f"{URL}.csv?{ASKED}")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    assert [row["day"] for row in rows] == [day["day"] for day in days]
    for row, day in zip(rows, days, strict=True):
        assert row["as_of"] == day["as_of"]
        assert {name: int(row[name]) for name in day["metrics"]} == day["metrics"]


@pytest.mark.parametrize(
    ("query", "fault"),
    [("from=x", "from"), ("compare=year", "compare"), ("severity=9", "severity"), ("days=3", "days")],
)  # fmt: skip
def test_what_is_wrong_is_named(log, client, query, fault):
    for tail in ("", ".csv"):
        answer = client.get(f"{URL}{tail}?{query}")
        assert (answer.status_code, answer.json["parameter"]) == (400, fault)


@pytest.mark.parametrize(
    ("query", "fault"),
    [("from=2016-03-02&to=2016-03-01", "to"), ("from=1990-01-01&to=2016-01-01", "from")],
)
def test_what_cannot_hold_together_is_a_conflict_that_names_it(log, client, query, fault):
    for tail in ("", ".csv"):
        answer = client.get(f"{URL}{tail}?{query}")
        assert (answer.status_code, answer.json["parameter"]) == (409, fault)


def test_an_empty_board_has_a_day_of_zeros(empty, client):
    told = client.get(f"{URL}?from=2016-03-25&to=2016-03-26&as_of=2016-06-01").json["days"]
    assert [set(day["metrics"].values()) for day in told] == [{0}]
