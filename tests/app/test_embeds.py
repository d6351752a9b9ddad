"""Embeds: what a signed address shows, to whom, until when; and that nothing leads on from it."""

import base64
import csv
import hmac
import io
import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.auth import limits, sessions
from app.database import read as _read
from app.database import transaction
from app.embeds import answer, claims, routes
from app.embeds.ancestors import ORIGIN, BadAncestor, origins
from app.embeds.claims import BadToken, Claims
from app.panels import PANELS
from app.rows import records
from app.settings import get_settings
from tests.auth.conftest import forget_limits
from tests.auth.people import (
    cookie_of,
    envelope,
    settings,
    token_of,
    with_cookie,
    with_login,
)
from tests.auth.test_matrix import example
from tests.auth.test_matrix import routes as all_routes
from tests.conftest import LOG, cloned

pytestmark = pytest.mark.database

URL = "/api/v1/embeds"
PAGE = "https://reports.example.com"
OLD, NEW = "an-older-secret-" + "o" * 32, "the-new-secret-" + "n" * 32
# The board as it was on a day of the sample log.
DAY = "as_of=2016-03-10"
FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(scope="module")
def filled(app):
    """The application with a login, on the sample log."""
    with cloned(LOG), with_login():
        yield app


@pytest.fixture
def ask(filled):
    forget_limits(filled)

    def send(method: str, path: str, headers=None, **more):
        return filled.test_client(use_cookies=False).open(
            path, method=method, headers=headers, buffered=True, **more
        )

    return send


@pytest.fixture
def make(ask):
    """Make an embed as an editor; its id and the path that opens it."""

    def made(headers=None, **told):
        wanted = {"chart": "by_account", "view": DAY, "ancestors": [PAGE], **told}
        wanted = {name: value for name, value in wanted.items() if value is not ...}
        answered = ask("POST", URL, headers or cookie_of("editor"), json=wanted)
        assert answered.status_code == 201, answered.text
        told = answered.get_json()
        return told["id"], urlsplit(told["url"]).path

    return made


def rows(statement: str, **bound):
    return records(_read(text(statement), bound))


def run(statement: str, **bound):
    with transaction() as connection:
        connection.execute(text(statement), bound)


def refusals() -> list[tuple[str, str]]:
    found = rows("select target, reason from audit_log where act = 'embed_use' order by id")
    return [(one["target"], one["reason"]) for one in found]


def refused_as(reason: str, answered) -> None:
    assert answered.status_code == 403, answered.text
    assert refusals()[-1][1] == f"embed_{reason}"


# What it shows


@pytest.mark.parametrize("name", list(PANELS))
def test_every_chart_shows_what_the_api_says_and_nothing_that_leads_on(ask, make, name):
    query = f"severity=2&severity=3&{DAY}"
    _, path = make(chart=name, view=query)
    told = ask("GET", f"{path}/data").get_json()
    chart = ask("GET", f"/api/v1/charts/{name}.json?{query}", cookie_of("viewer")).get_json()
    assert told["title"] == chart["title"]
    assert told["sentence"].startswith(chart["sentence"])
    for shown, drawn in zip(told["figure"]["data"], chart["figure"]["data"], strict=True):
        assert shown == {k: v for k, v in drawn.items() if k not in {"customdata", "meta"}}
    assert not {"links", "rows", "columns"} & set(told)


def test_the_table_shows_the_first_rows_of_the_view_and_says_of_how_many(ask, make):
    query = f"state=all&{DAY}&sort=-created,number&columns=number,severity,account,created"
    _, path = make(chart=..., kind="table", view=query)
    told = ask("GET", f"{path}/data").get_json()
    file = ask("GET", f"/api/v1/cases.csv?{query}", cookie_of("viewer")).text
    whole = list(csv.DictReader(io.StringIO(file)))
    assert told["told"] == f"100 of {len(whole)} cases"
    assert [row[0][0] for row in told["rows"]] == [row["number"] for row in whole[:100]]
    assert [head for head, _ in told["heads"]] == ["Case", "Severity", "Account", "Created"]
    assert {len(row) for row in told["rows"]} == {4}
    # Blocks of rows tell more than their columns.
    _, path = make(chart=..., kind="table", view=f"{DAY}&columns=account")
    assert {len(row) for row in ask("GET", f"{path}/data").get_json()["rows"]} == {1}


