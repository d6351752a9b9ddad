"""Tokens: what they look like, what they open, and that nothing kept of them opens anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.auth import tokens
from app.database import read as _read
from app.database import transaction
from app.rows import records
from tests.auth.people import cookie_of, token_of

pytestmark = pytest.mark.database


def read(statement: str, **bound):
    return records(_read(text(statement), bound))


def make(ask, headers, **told):
    return ask("POST", "/api/v1/tokens", headers, json={"name": "report", **told})


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


def test_a_token_is_shown_once_and_opens_what_its_scopes_say(door, ask):
    viewer = cookie_of("viewer")
    made = make(ask, viewer, scopes=["read"])
    assert made.status_code == 201
    value = made.get_json()["token"]
    assert value.startswith("cb_")
    assert len(value) == 52
    assert ask("GET", "/api/v1/charts", bearer(value)).status_code == 200
    assert ask("GET", "/api/v1/cases.csv", bearer(value)).status_code == 403
    assert ask("GET", "/", bearer(value)).status_code == 403
    assert ask("GET", "/api/v1/tokens", bearer(value)).status_code == 403
    listed = ask("GET", "/api/v1/tokens", viewer)
    assert listed.get_json()["items"][0]["prefix"] == value[:11]
    assert value not in listed.text
    for table in ("api_tokens", "audit_log"):
        assert value not in str(read(f"select * from {table}"))
    [kept] = read("select digest, used_at, expires_at - created_at as life from api_tokens")
    assert ask("GET", "/api/v1/charts", bearer(kept["digest"])).status_code == 401
    assert kept["used_at"] is not None
    assert kept["life"].days in {89, 90}


def test_a_revoked_token_is_dead_at_once(door, ask):
    viewer, other = cookie_of("viewer"), cookie_of("viewer", "other")
    made = make(ask, viewer, scopes=["read"]).get_json()
    path = f"/api/v1/tokens/{made['id']}"
    assert ask("DELETE", path, other).status_code == 404
    assert ask("DELETE", path, cookie_of("admin")).status_code == 204
    answer = ask("GET", "/api/v1/charts", bearer(made["token"]))
    assert answer.status_code == 401
    assert "revoked" in answer.get_json()["detail"]
    assert ask("DELETE", path, viewer).status_code == 404
    acts = [
        row["act"] for row in read("select act from audit_log where act like 'token%' order by id")
    ]
    assert acts == ["token_make", "token_revoke"]


def test_one_sees_one_s_own_and_admins_see_all(door, ask):
    make(ask, cookie_of("viewer"))
    make(ask, cookie_of("editor"))
    seen = [len(ask("GET", "/api/v1/tokens", cookie_of(role)).get_json()["items"])
            for role in ("viewer", "editor", "admin")]  # fmt: skip
    assert seen == [1, 1, 2]


def test_a_token_never_may_more_than_its_owner_has_now(door, ask):
    headers = token_of("admin", "read", "export", "admin")
    assert ask("GET", "/api/v1/audit.csv", headers).status_code == 200
    for role in ("viewer", "editor"):
        run(f"update users set role = '{role}'")
        assert ask("GET", "/api/v1/audit.csv", headers).status_code == 403
        assert ask("GET", "/api/v1/cases", headers).status_code == 200
    run("update users set lost_at = clock_timestamp()")
    assert ask("GET", "/api/v1/cases", headers).status_code == 401
    run("update users set lost_at = null, disabled_at = clock_timestamp()")
    assert ask("GET", "/api/v1/cases", headers).status_code == 401


def run(statement: str):
    with transaction() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"scopes": ["root"]}, "'root' is not a scope"),
        ({"scopes": []}, "needs a scope"),
        ({"scopes": "read"}, "list of texts"),
        ({"scopes": [1]}, "list of texts"),
        ({"scopes": ["admin"]}, "Only admins"),
        ({"name": ""}, "name of 1 to"),
        ({"name": "x" * 81}, "name of 1 to"),
        ({"name": 5}, "must be a text"),
        ({"name": "a\x00b"}, "name of 1 to"),
        ({"name": "\ud800"}, "name of 1 to"),
        ({"expires_in": 0}, "365 days"),
        ({"expires_in": 10**12}, "365 days"),
        ({"expires_in": True}, "whole number"),
        ({"expires_in": "1"}, "whole number"),
        ({"expires": 5}, "'expires' is not known"),
    ],
)
def test_what_cannot_be_made_is_told(door, ask, told, words):
    answer = make(ask, cookie_of("viewer"), **told)
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]
    assert ask("POST", "/api/v1/tokens", cookie_of("viewer"), json=[1]).status_code == 400


def test_a_token_makes_none_that_may_more_than_itself(door, ask):
    headers = token_of("admin", "admin")
    assert make(ask, headers, scopes=["admin"]).status_code == 201
    assert make(ask, headers, scopes=["admin", "read"]).status_code == 400


def test_nobody_has_too_many(door, ask, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_OF_ONE", 2)
    viewer = cookie_of("viewer")
    assert [make(ask, viewer).status_code for _ in range(3)] == [201, 201, 409]


def test_a_slip_is_found_without_asking_the_database(door, ask, monkeypatch):
    value = make(ask, cookie_of("viewer")).get_json()["token"]
    monkeypatch.setattr(tokens, "fetch", None)  # asking would fail
    for place in range(len(value)):
        for other in "0aZ_":
            slip = value[:place] + other + value[place + 1 :]
            assert slip == value or not tokens.is_whole(slip)
    for part in (value[:-1], value + "0", value.upper(), f" {value}", ""):
        assert not tokens.is_whole(part)


@given(st.text(max_size=60))
def test_any_text_is_read_as_a_token_or_is_none(told):
    assert tokens.is_whole(told) is False


def test_the_command_makes_lists_and_revokes(door, capsys):
    from app import cli

    assert cli.main(["token", "create", "nightly", "--scope", "read,export", "--days", "7"]) == 0
    told = capsys.readouterr()
    value = told.out.strip()
    assert tokens.is_whole(value)
    person = tokens.find(value)
    assert (person.name, person.role, person.scopes) == ("local", "admin", {"read", "export"})
    assert cli.main(["token", "list"]) == 0
    listed = capsys.readouterr().out
    assert value[:11] in listed
    assert value not in listed
    assert cli.main(["token", "revoke", value[:11]]) == 0
    assert cli.main(["token", "revoke", value[:11]]) == 1
    with pytest.raises(tokens.BadToken, match="revoked"):
        tokens.find(value)


def test_the_command_makes_tokens_for_people_who_have_signed_in(door, capsys):
    from app import cli

    cookie_of("viewer")
    assert cli.main(["token", "create", "x", "--owner", "viewer@example.com"]) == 0
    assert tokens.find(capsys.readouterr().out.strip()).role == "viewer"
    assert cli.main(["token", "create", "x", "--owner", "nobody@example.com"]) == 1
    assert "signed in" in capsys.readouterr().err
    assert cli.main(["token", "create", "x", "--scope", "all"]) == 1
    assert "'all' is not a scope" in capsys.readouterr().err
