"""What every request meets: origin, size, headers, limits, and a cookie that is dead once it is."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.auth import audit, limits, policy, sessions
from app.auth.same_site import next_page
from app.database import read as _read
from app.database import transaction
from app.rows import records
from app.settings import get_settings
from tests.auth.keys import complete
from tests.auth.people import cookie_of, envelope, identity, settings, token_of, with_cookie

pytestmark = pytest.mark.database

LOOK = "..marks.children...refresh-progress.children...board-version.data.."


def read(statement: str, **bound):
    return records(_read(text(statement), bound))


def run(statement: str, **bound):
    with transaction() as connection:
        connection.execute(text(statement), bound)


def test_a_cookie_copied_before_logout_is_dead_after_it(door, ask, callbacks):
    value = sessions.begin(identity(), None)
    browser, copy = with_cookie(value), {**with_cookie(value), "User-Agent": "another"}
    body = envelope(callbacks, LOOK)
    for who in (browser, copy):
        assert ask("GET", "/api/v1/charts", who).status_code == 200
        assert ask("POST", "/_dash-update-component", who, json=body).status_code == 200
    out = ask("POST", "/logout", browser)
    assert (out.status_code, out.location) == (303, "/login?out=1")
    assert re.search(r"caseboard=;.*Expires=Thu, 01 Jan 1970", out.headers["Set-Cookie"])
    for who in (browser, copy):
        assert ask("GET", "/api/v1/charts", who).status_code == 401
        assert ask("POST", "/_dash-update-component", who, json=body).status_code == 401
        assert ask("GET", "/", who).status_code == 303
    assert [row["act"] for row in read("select act from audit_log order by id")] == [
        "login", "logout",
    ]  # fmt: skip


def test_it_dies_as_well_when_its_person_is_shut_out_or_loses_their_groups(door, ask):
    one, two = cookie_of("viewer", "one"), cookie_of("viewer", "two")
    run("update users set disabled_at = clock_timestamp() where name_id = 'one'")
    run("update users set lost_at = clock_timestamp() where name_id = 'two'")
    assert ask("GET", "/api/v1/charts", one).status_code == 401
    assert ask("GET", "/api/v1/charts", two).status_code == 401


def test_a_changed_role_holds_at_once(door, ask, callbacks):
    editor = cookie_of("editor", "x")
    body = envelope(callbacks, next(one for one in callbacks if one.startswith("..announce")))
    assert ask("POST", "/_dash-update-component", editor, json=body).status_code == 200
    cookie_of("viewer", "x")
    assert ask("POST", "/_dash-update-component", editor, json=body).status_code == 403


def test_the_cookie_is_kept_to_this_host_and_from_scripts(door):
    response = door.make_response("")
    sessions.put_cookie(response, "v")
    assert response.headers["Set-Cookie"] == "caseboard=v; HttpOnly; Path=/; SameSite=Lax"
    with settings(BASE_URL="https://board.example.com"):
        response = door.make_response("")
        sessions.put_cookie(response, "v")
        told = response.headers["Set-Cookie"]
        assert told == "__Host-caseboard=v; Secure; HttpOnly; Path=/; SameSite=Lax"
        sessions.drop_cookie(response)
        assert "__Host-caseboard=;" in response.headers.getlist("Set-Cookie")[1]


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://board.example.com"}, False),
        ({"Origin": "https://board.example.com"}, True),
        ({"Origin": "https://board.example.com:443"}, True),
        ({"Origin": "http://board.example.com"}, False),
        ({"Origin": "https://board.example.com.evil.com"}, False),
        ({"Origin": "https://evil.com", "Host": "evil.com"}, False),
        ({"Origin": "null"}, False),
        ({}, True),
    ],
)
def test_what_other_sites_send_changes_nothing(door, ask, callbacks, told, passes):
    with settings(BASE_URL="https://board.example.com"):
        cookie = {"Cookie": cookie_of("viewer")["Cookie"]}
        body = envelope(callbacks, LOOK)
        answer = ask("POST", "/_dash-update-component", {**cookie, **told}, json=body)
        assert answer.status_code == (200 if passes else 403)
        assert ask("POST", "/logout", {**cookie, **told}).status_code == (303 if passes else 403)
        # A token is sent on purpose, never by itself.
        body = {"name": "x", "scopes": ["read"]}
        sent = ask("POST", "/api/v1/tokens", {**token_of("admin", "admin"), **told}, json=body)
        assert sent.status_code in {201, 400}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_a_form_is_no_callback(door, ask, kind):
    answer = ask(
        "POST", "/_dash-update-component", cookie_of("viewer"), data="{}", content_type=kind
    )
    assert answer.status_code == 415


def test_anonymous_people_are_led_to_the_login_and_back(door, ask):
    answer = ask("GET", "/cases?severity=1&q=a%20b")
    assert answer.status_code == 303
    assert answer.location == "/login?next=%2Fcases%3Fseverity%3D1%26q%3Da%2520b"
    page = ask("GET", answer.location)
    assert page.status_code == 200
    assert 'href="/saml/login?next=%2Fcases%3Fseverity%3D1%26q%3Da%2520b"' in page.text
    assert ask("GET", answer.location, cookie_of("viewer")).location == "/cases?severity=1&q=a%20b"
    told = ask("GET", "/api/v1/stats")
    assert (told.status_code, told.mimetype) == (401, "application/problem+json")
    assert told.headers["WWW-Authenticate"].startswith("Bearer")


AWAY = [
    "https://evil.com", "//evil.com", "/\\evil.com", "\\\\evil.com", "/\tevil.com", "javascript:alert(1)",
    "/a\r\nSet-Cookie: x=1", "///evil.com", "http:evil.com", "evil.com", "", "?x", "/%0d\n", "/login",
    "/logout", "/saml/login", "/\x00", "/a\u2028b", " /cases", "/x" * 5_000, "/\\/evil.com",
]  # fmt: skip


@pytest.mark.parametrize("way", AWAY)
def test_no_way_leads_to_another_site(way):
    assert next_page(way) == "/"


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_is_asked_for_stays_with_us(way):
    told = next_page(way)
    assert told.startswith("/")
    assert not re.match(r"/[/\\]", told)
    assert told.isprintable()


def test_the_login_page_is_text_and_nothing_else(door, ask):
    page = ask("GET", "/login?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page.text
    assert "style=" not in page.text
    assert "onclick" not in page.text


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_the_headers_are_on_every_answer(door, ask):
    viewer = cookie_of("viewer")
    paths = [
        ("GET", "/"), ("GET", "/login"), ("GET", "/nowhere"), ("GET", "/api/v1/charts"),
        ("GET", "/api/v1/nowhere"), ("POST", "/api/v1/cases"), ("GET", "/healthz"),
        ("GET", "/assets/theme.js"), ("GET", "/assets/nowhere.js"), ("POST", "/_dash-update-component"),
        ("GET", "/_dash-layout"), ("GET", "/api/v1/cases.csv"), ("GET", "/api/v1/cases?severity=9"),
        ("GET", "/api/v1/audit.csv"), ("GET", f"/?q={'x' * 9_000}"),
        ("GET", "/_dash-component-suites/dash/nowhere.js"),
    ]  # fmt: skip
    for method, path in paths:
        for who in ({}, viewer):
            answer = ask(method, path, who)
            told = f"{method} {path[:80]}: {answer.status_code}"
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, told
            csp = dict(part.split(" ", 1) for part in
                       answer.headers["Content-Security-Policy"].split("; "))  # fmt: skip
            assert csp["default-src"] == "'none'"
            assert csp["frame-ancestors"] == "'none'"
            assert csp["base-uri"] == "'none'"
            if answer.mimetype == "text/html":
                assert re.fullmatch(r"'self'( 'sha256-[^']+'){2}", csp["script-src"])
            else:
                # Nothing may come of what is no page.
                assert csp["form-action"] == "'none'"
                assert set(csp) == {"default-src", "base-uri", "form-action", "frame-ancestors"}
            assert "http" not in answer.headers["Content-Security-Policy"]
            assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]
            assert "Strict-Transport-Security" not in answer.headers
            assert "Access-Control-Allow-Origin" not in answer.headers
            if not path.startswith("/assets/"):
                # What depends on data alone may be kept, and is asked about each time.
                kept = "private, no-cache" if "ETag" in answer.headers else "no-store"
                assert answer.headers["Cache-Control"] == kept, told
    with settings(BASE_URL="https://board.example.com"):
        assert "max-age=31536000" in ask("GET", "/login").headers["Strict-Transport-Security"]


def test_versions_are_told_to_nobody(door, ask):
    page = ask("GET", "/", cookie_of("viewer")).text
    assert "python_version" not in page
    assert "dash_version" not in page
    assert "localhost" not in page


@pytest.mark.parametrize("host", ["evil.com", "evil.com:80@x", "127.0.0.1:1"])
def test_the_host_header_says_nothing(door, ask, host):
    for path in ("/", "//", "/cases//x", "/login"):
        for who in ({}, cookie_of("viewer")):
            answer = ask("GET", path, {**who, "Host": host})
            assert host not in answer.text
            assert host not in answer.headers.get("Location", "")


def test_addresses_and_bodies_have_an_end(door, ask, callbacks):
    viewer = cookie_of("viewer")
    assert ask("GET", f"/cases?q={'x' * 9_000}", viewer).status_code == 414
    body = envelope(callbacks, LOOK, value="x" * 10_000_000)
    answer = ask("POST", "/_dash-update-component", viewer, json=body)
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"
    assert ask("POST", "/logout", viewer, data="x" * 2_000_000).status_code in {303, 413}


@pytest.mark.parametrize("redis", ["there", "away"])
def test_who_asks_too_often_waits(door, ask, monkeypatch, redis):
    monkeypatch.setitem(limits.LIMITS, "login", limits.parse("5/minute"))
    monkeypatch.setitem(limits.LIMITS, "api", limits.parse("3/minute"))
    monkeypatch.setitem(limits.LIMITS, "refused", limits.parse("4/minute"))
    if redis == "away":

        def refuse(*_, **__):
            raise ConnectionError

        monkeypatch.setattr("limits.storage.RedisStorage.incr", refuse)
    address = {"REMOTE_ADDR": "127.0.0.9" if redis == "away" else "127.0.0.8"}
    got = [ask("GET", "/login", environ_base=address).status_code for _ in range(7)]
    assert got == [200] * 5 + [429] * 2
    one, two = cookie_of("viewer", f"one-{redis}"), cookie_of("viewer", f"two-{redis}")
    got = [ask("GET", "/api/v1/charts", one) for _ in range(5)]
    assert [answer.status_code for answer in got] == [200] * 3 + [429] * 2
    assert 0 < int(got[-1].headers["Retry-After"]) <= 60
    assert ask("GET", "/api/v1/charts", two).status_code == 200
    bad = {"Authorization": "Bearer nonsense"}
    got = [ask("GET", "/api/v1/charts", bad, environ_base=address).status_code for _ in range(6)]
    assert got == [401] * 4 + [429] * 2


def test_statements_end_after_the_time_of_their_kind(door, ask, monkeypatch):
    from app.api import charts
    from app.api.requests import as_json
    from app.database import snapshot

    told = {}

    def look():
        with snapshot() as connection:
            told["api"] = connection.execute(text("show statement_timeout")).scalar()
        return as_json({})

    monkeypatch.setitem(door.view_functions, "charts.charts", look)
    assert charts
    ask("GET", "/api/v1/charts", cookie_of("viewer"))
    assert told == {"api": "10s"}
    with snapshot() as connection:
        assert connection.execute(text("show statement_timeout")).scalar() == "15s"


def test_exports_and_views_of_cases_are_recorded(door, ask, callbacks):
    viewer = cookie_of("viewer")
    ask("GET", "/api/v1/cases.csv?severity=1", viewer)
    ask("GET", "/api/v1/charts/backlog.csv", viewer)
    ask("GET", "/api/v1/cases.csv?severity=9", viewer)
    told = read("select * from audit_log where act = 'export' order by id")
    assert [row["target"] for row in told] == [
        "GET /api/v1/cases.csv?severity=1", "GET /api/v1/charts/backlog.csv",
    ]  # fmt: skip
    assert {row["actor"] for row in told} == {read("select concat('user:', id) as n from users "
                                                   "where name_id = 'viewer-1'")[0]["n"]}  # fmt: skip


def test_the_log_is_filtered_and_its_file_is_inert(door, ask):
    admin = cookie_of("admin")
    audit.record("login", outcome="refused", target="=cmd|' /c calc'!A1", reason="no_role")
    audit.record("login", outcome="done", target="100%_of", detail={"a": "+1"})
    for query, lines in (("q=cmd", 1), ("q=100%25_of", 1), ("q=%25_", 1), ("outcome=refused", 1),
                         ("outcome=done", 2), ("q=a+viewer", 0),
                         ("q=a+admin", 1), ("from=2100-01-01", 0), ("to=2001-01-01", 0)):  # fmt: skip
        answer = ask("GET", f"/api/v1/audit.csv?act=login&{query}", admin)
        assert answer.status_code == 200, answer.text
        rows = list(csv.DictReader(answer.text.splitlines()))
        assert len(rows) == lines, query
    told = ask("GET", "/api/v1/audit.csv?outcome=refused&tz=Asia/Tokyo", admin).text
    [row] = csv.DictReader(told.splitlines())
    assert row["target"] == "'=cmd|' /c calc'!A1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00", row["at"])
    for query in ("act=x", "outcome=x", "from=x", "tz=x", "nonsense=1"):
        answer = ask("GET", f"/api/v1/audit.csv?{query}", admin)
        assert answer.status_code == 400
        assert answer.get_json()["parameter"] == query.split("=")[0]


def test_nobody_fills_the_log_with_refusals(door, ask, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "export", limits.parse("3/minute"))
    viewer = cookie_of("viewer", "hammering")
    got = [ask("GET", "/api/v1/audit.csv", viewer).status_code for _ in range(6)]
    assert got == [403] * 3 + [429] * 3
    assert len(read("select 1 as n from audit_log where act = 'access'")) == 3


def test_nobody_comes_in_while_the_database_is_away(door, ask, callbacks):
    from app import database

    viewer = cookie_of("viewer")
    database.reset()
    with settings(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):
        for path in ("/", "/api/v1/charts"):
            answer = ask("GET", path, viewer)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert ask("GET", "/api/v1/charts").status_code == 401
        assert ask("GET", "/healthz").status_code == 200
    database.reset()
    assert ask("GET", "/api/v1/charts", viewer).status_code == 200


def test_only_a_proxy_that_was_named_is_believed(empty):
    from app.server import create_app

    forged = {
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Host": "evil.com",
        "X-Forwarded-Proto": "https",
    }
    for proxies, address in (("0", "127.0.0.1"), ("1", "9.9.9.9")):
        told = {"AUTH": "saml", "TRUSTED_PROXIES": proxies, "ROLES": '{"admin": ["x"]}'}
        with settings(**told, **complete()):
            client = create_app().test_client(use_cookies=False)
            with transaction() as connection:
                connection.execute(text("delete from sessions"))
            value = sessions.begin(identity(groups=("x",)), None)
            got = client.get("/api/v1/cases.csv", headers={**with_cookie(value), **forged})
            assert got.status_code == 200, got.text
            told = read("select address from audit_log where act = 'export' order by id desc")
            assert told[0]["address"] == address
            page = client.get("/login", headers=forged)
            assert "evil.com" not in page.text


def test_the_pulse_of_a_page_is_no_sign_of_a_person(door, ask, callbacks):
    viewer = cookie_of("viewer")
    run("update sessions set seen_at = clock_timestamp() - interval '20 minutes'")
    old = "select clock_timestamp() - seen_at > interval '10 minutes' as old from sessions"
    body = envelope(callbacks, LOOK)
    assert body["changedPropIds"] == [policy.PULSE]
    ask("POST", "/_dash-update-component", viewer, json=body)
    assert read(old)[0]["old"]
    ask("GET", "/api/v1/charts", viewer)
    assert not read(old)[0]["old"]


def test_settings_of_the_environment_open_nothing(empty, monkeypatch):
    from app.server import create_app

    for name in ("DASH_DEBUG", "DASH_MCP_ENABLED", "DASH_UI", "DASH_HOT_RELOAD", "FLASK_DEBUG",
                 "DASH_PRUNE_ERRORS", "DASH_SERVE_DEV_BUNDLES", "DASH_MCP_PATH"):  # fmt: skip
        monkeypatch.setenv(name, "mcp" if name.endswith("PATH") else "true")
    app = create_app()
    client = app.test_client()
    assert not app.debug
    for path in (
        "/_mcp",
        "/mcp",
        "/_reload-hash",
        "/console",
        "/?__debugger__=yes&cmd=resource&f=debugger.js",
    ):
        answer = client.get(path)
        assert answer.status_code in {400, 403, 404}, path
    assert (
        client.post("/_mcp", json={"jsonrpc": "2.0", "method": "tools/list", "id": 1}).status_code
        == 405
    )
    page = client.get("/").text
    assert '"ui":true' not in page
    assert "hot_reload" not in page
    assert get_settings().auth == "none"