def test_a_few_rows_and_none(ask, make):
    told = ask("GET", f"{make(chart=..., kind='table', view=f'{DAY}&severity=1')[1]}/data")
    shown = told.get_json()
    assert shown["told"] == f"{len(shown['rows'])} cases"
    assert 0 < len(shown["rows"]) < 100
    assert {tuple(row[1]) for row in shown["rows"]} == {("Urgent", "severity-1")}
    for wanted in ({"chart": "by_account"}, {"chart": ..., "kind": "table"}):
        _, path = make(view=f"account=Nobody&{DAY}", **wanted)
        assert ask("GET", f"{path}/data").get_json()["empty"] is True


def test_the_page_needs_nothing_but_this_host(ask, make):
    _, path = make(title="Who <has> most", theme="dark")
    page = ask("GET", path, {**FRAMED, "Referer": f"{PAGE}/report"})
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert "Who &lt;has&gt; most" in page.text
    assert 'data-wanted="dark"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {PAGE}" in policy.split("; ")
    assert "unsafe" not in policy
    assert not re.search(r"https?:", policy.replace(PAGE, ""))
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    for one in (page, ask("GET", f"{path}/data"), ask("GET", f"{path}.png")):
        assert "Set-Cookie" not in one.headers
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert link.startswith(("/assets/", "/embed/", "/cases?", "data:,"))
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=", page.text)
    script = ask("GET", re.search(r'"(/embed/plotly\.js\?\w+)"', page.text)[1])
    assert script.status_code == 200
    assert "immutable" in script.headers["Cache-Control"]
    for asset in ("embed.js", "embed.css"):
        assert ask("GET", f"/assets/{asset}").status_code == 200
        # Dash would load it on every page.
        assert asset not in ask("GET", "/", cookie_of("viewer")).text


def test_cookies_and_tokens_of_people_are_not_looked_at(ask, make, monkeypatch):
    _, path = make()
    monkeypatch.setattr(sessions, "find", None)  # asking would fail
    cookie = {"Cookie": f"{sessions.cookie_name()}=x", "Authorization": "Bearer cb_x"}
    assert ask("GET", path, cookie).status_code == 200


def test_fixed_stays_and_live_follows(ask, make):
    moment = datetime.now(UTC)
    _, fixed = make(view="state=all", as_of="fixed")
    _, live = make(view="state=all", as_of="live")
    said = claims.read(fixed.removeprefix("/embed/"))
    assert said.fixed
    assert f"as_of={moment.year}" in said.query
    assert "as known on" in ask("GET", f"{fixed}/data").get_json()["sentence"]
    assert ask("GET", f"{fixed}/data").get_json()["time"].startswith("As known on")
    told = claims.read(live.removeprefix("/embed/"))
    assert not told.fixed
    assert told.query == "state=all"
    assert ask("GET", f"{live}/data").get_json()["time"].startswith("Data of")
    # A View of an instant stays there.
    assert claims.read(make()[1].removeprefix("/embed/")).fixed


