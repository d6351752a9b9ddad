"""Every route, page and callback, asked for by everybody: the answers are those of the policy."""

import pytest
from sqlalchemy import text

import pages
from app.auth import policy, sessions
from app.auth.policy import Need
from app.database import transaction
from tests.auth.conftest import forget_limits
from tests.auth.people import ROLES, cookie_of, envelope, identity, token_of, with_cookie

pytestmark = pytest.mark.database

# The short list of what everybody may have. Whoever makes it longer says so here too.
OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/assets/<path:filename>"),
    ("GET", "/_favicon.ico"),
    ("GET", "/login"),
    ("POST", "/logout"),
    ("GET", "/saml/metadata"),
    ("GET", "/saml/login"),
    ("POST", "/saml/acs"),
    ("GET", "/saml/finish"),
    ("GET", "/saml/logout"),
    ("POST", "/saml/logout"),
    ("GET", "/saml/slo"),
    ("POST", "/saml/slo"),
    ("GET", "/embed/plotly.js"),
    ("GET", "/embed/<token>"),
    ("GET", "/embed/<token>/data"),
    ("GET", "/embed/<token>.png"),
    ("GET", "/embed/<token>.svg"),
}
FOR_ADMINS = {("GET", "/api/v1/audit.csv"), ("GET", "/metrics"), ("GET", "/auth/admin")}
FOR_EDITORS = {
    "components.freshness.refresh",
    "pages.sync.ask",
    "pages.quality.choose",
    "pages.quality.apply",
    "pages.quality.end",
    "components.annotationlist.add",
    "components.annotationlist.act",
    "components.embedlist.revoke",
}
ADMIN_CALLBACKS = {
    "components.outboxtable.decide",
    "components.sample.load",
    "pages.sync.retry",
    "pages.admin.act",
    "pages.admin.tell_audit",
}
UNDECLARED = {("GET", "/_reload-hash")}
EXAMPLES = {
    "<name>": "backlog",
    "<int:number>": "1",
    "<number>": "INC1",
    "<view>": "1",
    "<form>": "md",
    "<path:filename>": "theme.js",
    "<path:path>": "cases",
    "<path:name>": "Acme",
    "<path:fossil>": "all",
    "<team>": "telco5g",
    "<token>": "a.b.c",
    "<string:package_name>": "dash",
    "<path:fingerprinted_path>": "deps/polyfill@7.min.js",
}


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def example(rule: str) -> str:
    for name, value in EXAMPLES.items():
        rule = rule.replace(name, value)
    assert "<" not in rule, f"give {rule} an example"
    return rule


def test_every_route_is_declared(app):
    found = set(routes(app))
    assert found - set(policy.ROUTES) == UNDECLARED
    gone = set(policy.ROUTES) - found
    assert not gone, "declared, but there is no such route any more"


def test_the_open_ones_are_few():
    assert {one for one, need in policy.ROUTES.items() if need.role is None} == OPEN
    assert {one for one, need in policy.ROUTES.items() if need.scraped} == {("GET", "/metrics")}
    crossed = {one for one, need in policy.ROUTES.items() if need.cross_site}
    assert crossed == {("POST", "/saml/acs"), ("POST", "/saml/slo")}
    assert {one for one, need in policy.ROUTES.items() if need.role == "admin"} == FOR_ADMINS


def test_every_page_is_declared():
    assert {page.path for page in pages.PAGES} == set(policy.PAGES)


def test_every_callback_is_declared(callbacks):
    found = {policy.callback_name(spec["callback"]) for spec in callbacks.values()}
    assert found == set(policy.CALLBACKS)
    for role, told in (("editor", FOR_EDITORS), ("admin", ADMIN_CALLBACKS)):
        assert {name for name, need in policy.CALLBACKS.items() if need.role == role} == told


def expire(statement: str) -> None:
    with transaction() as connection:
        connection.execute(text(statement))


def everybody():
    """(who, headers, role or None when nobody is known, scopes or None without a token)."""
    ended = sessions.begin(identity("admin", "gone"), None)
    sessions.end(ended)
    late = sessions.begin(identity("admin", "late"), None)
    expire("update sessions set expires_at = clock_timestamp() where digest = "
           f"'{sessions.digest(late)}'")  # fmt: skip
    old = token_of("admin", "read", "export", "write", "admin")
    expire("update api_tokens set expires_at = clock_timestamp()")
    revoked = token_of("admin", "read", "export", "write", "admin")
    expire("update api_tokens set revoked_at = clock_timestamp()")
    yield "anonymous", {}, None, None
    yield "ended session", with_cookie(ended), None, None
    yield "expired session", with_cookie(late), None, None
    yield "expired token", old, None, ()
    yield "revoked token", revoked, None, ()
    yield "made-up token", {"Authorization": "Bearer cb_" + "x" * 49}, None, ()
    # Whoever sends a token is who the token says, whatever cookie comes along.
    yield "expired token, live cookie", {**cookie_of("admin"), **old}, None, ()
    for role in ROLES:
        yield role, cookie_of(role), role, None
        for scope in ("read", "export", "write", "admin") if role == "admin" else ("read", "write"):
            yield f"{role} token, {scope}", token_of(role, scope), role, (scope,)


