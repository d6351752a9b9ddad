"""The door, met in a real browser: in, around, and out; nothing that the policies refuse."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from app.auth import sessions
from app.database import read
from app.settings import get_settings
from tests.auth.people import identity, settings, with_login
from tests.browser.conftest import CHROMIUM, serve_here
from tests.conftest import LOG, cloned

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here and none could be installed"),
]


@pytest.fixture(scope="module")
def locked_board():
    """The web server with a login, on the sample log."""
    with cloned(LOG), with_login():
        assert get_settings().auth == "saml"
        for address in serve_here():
            with settings(BASE_URL=address):
                yield address


def come_in(page, address: str, role: str) -> str:
    value = sessions.begin(identity(role), None)
    page.context.add_cookies([{"name": sessions.cookie_name(), "value": value, "url": address}])
    return value


def test_the_door_is_shown_and_leads_back(page, locked_board):
    page.goto(f"{locked_board}/cases?severity=1")
    expect(page.locator("h1")).to_have_text("Sign in")
    way = page.locator("a.enter")
    expect(way).to_have_attribute("href", "/saml/login?next=%2Fcases%3Fseverity%3D1")
    assert way.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(47, 111, 179)"


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_every_page_works_under_its_policy(page, locked_board, role):
    come_in(page, locked_board, role)
    page.goto(f"{locked_board}/?as_of=2016-03-10")
    expect(page.locator("a.tile").first).to_be_visible()
    expect(page.locator(".main-svg").first).to_be_visible()
    page.goto(f"{locked_board}/cases?as_of=2016-03-10")
    expect(page.locator(".ag-row").first).to_be_visible()
    page.goto(f"{locked_board}/cases/INC0000045?as_of=2016-03-10")
    expect(page.locator(".timeline > li").first).to_be_visible()
    for path, words in (("/sync", "Syncs"), ("/tokens", "Make a token")):
        page.goto(f"{locked_board}{path}")
        expect(page.get_by_role("heading", name=words)).to_be_visible()
    links = page.locator(".rail a")
    if role == "admin":
        expect(links.filter(has_text="Admin")).to_be_visible()
    else:
        expect(links.filter(has_text="Admin")).to_have_count(0)
        # No page has sent by itself what its reader may not.
        assert read(text("select 1 from audit_log where outcome = 'refused'")).empty
        page.expected_faults.append("status of 403")
        page.goto(f"{locked_board}/admin")
        expect(page.get_by_role("heading", name="This page is not for you")).to_be_visible()
        refused = read(text("select target from audit_log where outcome = 'refused'"))
        assert refused["target"].tolist() == ["GET /admin"]


def test_signing_out_ends_it_in_every_window(page, locked_board):
    value = come_in(page, locked_board, "viewer")
    page.goto(f"{locked_board}/sync")
    other = page.context.browser.new_context()
    other.add_cookies([{"name": sessions.cookie_name(), "value": value, "url": locked_board}])
    window = other.new_page()
    window.goto(f"{locked_board}/cases?severity=1&as_of=2016-03-10")
    expect(window.locator(".ag-row").first).to_be_visible()
    page.locator(".menu.account summary").click()
    expect(page.locator(".menu.account .popover")).to_contain_text("viewer@example.com")
    page.locator("#sign-out").click()
    expect(page.locator("h1")).to_have_text("You are signed out")
    # The pulse of the other window finds out by itself, and what is on the page stays.
    expect(window.locator("#session-ended")).to_be_visible()
    way = window.locator("#session-ended a")
    expect(way).to_have_attribute("href", re.compile(r"^/login\?next=%2Fcases%3Fseverity%3D1"))
    expect(window.locator(".ag-row").first).to_be_visible()
    other.close()


def test_a_token_is_made_shown_once_and_revoked(page, locked_board):
    come_in(page, locked_board, "viewer")
    page.goto(f"{locked_board}/tokens")
    page.locator("#token-name").fill("nightly report")
    page.get_by_text("export: CSV files").click()
    page.locator("#token-make").click()
    value = page.locator("#token-value").inner_text()
    row = page.locator("#tokens-shown tbody tr", has_text="nightly report")
    expect(row).to_contain_text(value[:11])
    expect(row).to_contain_text("read, export")
    bearer = {"Authorization": f"Bearer {value}"}
    # Not with the page's own cookie: a program has none.
    program = page.context.browser.new_context()
    asked = program.request.get(f"{locked_board}/api/v1/cases.csv?severity=1", headers=bearer)
    assert asked.status == 200
    page.reload()
    expect(page.locator("#token-value")).to_have_count(0)
    assert value not in page.content()
    row.get_by_role("button", name="Revoke nightly report").click()
    expect(row).to_contain_text("revoked")
    assert program.request.get(f"{locked_board}/api/v1/charts", headers=bearer).status == 401
    program.close()


def test_an_admin_sees_who_is_in_ends_it_and_reads_the_log(page, locked_board, tmp_path):
    other = sessions.begin(identity("editor", "jo", name="Jo <script>alert(1)</script>"), None)
    come_in(page, locked_board, "admin")
    page.goto(f"{locked_board}/admin")
    row = page.locator(
        "#admin-standing tr", has=page.get_by_role("button", name="Sign out everywhere")
    )
    row.filter(has_text="Jo <script>").get_by_role("button", name="Shut out").click()
    expect(page.locator("#admin-told")).to_contain_text("is shut out")
    assert sessions.find(other) is None
    jo = page.locator("#admin-standing tr", has_text="Jo <script>")
    expect(jo.first).to_contain_text("(shut out)")
    jo.first.get_by_role("button", name="Let in").click()
    expect(page.locator("#admin-told")).to_contain_text("may enter again")
    page.locator("#audit-words").fill("jo <script>")
    page.keyboard.press("Enter")
    rows = page.locator("#audit-shown tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Sign in")
    page.locator("#audit-from").fill("yesterday")
    page.keyboard.press("Enter")
    expect(page.locator("#audit-shown")).to_contain_text("is not an ISO 8601")
    page.locator("#audit-from").fill("2016-01-01")
    page.keyboard.press("Enter")
    expect(page.locator("#audit-file")).to_have_attribute("href", re.compile("q=jo"))
    with page.expect_download() as download:
        page.locator("#audit-file").click()
    path = tmp_path / "audit.csv"
    download.value.save_as(path)
    head, *lines = path.read_text().splitlines()
    assert head.startswith("at,who,actor,act,outcome,target")
    assert len(lines) == 1
    assert "login,done" in lines[0]
