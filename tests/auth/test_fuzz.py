"""Rubbish at every door: refusals, never a fault of our own, never another's rows.

FUZZ_REQUESTS=5000 sends as many as you like.
"""

import itertools
import json
import os
import random

import pytest

from app.view_fields import FIELDS
from tests.auth.people import cookie_of, envelope

pytestmark = pytest.mark.database

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "600"))
CALLBACKS = "/_dash-update-component"
STRANGE = [
    "", "0", "-1", "1e999", "NaN", "null", "true", "\x00", "\ud800", "%00", "'", '"', "`", ";", "--",
    "' or 1=1 --", "'; drop table cases; --", "$$", "\\", "%", "_", "{{7*7}}", "${7*7}", "<script>alert(1)</script>",
    "../../etc/passwd", "..%2f..", "a" * 5_000, "é" * 300, "𝟙", "١", "\u202e", "2026-13-45", "2026-01-01T25:00",
    "9" * 400, "Europe/Berlin", "javascript:alert(1)", "=1+1", "severity", "-severity", "[]", "{}", "\r\nX: y",
]  # fmt: skip
PATHS = [
    "/", "/cases", "/cases/INC1", "/sync", "/admin", "/tokens", "/login", "/api/v1/cases", "/api/v1/cases.csv",
    "/api/v1/stats", "/api/v1/charts", "/api/v1/charts/backlog.json", "/api/v1/charts/backlog.csv",
    "/api/v1/tokens", "/api/v1/tokens/1", "/api/v1/audit.csv", "/_dash-layout", "/_dash-dependencies",
    "/api/v1/embeds", "/api/v1/embeds/1", "/embed/", "/embed/a.b.c", "/embed/a.b.c/data", "/embed/a.b.c.png",
    "/assets/", "/_dash-component-suites/dash/", "/_reload-hash", "/logout", "/healthz",
]  # fmt: skip
NAMES = [*FIELDS, "limit", "cursor", "next", "act", "outcome", "from", "to", "tz", "nonsense"]


def value(chance: random.Random, depth: int = 0):
    """Any value that JSON can hold, now and then a nasty one."""
    kind = chance.randrange(9 if depth < 3 else 6)
    if kind < 3:
        return chance.choice(STRANGE)
    if kind < 6:
        return chance.choice([None, True, False, 0, -1, 2**63, 2**70, 1e308, 0.1, 10**400])
    if kind < 8:
        return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(STRANGE): value(chance, depth + 1) for _ in range(chance.randrange(4))}


def mutated(chance: random.Random, body):
    """A callback request, whole but for its values, or with some part of it spoilt."""
    body = json.loads(json.dumps(body))
    for one in [*body["inputs"], *body["state"]]:
        for part in one if isinstance(one, list) else [one]:
            part["value"] = value(chance)
    spoilt = chance.choice(
        ["nothing", "nothing", "output", "key", "id", "property", "count", "changed"]
    )
    target = chance.choice(body["inputs"])
    target = target[0] if isinstance(target, list) else target
    match spoilt:
        case "output":
            body["output"] = chance.choice([*STRANGE, 5, None, [], {}])
        case "key":
            body[chance.choice(list(body))] = value(chance)
        case "id":
            target["id"] = value(chance)
        case "property":
            target["property"] = value(chance)
        case "count":
            body["inputs"] = body["inputs"] * chance.randrange(4)
        case "changed":
            body["changedPropIds"] = chance.choice([["other.value"], value(chance)])
    return body


def address(chance: random.Random) -> str:
    from urllib.parse import quote

    path = chance.choice(PATHS)
    if chance.random() < 0.3:
        path += quote(chance.choice(STRANGE).encode("utf-8", "surrogatepass"), safe="/%.")
    pairs = [
        f"{chance.choice(NAMES)}={quote(chance.choice(STRANGE).encode('utf-8', 'surrogatepass'))}"
        for _ in range(chance.randrange(4))
    ]
    return f"{path}?{'&'.join(pairs)}"


def headers(chance: random.Random) -> dict[str, str]:
    odd = [one for one in STRANGE if one.isascii() and one.isprintable() and len(one) < 300]
    names = ["Authorization", "Cookie", "Origin", "Host", "Accept", "Range", "If-None-Match", "Content-Type",
             "X-Forwarded-For", "Accept-Encoding", "Sec-Fetch-Site", "X-HTTP-Method-Override"]  # fmt: skip
    told = {name: chance.choice(odd) for name in chance.sample(names, chance.randrange(3))}
    if chance.random() < 0.2:
        told["Authorization"] = f"Bearer {chance.choice(odd)}"
    return told