def judge(need: Need, path: str, method: str, headers, role, scopes) -> set[int]:
    """The statuses that the policy allows for an answer; empty for any but a refusal."""
    if need.role is None:
        return set()
    if role is None:
        page = path == "/api/v1/docs"
        data = (
            (path.startswith(("/api/", "/_", "/metrics", "/auth/")) and not page)
            or "Authorization" in headers
            or method != "GET"
        )
        return {401} if data else {303}
    reaches = ROLES.index(role) >= ROLES.index(need.role)
    fits = scopes is None or need.scope in scopes
    return set() if reaches and fits else {403}


# Open to whoever comes; they refuse by their own judgement what nobody of ours, and no identity
# provider, has signed.
JUDGE_THEMSELVES = {
    ("POST", "/saml/acs"), ("GET", "/saml/finish"), ("GET", "/saml/slo"), ("POST", "/saml/slo"),
    ("GET", "/embed/<token>"), ("GET", "/embed/<token>/data"), ("GET", "/embed/<token>.png"),
    ("GET", "/embed/<token>.svg"),
}  # fmt: skip


def test_every_route_answers_everybody_as_declared(door, ask):
    people = list(everybody())
    walked = 0
    for method, rule in routes(door):
        need = policy.ROUTES.get((method, rule))
        path = example(rule)
        forget_limits(door)
        for who, headers, role, scopes in people:
            if rule in {"/logout", "/saml/logout"}:
                continue  # it would end the session that the next one comes with
            body = {"json": {}} if method == "POST" else {}
            answer = ask(method, path, headers, **body)
            if need is None:
                wanted = {403} if role else {401}
            else:
                wanted = judge(need, path, method, headers, role, scopes)
            told = f"{method} {path} as {who}: {answer.status_code} {answer.data[:200]!r}"
            # Nothing draws images here, and whoever may have one is told so.
            undrawn = answer.status_code == 503 and b'"No renderer"' in answer.data
            assert answer.status_code < 500 or undrawn, told
            if wanted:
                assert answer.status_code in wanted, told
                if answer.status_code == 303:
                    assert answer.location.startswith("/login"), told
                else:
                    assert answer.mimetype == "application/problem+json", told
            elif (method, rule) in JUDGE_THEMSELVES:
                assert answer.status_code == 403, told
            else:
                assert answer.status_code not in {401, 403}, told
            walked += 1
    assert walked > 300


def test_every_callback_answers_everybody_as_declared(door, ask, callbacks):
    people = list(everybody())
    for output, spec in callbacks.items():
        need = policy.callback(spec["callback"])
        body = envelope(callbacks, output)
        forget_limits(door, "refused")
        for who, headers, role, scopes in people:
            answer = ask("POST", "/_dash-update-component", headers, json=body)
            told = f"{output} as {who}: {answer.status_code} {answer.data[:200]!r}"
            if role is None:
                assert answer.status_code == 401, told
            elif scopes is not None or ROLES.index(role) < ROLES.index(need.role):
                assert answer.status_code == 403, told
            else:
                assert answer.status_code in {200, 204}, told


def test_every_page_is_shown_to_whom_it_is_for(door, ask, callbacks):
    output = next(one for one in callbacks if "_pages_content" in one)
    for page in pages.PAGES:
        path = page.path.replace("<number>", "INC1")
        for role in ROLES:
            headers = cookie_of(role)
            allowed = ROLES.index(role) >= ROLES.index(policy.PAGES[page.path])
            assert ask("GET", path, headers).status_code == (200 if allowed else 403)
            body = envelope(callbacks, output)
            for one in (*body["inputs"], *body["state"]):
                one["value"] = path if one["property"] == "pathname" else ""
            answer = ask("POST", "/_dash-update-component", headers, json=body)
            assert answer.status_code == 200
            assert ("This page is not for you" in answer.text) is not allowed
            if page.path == "/admin":
                assert ("This machine" in answer.text) is allowed


def test_what_nobody_declared_nobody_may(door, ask, callbacks, monkeypatch):
    headers = cookie_of("admin")

    def forget(table: str, key: object) -> None:
        # Not by taking it out of the table itself: put back, it would stand at another place.
        kept = {one: rule for one, rule in getattr(policy, table).items() if one != key}
        monkeypatch.setattr(policy, table, kept)

    forget("ROUTES", ("GET", "/api/v1/stats"))
    assert ask("GET", "/api/v1/stats", headers).status_code == 403
    forget("PAGES", "/sync")
    assert ask("GET", "/sync", headers).status_code == 403
    forget("CALLBACKS", "pages.sync.look")
    body = envelope(callbacks, "sync-live.children")
    assert ask("POST", "/_dash-update-component", headers, json=body).status_code == 403


def test_methods_and_addresses_that_there_are_not(door, ask):
    headers = cookie_of("viewer")
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert ask(method, "/api/v1/cases").status_code == 401
        assert ask(method, "/api/v1/cases", headers).status_code == 405
    assert ask("GET", "/api/v1/nowhere").status_code == 401
    assert ask("GET", "/api/v1/nowhere", headers).status_code == 404
    assert ask("GET", "/_mcp", headers).status_code in {403, 404}
    assert ask("POST", "/_mcp", headers).status_code == 405
    assert ask("GET", "/nowhere", headers).status_code == 404


def test_every_refusal_of_somebody_known_is_recorded(door, ask):
    ask("GET", "/api/v1/audit.csv", cookie_of("viewer"))
    with transaction() as connection:
        row = connection.execute(text("select * from audit_log where act = 'access'")).one()
    assert (row.outcome, row.reason, row.target) == ("refused", "role", "GET /api/v1/audit.csv")
    assert row.actor.startswith("user:")
    assert len(row.request_id) == 16