def test_what_is_unchanged_costs_no_look_at_the_cases(ask, make, monkeypatch):
    _, path = make(view="state=all", chart="backlog")
    first = ask("GET", f"{path}/data")
    monkeypatch.setattr(answer, "panel_answer", None)  # asking would fail
    again = ask("GET", f"{path}/data", {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    monkeypatch.undo()
    run("update data_version set version = version + 1, changed_at = clock_timestamp()")
    later = ask("GET", f"{path}/data", {"If-None-Match": first.headers["ETag"]})
    assert later.status_code == 200
    assert later.headers["ETag"] != first.headers["ETag"]


# The signature


def test_any_changed_character_closes_it(ask, make):
    _, path = make()
    token = path.removeprefix("/embed/")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~="
    for place, was in enumerate(token):
        # All others where spare bits may hide: at the ends of the parts.
        ends = token[place + 1 : place + 2] in {"", "."}
        for other in alphabet if ends else "Aa0_.":
            if other == was:
                continue
            with pytest.raises(BadToken):
                claims.read(token[:place] + other + token[place + 1 :])
        assert ask("GET", f"/embed/{token[:place]}{'A' if was != 'A' else 'B'}{token[place + 1 :]}"
                   ).status_code == 403  # fmt: skip
        assert ask("GET", f"/embed/{token[:place]}{token[place + 1 :]}").status_code in {403, 404}
    for other in (f"{token}=", f"{token}==", f"{token}.", f".{token}", f"{token}%00", f"%20{token}",
                  f"{token}/", token.upper(), token[:-1], f"{token}%0A", token.swapcase()):  # fmt: skip
        assert ask("GET", f"/embed/{other}").status_code == 403, other
    assert ask("GET", path).status_code == 200
    assert {reason for _, reason in refusals()} >= {"embed_signature", "embed_key"}


@given(st.text(max_size=200))
def test_any_text_is_no_token(told):
    with pytest.raises(BadToken):
        claims.read(told)


@given(
    st.builds(
        Claims,
        id=st.integers(1, 2**62),
        what=st.sampled_from(["cases", *PANELS]),
        title=st.none() | st.text(st.characters(codec="utf-8"), max_size=80),
        query=st.text(st.characters(codec="utf-8"), max_size=200),
        fixed=st.booleans(),
        theme=st.sampled_from(claims.THEMES),
        size=st.tuples(st.integers(100, 4_000), st.integers(100, 4_000)),
        ancestors=st.lists(st.sampled_from([PAGE, "http://localhost:9"])).map(tuple),
        expires_at=st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
        ),
    )
)
def test_what_was_signed_is_read(told):
    with settings(SECRET_KEY=NEW):
        assert claims.read(claims.sign(told)) == told


def test_the_key_is_for_this_purpose_alone(make):
    token = make()[1].removeprefix("/embed/")
    body, _, signature = token.rpartition(".")
    raw = hmac.digest(get_settings().secret_key.encode(), body.encode(), "sha256")
    assert base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != signature
    for row in rows("select to_jsonb(e) as row from embeds e"):
        assert signature not in json.dumps(row["row"])


def test_keys_rotate(ask, make):
    with settings(SECRET_KEY=OLD):
        _, before = make()
    with settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=OLD):
        assert ask("GET", before).status_code == 200
        _, after = make()
        assert after.split(".")[0] != before.split(".")[0]
        assert ask("GET", after).status_code == 200
    with settings(SECRET_KEY=NEW):
        assert ask("GET", after).status_code == 200
        refused_as("key", ask("GET", before))
    with settings(SECRET_KEY=OLD, SECRET_KEY_FALLBACKS=NEW):
        assert ask("GET", after).status_code == 200


# Ends


def test_nothing_may_be_added(ask, make):
    number, path = make()
    for end in ("", "/data", ".png", ".svg"):
        for added in ("?x", "?theme=dark", "?account=Acme", "?as_of=2016-01-01", "?=", "?a=1&a=2"):
            refused_as("parameter", ask("GET", f"{path}{end}{added}"))
    assert refusals()[-1][0] == f"embed {number}"


def test_it_runs_out(ask, make):
    number, path = make(expires_in=3_600)
    assert ask("GET", path).status_code == 200
    said = claims.read(path.removeprefix("/embed/"))
    left = said.expires_at - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1, seconds=2)
    # What is signed counts, whatever the row says, and the other way round.
    late = claims.sign(replace(said, expires_at=datetime.now(UTC).replace(microsecond=0)))
    refused_as("expired", ask("GET", f"/embed/{late}"))
    run("update embeds set expires_at = clock_timestamp() where id = :id", id=number)
    for end in ("", "/data", ".png", ".svg"):
        refused_as("expired", ask("GET", f"{path}{end}"))
    page = ask("GET", path)
    assert "This has run out" in page.text
    # The browser must be able to show the words.
    assert f"frame-ancestors {PAGE}" in page.headers["Content-Security-Policy"]


