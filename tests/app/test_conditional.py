"""An answer that its reader has already costs one look at the data version."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app import cache, database
from app.api import conditional
from app.api.openapi import operations
from app.version import PREPARED
from tests.app.sent import statements
from tests.app.test_openapi import addresses
from tests.auth.conftest import forget_limits
from tests.auth.people import cookie_of, token_of, with_login
from tests.conftest import LOG, cloned

pytestmark = pytest.mark.database

QUERY = "state=all&severity=1&as_of=2016-03-10"


@pytest.fixture(autouse=True)
def fresh(log, app):
    cache.breaker.reset()


def versioned(app):
    for method, path, _, operation in operations(app):
        kinds = {one.kind for one in operation.gives.get(200, ())}
        if operation.versioned and kinds & {"application/json", "text/csv", "text/markdown"}:
            assert method == "GET"
            yield addresses(path), operation


def asked(operation):
    return "as_of=2016-03-10" if "as_of" in operation.names() else ""


def test_every_answer_that_depends_on_data_alone_is_known_again_for_one_look(log, app, client):
    seen = 0
    for path, operation in versioned(app):
        address = f"{path}?{asked(operation)}"
        first = client.get(address)
        assert first.status_code == 200, (address, first.text[:300])
        tag = first.headers["ETag"]
        assert first.headers["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie"} <= set(first.vary)
        with statements() as sent:
            again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b""), address
        assert again.headers["ETag"] == tag
        assert [said for said, _ in sent] == [f"execute {PREPARED}"]
        seen += 1
    assert seen >= 20


@pytest.mark.parametrize("who", ["session", "token"])
def test_somebody_known_costs_their_own_look_beside_it(app, who):
    forget_limits(app)
    with cloned(LOG), with_login():
        headers = cookie_of("viewer") if who == "session" else token_of("viewer", "read")
        client = app.test_client(use_cookies=False)
        address = f"/api/v1/stats?{QUERY}"
        tag = client.get(address, headers=headers).headers["ETag"]
        with statements() as sent:
            again = client.get(address, headers={**headers, "If-None-Match": tag})
        assert again.status_code == 304
        assert len(sent) == 2, sent
        # What is not theirs stays so, whatever they have from before.
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 401


def test_the_same_view_said_otherwise_is_the_same_answer(client):
    tag = client.get(f"/api/v1/cases?{QUERY}").headers["ETag"]
    turned = "as_of=2016-03-10T00:00:00Z&severity=1&state=all&tz=UTC&limit=7"
    assert client.get(f"/api/v1/cases?{turned}").headers["ETag"] != tag
    turned = turned.removesuffix("&limit=7")
    assert client.get(f"/api/v1/cases?{turned}").headers["ETag"] == tag


def test_another_view_chart_or_form_is_another_answer(client):
    paths = ("cases", "cases.csv", "facets", "stats", "charts/by_status.json", "charts/by_age.json",
             "bugs", "bugs.csv", "accounts", "engineers")  # fmt: skip
    queries = (QUERY, f"{QUERY}&tz=Asia/Tokyo", f"{QUERY}&account=Acme", "as_of=2016-03-11")
    tags = {
        client.get(f"/api/v1/{path}?{query}").headers["ETag"] for path in paths for query in queries
    }
    assert len(tags) == len(paths) * len(queries)


def test_new_data_a_new_minute_and_new_code_are_another_answer(client, monkeypatch):
    with cloned(LOG):
        tags = [client.get("/api/v1/cases?state=all").headers["ETag"]]

        def renewed(headers=None):
            answer = client.get("/api/v1/cases?state=all", headers={"If-None-Match": tags[-1]})
            assert answer.status_code == 200
            tags.append(answer.headers["ETag"])

        with database.transaction() as connection:
            connection.execute(text("update data_version set version = version + 1"))
        renewed()
        monkeypatch.setattr(conditional, "PREFIX", "another release")
        renewed()

        class Later(datetime):
            @classmethod
            def now(cls, zone=None):
                return datetime(2031, 1, 1, 10, 20, 30, tzinfo=UTC).astimezone(zone)

        monkeypatch.setattr("app.api.requests.datetime", Later)
        renewed()
        same = {"If-None-Match": tags[-1]}
        assert client.get("/api/v1/cases?state=all", headers=same).status_code == 304
        assert len(set(tags)) == 4


@pytest.mark.parametrize("given", ["*", '"x"', "nonsense", 'W/"x", "y"', ""])
def test_any_other_tag_brings_the_answer(client, given):
    answer = client.get(f"/api/v1/stats?{QUERY}", headers={"If-None-Match": given})
    assert answer.status_code == 200


def test_faults_have_no_tag(client):
    for address in ("/api/v1/cases?severity=9", "/api/v1/cases?limit=0", "/api/v1/cases/none"):
        assert "ETag" not in client.get(address).headers
    assert json.loads(client.get("/api/v1/cases/none").data)["status"] == 404


def test_what_changes_without_a_load_is_never_taken_for_known(client):
    for address in ("/api/v1/sync", "/api/v1/views", "/api/v1/tokens", "/api/v1/annotations"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "ETag" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"
