"""What the API changes: Views, syncs; and how it refuses bodies."""

import pytest
from sqlalchemy import text

from app import database
from app.saved_views import READY_MADE
from etl import schedule
from tests.auth.people import cookie_of, token_of

pytestmark = pytest.mark.database

VIEWS = "/api/v1/views"


def post(ask, path, headers, body):
    return ask("POST", path, headers, json=body)


def test_a_view_is_saved_listed_and_deleted(door, ask):
    viewer = cookie_of("viewer")
    told = {"name": "  Urgent  at Acme ", "view": "?severity=1&account=Acme&tz=Asia/Tokyo"}
    made = post(ask, VIEWS, viewer, told)
    assert made.status_code == 201
    assert made.json["name"] == "Urgent at Acme"
    assert made.json["query"] == "severity=1&account=Acme"
    assert (made.json["kind"], made.json["may_change"]) == ("own", True)
    items = ask("GET", VIEWS, viewer).json["items"]
    assert items[-1] == made.json
    assert [one["kind"] for one in items[:-1]] == ["ready"] * len(READY_MADE)
    assert len(ask("GET", VIEWS, cookie_of("viewer", "other")).json["items"]) == len(READY_MADE)
    path = f"{VIEWS}/{made.json['id']}"
    assert ask("DELETE", path, cookie_of("viewer", "other")).status_code == 404
    assert ask("DELETE", path, viewer).status_code == 204
    assert ask("DELETE", path, viewer).status_code == 404


def test_a_name_is_taken_once_and_the_team_s_are_for_editors(door, ask):
    viewer, editor = cookie_of("viewer"), cookie_of("editor")
    told = {"name": "Urgent", "view": "severity=1"}
    assert post(ask, VIEWS, viewer, told).status_code == 201
    taken = post(ask, VIEWS, viewer, told)
    assert (taken.status_code, taken.json["parameter"]) == (409, "name")
    assert post(ask, VIEWS, viewer, {**told, "team": True}).status_code == 403
    made = post(ask, VIEWS, editor, {**told, "team": True})
    assert made.json["kind"] == "team"
    assert ask("DELETE", f"{VIEWS}/{made.json['id']}", viewer).status_code == 404
    assert ask("DELETE", f"{VIEWS}/ready:recent", editor).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "parameter"),
    [
        ({"view": ""}, 400, "name"),
        ({"name": "x"}, 400, "view"),
        ({"name": "", "view": ""}, 400, "name"),
        ({"name": "a\x07b", "view": ""}, 400, "name"),
        ({"name": "x" * 81, "view": ""}, 400, "name"),
        ({"name": 5, "view": ""}, 400, "name"),
        ({"name": "x", "view": ["severity=1"]}, 400, "view"),
        ({"name": "x", "view": "severity=9"}, 400, "severity"),
        ({"name": "x", "view": "days_to_close=14..7"}, 409, "days_to_close"),
        ({"name": "x", "view": "", "team": "yes"}, 400, "team"),
        ({"name": "x", "view": "", "colour": "red"}, 400, "colour"),
    ],
)
def test_a_body_that_cannot_be_followed_is_named(empty, client, body, status, parameter):
    answer = client.post(VIEWS, json=body)
    assert (answer.status_code, answer.json["parameter"]) == (status, parameter)
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"data": "{", "content_type": "application/json"}, 400, "line 1, column 2"),
        ({"data": b"\xff", "content_type": "application/json"}, 400, "UTF-8"),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400, ""),
        ({"json": [1]}, 400, "JSON object"),
        ({"data": "name=x"}, 415, "application/json"),
        ({"data": "", "content_type": "application/json"}, 400, "not JSON"),
        ({"json": {"name": "x" * 2_000_000, "view": ""}}, 413, "1 MB"),
    ],
)
def test_what_is_no_body_is_told_so(empty, client, more, status, words):
    answer = client.post(VIEWS, **more)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert words in answer.json["detail"]


@pytest.fixture
def scheduled(door):
    with database.transaction() as connection:
        schedule.register(connection)


def asked():
    told = database.read(text("select name, asked_full from syncs where asked_at is not null"))
    return sorted(told.itertuples(index=False, name=None))


def test_editors_ask_for_syncs_and_viewers_look(scheduled, ask):
    editor = token_of("editor", "read", "write")
    told = ask("GET", "/api/v1/sync", cookie_of("viewer")).json
    names = [one["name"] for one in told["items"]]
    assert "snapshot" in names
    assert {one["standing"] for one in told["items"]} == {"never"}
    assert told["working"] is False
    assert ask("POST", "/api/v1/sync/snapshot", cookie_of("viewer")).status_code == 403
    assert asked() == []
    answer = ask("POST", "/api/v1/sync/snapshot", editor)
    assert (answer.status_code, answer.json) == (202, {"asked": ["snapshot"]})
    assert asked() == [("snapshot", False)]
    assert post(ask, "/api/v1/sync/snapshot", editor, {"full": True}).status_code == 202
    assert asked() == [("snapshot", True)]
    unknown = ask("POST", "/api/v1/sync/snapshott", editor)
    assert unknown.status_code == 404
    assert "snapshot" in unknown.json["detail"]
    every = ask("POST", "/api/v1/sync/all", editor).json["asked"]
    assert set(every) == {one["name"] for one in told["items"] if one["source"] != "report"}
    with database.transaction() as connection:
        acts = connection.execute(text("select act from audit_log where act like '%ask%'"))
        assert set(acts.scalars()) == {"sync_ask"}


def test_faults_of_an_address_are_problems_that_say_what_would_do(empty, client):
    cases = (
        ("GET", "/api/v1/nowhere", 404, None, "/api/v1/docs"),
        ("POST", "/api/v1/nowhere", 404, None, "/api/v1/docs"),
        ("GET", "/api/v2/cases", 404, None, "/api/v1/docs"),
        ("POST", "/api/v1/cases", 405, "GET, HEAD", "GET, HEAD only"),
        ("GET", "/api/v1/tokens/7", 405, "DELETE", "DELETE only"),
        ("PUT", "/api/v1/views/7", 405, "DELETE", "DELETE only"),
        ("DELETE", "/api/v1/tokens/x", 404, None, "/api/v1/docs"),
        ("GET", "/api/v1/sync/snapshot", 405, "POST", "POST only"),
        ("GET", "/api/v1/cases?limt=5", 400, None, "did you mean limit?"),
        ("GET", "/api/v1/openapi.json?x=1", 400, None, "known are none"),
        ("GET", f"/api/v1/cases?q={'x' * 9_000}", 414, None, "8100"),
    )
    for method, path, status, allow, words in cases:
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.headers.get("Allow")) == (status, allow), path
        assert answer.mimetype == "application/problem+json"
        body = answer.json
        assert set(body) <= {"type", "title", "status", "detail", "parameter", "request_id"}
        assert body["status"] == status
        assert words in body["detail"], body