def test_it_is_revoked_by_whoever_made_it_and_by_admins(ask, make):
    mine, other = cookie_of("editor", "mine"), cookie_of("editor", "other")
    number, path = make(mine)
    assert ask("DELETE", f"{URL}/{number}", other).status_code == 404
    assert ask("GET", path).status_code == 200
    assert ask("DELETE", f"{URL}/{number}", mine).status_code == 204
    assert ask("DELETE", f"{URL}/{number}", mine).status_code == 404
    refused_as("revoked", ask("GET", path))
    refused_as("revoked", ask("GET", f"{path}/data"))
    number, path = make(mine)
    assert ask("DELETE", f"{URL}/{number}", cookie_of("admin")).status_code == 204
    refused_as("revoked", ask("GET", path))
    acts = rows(
        "select act, target from audit_log where target = :of order by id", of=f"embed {number}"
    )
    assert [one["act"] for one in acts] == ["embed_make", "embed_revoke", "embed_use"]
    for wrong in (0, 2**63 - 1, 2**63, 10**30):
        assert ask("DELETE", f"{URL}/{wrong}", cookie_of("admin")).status_code == 404


def test_what_is_not_there_any_more_is_not_shown(ask, make, monkeypatch):
    number, path = make()
    # Not by taking it out of the list itself: put back, it would stand at another place.
    fewer = {name: panel for name, panel in PANELS.items() if name != "by_account"}
    monkeypatch.setattr("app.embeds.answer.PANELS", fewer)
    refused_as("gone", ask("GET", path))
    monkeypatch.undo()
    run("delete from embeds where id = :id", id=number)
    refused_as("unknown", ask("GET", path))
    assert "no longer shared" in ask("GET", path).text


def test_it_ends_with_its_makers_access(ask, make):
    _, path = make(cookie_of("editor", "leaver"))
    run("update users set disabled_at = clock_timestamp() where name_id = 'leaver'")
    refused_as("maker", ask("GET", path))
    run("update users set disabled_at = null where name_id = 'leaver'")
    assert ask("GET", path).status_code == 200