def test_rubbish_is_refused_and_never_a_fault(door, ask, callbacks, caplog):
    chance = random.Random(6)
    bodies = [envelope(callbacks, output) for output in callbacks]
    people = [{}, *(cookie_of(role) for role in ("viewer", "admin"))]
    seen: dict[int, int] = {}
    for number in range(REQUESTS):
        who = {**chance.choice(people), **headers(chance)} if number % 4 else chance.choice(people)
        if number % 100 == 0:  # past the limits, or they would answer for the rest
            people = [{}, *(cookie_of(role, f"{role}-{number}") for role in ("viewer", "admin"))]
        if number % 2:
            body = (
                mutated(chance, chance.choice(bodies)) if chance.random() < 0.9 else value(chance)
            )
            answer = ask("POST", CALLBACKS, who, json=body)
            told = f"{number}: {json.dumps(body)[:1_500]}"
        else:
            method, path = (
                chance.choice(["GET", "GET", "GET", "POST", "DELETE", "HEAD", "PUT"]),
                address(chance),
            )
            more = (
                {"data": chance.choice(STRANGE).encode("utf-8", "surrogatepass")}
                if method == "POST"
                else {}
            )
            answer = ask(method, path, who, **more)
            told = f"{number}: {method} {path[:1_500]}"
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, f"{told}: {answer.status_code} {answer.data[:500]!r}"
        assert b"Traceback" not in answer.data, told
        assert b'File "' not in answer.data, told
        faults = [r.getMessage() for r in caplog.records if r.levelname in {"ERROR", "CRITICAL"}]
        assert not faults, f"{told}: {faults}\n{caplog.text[-3_000:]}"
        caplog.clear()
    print(seen)
    assert seen[400] > REQUESTS // 20
    assert seen[200] > REQUESTS // 20


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[" * 100_000, b'{"a":' * 50_000, b'{"output":' + b"9" * 10_000 + b"}", b"\xff\xfe",
        b'{"output": NaN}', b'{"output": "\\ud800"}', b"null", b"1", b'"x"', b'{"output": {"a": 1}}',
    ],
)  # fmt: skip
def test_bodies_that_are_no_json_or_too_much_of_it(door, ask, body):
    for path in (CALLBACKS, "/api/v1/tokens"):
        answer = ask("POST", path, cookie_of("admin"), data=body, content_type="application/json")
        assert answer.status_code == 400, answer.text
        assert answer.mimetype == "application/problem+json"


def test_ids_that_no_page_has_do_not_reach_a_callback(door, ask, callbacks):
    output = next(one for one in callbacks if one.startswith("..views-beat") and "undo" in one)
    good = envelope(callbacks, output)
    viewer = cookie_of("viewer")
    assert ask("POST", CALLBACKS, viewer, json=good).status_code == 200
    for spoilt in (
        {"type": "other", "act": "delete", "view": "1"},
        {"type": "view-act", "act": "delete"},
        {"type": "view-act", "act": "delete", "view": "1", "more": 1},
        {"type": "view-act", "act": ["delete"], "view": "1"},
        {"type": "view-act", "act": {"a": 1}, "view": "1"},
        {"type": "view-act", "act": "x" * 301, "view": "1"},
        {"type": "view-act", "act": None, "view": "1"},
        "view-act", "grid", None, 5, [],
    ):  # fmt: skip
        body = json.loads(json.dumps(good))
        body["inputs"][0][0]["id"] = spoilt
        assert ask("POST", CALLBACKS, viewer, json=body).status_code == 400, spoilt
        body = json.loads(json.dumps(good))
        body["outputs"][0]["id"] = spoilt
        assert ask("POST", CALLBACKS, viewer, json=body).status_code == 400, spoilt


SQL = ["' or 1=1 --", "'; drop table cases; --", '" or ""="', "\\'; select pg_sleep(5); --", "%' or '%'='",
       "$$; delete from cases; $$", "1); drop table cases; --", ":q", "%(q)s", "{q}", "'||(select 1)||'"]  # fmt: skip


@pytest.mark.parametrize("fragment", SQL)
def test_sql_in_a_parameter_is_text(log, app, fragment):
    from sqlalchemy import text

    from app.database import read

    count = "select count(*) as n from cases"
    before = read(text(count))["n"].iloc[0]
    client = app.test_client()
    others = itertools.cycle(("/api/v1/stats", "/api/v1/cases.csv", "/api/v1/charts/backlog.json"))
    for name in [*FIELDS, "limit", "cursor"]:
        for path in ("/api/v1/cases", next(others)):
            answer = client.get(path, query_string={name: fragment}, buffered=True)
            assert answer.status_code in {200, 400}, f"{path} {name}: {answer.text[:300]}"
            if answer.status_code == 200 and path == "/api/v1/cases":
                assert answer.get_json()["total"] in {0, 30}, name  # 30 are open
    assert read(text(count))["n"].iloc[0] == before
