"""Who may enter, for how long, and what is left of a session that has ended."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.auth import audit, sessions, users
from app.auth.users import AuthRefused
from app.database import read as _read
from app.database import transaction
from app.rows import records
from tests.auth.people import identity, with_login

pytestmark = pytest.mark.database


def read(statement: str, **bound):
    return records(_read(text(statement), bound))


def run(statement: str, **bound):
    with transaction() as connection:
        connection.execute(text(statement), bound)


@pytest.fixture(autouse=True)
def login(empty):
    with with_login():
        yield


def test_the_highest_role_of_the_groups_wins_and_names_match_exactly():
    assert users.role_of(["leads", "support"]) == "editor"
    assert users.role_of(["board-admins", "support"]) == "admin"
    for near in ("Support", "support ", "ѕupport", "support2", "support,leads", ""):
        assert users.role_of([near]) is None


def test_a_person_is_made_known_once_and_carries_the_role_of_the_latest_login():
    first = sessions.find(sessions.begin(identity("editor", "x"), None))
    again = sessions.find(sessions.begin(identity("viewer", "x"), None))
    assert (first.role, again.role) == ("editor", "viewer")
    assert first.name == again.name
    assert not again.is_editor
    [change] = read("select * from audit_log where act = 'role_change'")
    assert change["detail"] == {"before": "editor", "after": "viewer"}
    assert change["actor"] == first.name


def test_people_differ_by_issuer_format_and_exact_name():
    same = [
        identity(name_id="ana"),
        identity(name_id="ana", issuer="https://other.example.com"),
        identity(name_id="ana", name_id_format="urn:other"),
        identity(name_id="Ana"),
        identity(name_id="ana "),
        identity(name_id="ａna"),
    ]
    assert len({sessions.find(sessions.begin(one, None)).user for one in same}) == len(same)


def test_who_has_no_group_is_refused_and_not_made_known():
    stranger = identity(name_id="nobody", groups=("others",))
    with pytest.raises(AuthRefused) as refusal:
        sessions.begin(stranger, None)
    assert refusal.value.code == "no_role"
    assert "access" in str(refusal.value)
    assert not read("select 1 from users where name_id = 'nobody'")
    [told] = read("select * from audit_log")
    assert (told["outcome"], told["reason"], told["target"]) == ("refused", "no_role", "nobody")


def test_losing_the_last_group_ends_what_is_open_at_the_next_login():
    value = sessions.begin(identity("admin", "x"), None)
    with pytest.raises(AuthRefused):
        sessions.begin(identity("admin", "x", groups=()), None)
    assert sessions.find(value) is None


def test_the_cookie_is_new_at_every_login_and_the_old_one_is_dead():
    first = sessions.begin(identity(), None)
    second = sessions.begin(identity(), first)
    assert first != second
    assert sessions.find(first) is None
    assert sessions.find(second).role == "viewer"


def test_only_the_digest_is_kept():
    value = sessions.begin(identity(), None)
    assert len(value) >= 43
    kept = read("select * from sessions")
    assert value not in str(kept)
    assert kept[0]["digest"] == sessions.digest(value)
    assert sessions.find(kept[0]["digest"]) is None


def test_an_ended_session_is_dead():
    value = sessions.begin(identity(), None)
    assert sessions.end(value)
    assert sessions.find(value) is None
    assert not sessions.end(value)


def test_idle_and_absolute_time_outs():
    value = sessions.begin(identity(), None)
    run("update sessions set seen_at = clock_timestamp() - interval '29 minutes'")
    assert sessions.find(value, touch=False)
    run("update sessions set seen_at = clock_timestamp() - interval '31 minutes'")
    assert sessions.find(value) is None
    run("update sessions set seen_at = clock_timestamp(), expires_at = clock_timestamp()")
    assert sessions.find(value) is None


def test_what_happens_by_itself_does_not_keep_a_session_alive():
    value = sessions.begin(identity(), None)
    run("update sessions set seen_at = clock_timestamp() - interval '20 minutes'")
    age = "select clock_timestamp() - seen_at > interval '10 minutes' as old from sessions"
    sessions.find(value, touch=False)
    assert read(age)[0]["old"]
    sessions.find(value)
    assert not read(age)[0]["old"]


def test_single_logout_ends_that_session_and_no_other():
    here = sessions.begin(identity(name_id="x", session_index="1"), None)
    there = sessions.begin(identity(name_id="x", session_index="2"), None)
    other = sessions.begin(identity(name_id="y", session_index="1"), None)
    assert sessions.end_of("https://idp.example.com", "x", "1") == 1
    assert [bool(sessions.find(one)) for one in (here, there, other)] == [False, True, True]
    assert sessions.end_of("https://evil.example.com", "x", None) == 0
    assert sessions.end_of("https://idp.example.com", "x", None) == 1
    assert [bool(sessions.find(one)) for one in (there, other)] == [False, True]


def test_sign_out_everywhere_and_being_shut_out():
    one, two = sessions.begin(identity(), None), sessions.begin(identity(), None)
    person = sessions.find(one)
    assert sessions.end_all_of(person.user) == 2
    assert sessions.find(two) is None
    three = sessions.begin(identity(), None)
    run("update users set disabled_at = clock_timestamp() where id = :id", id=person.user)
    assert sessions.find(three) is None
    with pytest.raises(AuthRefused) as refusal:
        sessions.begin(identity(), None)
    assert refusal.value.code == "disabled"


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_log set actor = 'somebody else'",
        "delete from audit_log",
        "truncate audit_log",
    ],
)
def test_the_audit_log_cannot_be_changed(statement):
    audit.record("login", outcome="done", actor="x")
    with pytest.raises(DBAPIError, match="append-only"):
        run(statement)
    assert len(read("select * from audit_log")) == 1


def test_the_clock_of_the_audit_log_is_the_databases():
    run("insert into audit_log (at, act, outcome) values ('2001-01-01', 'login', 'done')")
    assert not read("select 1 from audit_log where at < clock_timestamp() - interval '1 minute'")


def test_poison_can_be_recorded():
    audit.record("login", outcome="refused", target="a\x00b\ud800" + "c" * 9_000, reason="x")
    [told] = read("select target from audit_log")
    assert told["target"].startswith("a�b�c")
    assert len(told["target"]) == audit.LONGEST