def test_editors_list_their_own_and_admins_all(ask, make):
    mine, other = cookie_of("editor", "lister"), cookie_of("editor", "other")
    number, path = make(mine)
    ask("GET", path)
    found = ask("GET", URL, mine).get_json()["items"]
    assert [one["id"] for one in found] == [number]
    assert found[0]["used_at"] is not None
    assert number not in [one["id"] for one in ask("GET", URL, other).get_json()["items"]]
    everybody = ask("GET", URL, cookie_of("admin"))
    assert number in [one["id"] for one in everybody.get_json()["items"]]
    assert path.rpartition(".")[2] not in everybody.text


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (dict, 401),
        (lambda: cookie_of("viewer"), 403),
        (lambda: cookie_of("editor"), 201),
        (lambda: cookie_of("admin"), 201),
        (lambda: token_of("editor", "read", "export"), 403),
        (lambda: token_of("editor", "write"), 201),
        (lambda: token_of("viewer", "write"), 403),
        (lambda: {**cookie_of("editor"), "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_editors_make_them(ask, who, status):
    assert ask("POST", URL, who(), json={"chart": "backlog"}).status_code == status


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "chart: must be given"),
        ({"chart": "nothing"}, "There is no chart 'nothing'"),
        ({"chart": "cases"}, "give kind table"),
        ({"chart": 5}, "chart: must be a text"),
        ({"chart": "backlog", "kind": "table"}, "does not go with kind table"),
        ({"kind": "both"}, "none of chart, table"),
        ({"chart": "backlog", "view": "nonsense=1"}, "unknown parameter"),
        ({"chart": "backlog", "view": "severity=9"}, "severity"),
        ({"chart": "backlog", "view": "account=\ud800"}, "view"),
        ({"chart": "backlog", "view": "account=%00"}, "account"),
        ({"chart": "by_account", "view": "from=2016-01-01"}, "from"),
        ({"chart": "backlog", "view": DAY, "as_of": "live"}, "names an instant"),
        ({"chart": "backlog", "as_of": "now"}, "none of live, fixed"),
        ({"chart": "backlog", "theme": "pink"}, "none of auto, light, dark"),
        ({"chart": "backlog", "expires_in": 0}, "365 days"),
        ({"chart": "backlog", "expires_in": 10**12}, "365 days"),
        ({"chart": "backlog", "expires_in": True}, "whole number"),
        ({"chart": "backlog", "expires_in": "1"}, "whole number"),
        ({"chart": "backlog", "title": ""}, "1 to 120"),
        ({"chart": "backlog", "title": "x" * 121}, "1 to 120"),
        ({"chart": "backlog", "title": "a\x00b"}, "1 to 120"),
        ({"chart": "backlog", "width": 199}, "200 to 2000"),
        ({"chart": "backlog", "height": 2**70}, "200 to 2000"),
        ({"chart": "backlog", "ancestors": PAGE}, "list of texts"),
        ({"chart": "backlog", "ancestors": [5]}, "list of texts"),
        ({"chart": "backlog", "ancestors": ["*"]}, "not the origin"),
        ({"chart": "backlog", "ancestors": [PAGE] * 3 + [f"{PAGE}:{n}" for n in range(1, 25)]}, "20 are"),
        ({"chart": "backlog", "more": 1}, "not known here"),
        ({"chart": "backlog", "view": "&".join(f"account={n:0>70}" for n in range(90))}, "fewer filters"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_told(ask, told, words):
    before = rows("select count(*) as n from embeds")
    answered = ask("POST", URL, cookie_of("editor"), json=told)
    conflict = words in {"names an instant", "fewer filters"}
    assert answered.status_code == (409 if conflict else 400), answered.text
    assert words in answered.get_json()["detail"]
    assert rows("select count(*) as n from embeds") == before
    assert ask("POST", URL, cookie_of("editor"), json=[1]).status_code == 400


# The pages that may show it


@pytest.mark.parametrize(
    ("told", "written"),
    [
        (PAGE, PAGE),
        ("HTTPS://Reports.Example.com:443/", PAGE),
        ("https://wiki.example.com:8443", "https://wiki.example.com:8443"),
        ("https://intranet", "https://intranet"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:9000", "http://localhost:9000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_origins_are_written_one_way(told, written):
    assert origins([told, told]) == (written,)


@pytest.mark.parametrize(
    "told",
    [
        "", "*", "https:", "https://", "https://*", "https://*.example.com", "example.com", "//example.com",
        "http://reports.example.com", "http://10.0.0.1", "https://a.example/path", "https://a.example?x",
        "https://a.example#x", "https://u:p@a.example", "https://a.example; script-src *", "'self'", "'none'",
        "https://a.example https://b.example", "https://a.example\r\nX: y", "https://a.example,https://b.example",
        "https://a.example:0", "https://a.example:65536", "https://a.example:https", "https://[::1]",
        "https://-a.example", "https://a..example", "https://a.example.", "https://bücher.example",
        "javascript:alert(1)", "data:", "file:///", "null", "https://" + "a." * 140 + "example", "https://a_b.example",
        "https://a.example\\@b.example", "ftp://a.example", "https://a.example:443:443",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(told):
    with pytest.raises(BadAncestor):
        origins([told])


@given(
    st.one_of(
        st.text(max_size=60), st.from_regex(ORIGIN), st.from_regex(r"https?://[a-z.;:' *\n]{1,20}")
    )
)
def test_an_origin_says_nothing_else_in_the_policy(told):
    try:
        (written,) = origins([told])
    except BadAncestor:
        return
    assert re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?", written)
    assert origins([written]) == (written,)


@pytest.mark.parametrize(
    ("sent", "passes"),
    [
        ({**FRAMED, "Referer": f"{PAGE}/weekly"}, True),
        ({**FRAMED, "Referer": f"{PAGE}:443/weekly"}, True),
        (FRAMED, True),  # the page keeps the browser from telling; the browser itself refuses
        ({"Sec-Fetch-Dest": "document", "Referer": "https://mail.example.org/"}, True),
        ({"Sec-Fetch-Dest": "image", "Referer": f"{PAGE}/"}, True),
        ({"Sec-Fetch-Dest": "empty", "Referer": "http://127.0.0.1:8050/embed/x"}, True),
        ({**FRAMED, "Referer": "https://evil.example/"}, False),
        ({**FRAMED, "Referer": "http://reports.example.com/"}, False),
        ({**FRAMED, "Referer": "https://reports.example.com.evil.example/"}, False),
        ({**FRAMED, "Referer": "https://reports.example.com:444/"}, False),
        ({**FRAMED, "Referer": "https://reports.example.com@evil.example/"}, False),
        ({**FRAMED, "Referer": "https://[::1/"}, False),
        ({**FRAMED, "Origin": "https://evil.example"}, False),
        ({**FRAMED, "Origin": "null"}, False),
        ({"Sec-Fetch-Dest": "image", "Referer": "https://evil.example/"}, False),
        ({"Sec-Fetch-Dest": "empty", "Origin": "https://evil.example"}, False),
        ({"Referer": "https://evil.example/"}, False),
    ],
)
def test_other_pages_are_refused(ask, make, sent, passes):
    _, path = make()
    for end in ("", "/data"):
        answered = ask("GET", f"{path}{end}", sent)
        if passes:
            assert answered.status_code == 200
        else:
            refused_as("ancestor", answered)
            # The browser is told again whom to show it to.
            assert f"frame-ancestors {PAGE}" in answered.headers["Content-Security-Policy"]


def test_without_ancestors_no_page_shows_it(ask, make):
    _, path = make(ancestors=...)
    page = ask("GET", path)
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


# What is written down


def test_refusals_are_recorded_without_what_opens_it(ask, make, caplog):
    number, path = make()
    token = path.removeprefix("/embed/")
    caplog.set_level(logging.DEBUG)
    ask("GET", f"{path}?x=1")
    ask("GET", path, {"Referer": f"https://evil.example/{token}"})
    run("update embeds set revoked_at = clock_timestamp() where id = :id", id=number)
    ask("GET", path)
    ask("GET", f"{path}x")
    told = [one for one in refusals() if one[0] in {f"embed {number}", "embed ?"}][-4:]
    assert told == [
        (f"embed {number}", "embed_parameter"),
        (f"embed {number}", "embed_ancestor"),
        (f"embed {number}", "embed_revoked"),
        ("embed ?", "embed_signature"),
    ]
    written = "\n".join(
        json.dumps(one["row"]) for one in rows("select to_jsonb(a) as row from audit_log a")
    )
    for place in (written, caplog.text):
        assert token not in place


def test_the_log_cannot_be_flooded(ask, make, monkeypatch):
    _, path = make()
    monkeypatch.setitem(limits.LIMITS, "embed_refused", parse("3/minute"))
    before = len(refusals())
    assert {ask("GET", f"{path}x").status_code for _ in range(9)} == {403}
    assert len(refusals()) == before + 3


# When the database does not answer


def test_without_the_database_it_says_so_and_tries_again(ask, make, monkeypatch, caplog):
    _, path = make()

    def away(*_args, **_more):
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(routes, "refuse_ended", away)
    page = ask("GET", path)
    assert page.status_code == 503
    assert page.mimetype == "text/html"
    assert "It tries again by itself" in page.text
    assert '<meta http-equiv="refresh"' in page.text
    assert f"frame-ancestors {PAGE}" in page.headers["Content-Security-Policy"]
    told = ask("GET", f"{path}/data")
    assert (told.status_code, told.mimetype) == (503, "application/problem+json")
    assert path not in caplog.text


# No way out


def test_an_embeds_token_opens_nothing_else(filled, ask, make):
    """Every route and callback, with the token wherever one can be put."""
    _, path = make(view=f"account=Location 204&{DAY}")
    token = path.removeprefix("/embed/")
    ways = {
        "bearer": ({"Authorization": f"Bearer {token}"}, ""),
        "basic": ({"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}, ""),
        "cookie": (with_cookie(token), ""),
        "query": ({}, f"?token={token}"),
        "embed": ({}, f"?embed={token}"),
        "referer": ({"Referer": f"http://127.0.0.1:8050{path}"}, ""),
    }
    public = {"/healthz", "/readyz", "/assets/<path:filename>", "/_favicon.ico", "/login", "/logout",
              "/embed/plotly.js", "/saml/metadata", "/saml/login", "/saml/logout"}  # fmt: skip
    walked = 0
    for method, rule in all_routes(filled):
        if rule in public:
            continue
        forget_limits(filled)
        asked = example(rule.replace("<token>", quote(token)))
        for way, (headers, query) in ways.items():
            answered = ask(
                method, f"{asked}{query}", headers, **({"json": {}} if method == "POST" else {})
            )
            own = rule.startswith("/embed/") and not query
            allowed = {200, 503} if own else {303, 401, 403, 404, 405}
            assert answered.status_code in allowed, (
                f"{method} {asked} {way}: {answered.status_code}"
            )
            walked += 1
        for name in ("<name>", "<path:path>", "<path:name>", "<path:fossil>", "<team>"):
            if name in rule:
                hidden = example(rule.replace(name, quote(token)))
                assert ask(method, hidden).status_code in {303, 401, 403, 404, 405}
    assert walked > 200


def test_no_callback_is_answered_to_an_embed(filled, ask, make):
    _, path = make()
    token = path.removeprefix("/embed/")
    known = {k: v for k, v in filled.extensions["board"].callback_map.items() if "callback" in v}
    assert len(known) > 30
    for output in known:
        forget_limits(filled)
        body = envelope(known, output, value=token)
        for headers in (
            {"Authorization": f"Bearer {token}"},
            with_cookie(token),
            {"Referer": path},
        ):
            answered = ask("POST", "/_dash-update-component", headers, json=body)
            assert answered.status_code == 401, output
        assert ask("POST", path, json=body).status_code in {401, 405}
    for asked in ("/_dash-layout", "/_dash-dependencies"):
        assert ask("GET", asked, {"Authorization": f"Bearer {token}"}).status_code == 401


def test_no_row_outside_the_filter_comes_by_any_of_its_addresses(ask, make):
    accounts = {one["account"] for one in rows("select distinct account from cases")}
    others = "|".join(re.escape(one) for one in accounts - {"Location 204", None})
    seen = 0
    for name in (*PANELS, "cases"):
        kind = {"chart": ..., "kind": "table"} if name == "cases" else {"chart": name}
        _, path = make(view=f"account=Location 204&{DAY}", **kind)
        for end in ("", "/data", ".png", ".svg"):
            for sent in ({}, {"X-Original-URL": "/api/v1/cases", "Cookie": "account=Location 93"}):
                told = ask("GET", f"{path}{end}", sent).text
                assert not re.search(rf"\b({others})\b", told), (name, end)
                seen += "Location 204" in told
    assert seen > 50


def test_no_other_machine_is_served_without_a_login(ask, make, app):
    _, path = make()
    with settings(AUTH="none", BASE_URL="http://127.0.0.1:8050"):
        assert ask("GET", path).status_code == 200
        assert ask("GET", path, {"Host": "rebound.example.com"}).status_code == 403
        assert ask("GET", path, environ_base={"REMOTE_ADDR": "10.0.0.1"}).status_code == 403
