"""The whole of it on real servers: gunicorn's two processes, and once a real Chromium.

The board is at 127.0.0.1, the identity provider at localhost, which to a browser is another site.
"""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from app import database
from tests.auth.saml.astray import PAYLOADS
from tests.auth.saml.idp import Person, encoded
from tests.auth.saml.served import board_and_provider
from tests.browser.conftest import CHROMIUM, FLAGS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def people() -> dict[str, Person]:
    return {
        "anna": Person("anna", "Anna Adler", ["support"]),
        "mallory": Person("mallory", "Mallory", ["support"]),
        "nora": Person("nora", "Nora Nobody", ["others"]),
    }


@pytest.fixture(scope="module")
def running(idp_folder, people):
    with board_and_provider(idp_folder, people) as (base, provider):
        yield base, provider


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("There is no Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page that fails its test on a console error, a refused policy or a foreign host."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page, faults = context.new_page(), []
    page.expected = ()
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda r: (
            faults.append(r.url)
            if urlsplit(r.url).hostname not in {"127.0.0.1", "localhost", None}
            else None
        ),
    )
    yield page
    context.close()
    assert [f for f in faults if not any(e in f for e in page.expected)] == []


def reasons() -> list[tuple[str, str, str | None]]:
    return [
        (act, outcome, reason)
        for act, outcome, reason in database.fetch(
            "select act, outcome, reason from audit_log where act in ('login', 'logout') "
            "order by id", {},
        )
    ]  # fmt: skip


def fresh_answer(base: str, provider, person: Person, session: requests.Session) -> str:
    asked = session.get(f"{base}/saml/login", allow_redirects=False, timeout=10)
    question = provider.asked(asked.headers["Location"]).id
    xml = provider.answer(question, f"{base}/saml/acs", f"{base}/saml/metadata", person)
    return encoded(xml)


def test_an_answer_counts_once_across_all_web_processes(running, people):
    base, provider = running
    for _ in range(3):
        with requests.Session() as session:
            message = fresh_answer(base, provider, people["mallory"], session)
        before = len(reasons())

        def bring(_: int, message: str = message) -> requests.Response:
            return requests.post(
                f"{base}/saml/acs", {"SAMLResponse": message}, allow_redirects=False, timeout=20,
                headers={"Connection": "close"},
            )  # fmt: skip

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(bring, range(12)))
        assert sorted(a.status_code for a in answers) == [303] + [403] * 11
        assert set(reasons()[before:]) == {("login", "refused", "replayed")}
        assert len(reasons()) == before + 11


def test_a_code_is_redeemed_once_across_all_web_processes(running, people):
    base, provider = running
    with requests.Session() as session:
        message = fresh_answer(base, provider, people["mallory"], session)
        brought = session.post(
            f"{base}/saml/acs", {"SAMLResponse": message}, allow_redirects=False, timeout=10
        )
        place, cookies = brought.headers["Location"], session.cookies.get_dict()

    def finish(_: int) -> int:
        return requests.get(place, cookies=cookies, allow_redirects=False, timeout=20).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(finish, range(8))) == [303] + [403] * 7


def enter(page, base: str, who: str, path: str) -> None:
    page.goto(f"{base}{path}")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name=who).click()


def test_a_person_signs_in_works_changes_role_and_signs_out(running, people, page):
    base, _ = running
    sent = []
    page.on("request", lambda r: sent.append(r) if r.url.endswith("/saml/acs") else None)
    enter(page, base, "anna", "/cases?state=all&severity=1")
    page.wait_for_url(f"{base}/cases?state=all&severity=1*")
    # The answer came by a cross-site POST without our cookies, and that was enough.
    [answer] = sent
    headers = answer.all_headers()
    assert answer.method == "POST"
    assert headers["origin"].startswith("http://localhost:")
    assert "cookie" not in headers
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert cookies["caseboard"]["sameSite"] == "Lax"
    assert cookies["caseboard"]["httpOnly"]
    account = page.locator(".menu.account")
    expect(account).to_contain_text("Anna Adler")
    # Callbacks answer, too: the grid has rows.
    expect(page.locator(".ag-row").first).to_be_visible()
    account.locator("summary").click()
    expect(account).to_contain_text("Viewer")

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{base}/login?out=1")
    expect(page.get_by_role("heading")).to_have_text("You are signed out")
    assert "caseboard" not in {cookie["name"] for cookie in page.context.cookies()}
    page.go_back()
    page.goto(f"{base}/cases")
    assert "/login?next=" in page.url

    people["anna"].groups = ["leads", "others"]
    enter(page, base, "anna", "/sync")
    page.wait_for_url(f"{base}/sync*")
    account.locator("summary").click()
    expect(account).to_contain_text("Editor")


def test_the_identity_provider_signs_a_person_out(running, people, page):
    base, provider = running
    # What the board has under way when its person is signed out is refused.
    page.expected = ("401", "already read")
    enter(page, base, "anna", "/")
    page.wait_for_url(f"{base}/")
    page.wait_for_load_state("networkidle")
    told = {"person": "anna", "place": f"{base}/saml/slo", "service": f"{base}/saml/metadata"}
    page.goto(f"{provider.base}/leave?{urlencode(told)}")
    expect(page.get_by_role("heading")).to_have_text("Left everywhere")
    page.goto(f"{base}/cases")
    assert "/login?next=" in page.url
    assert reasons()[-1] == ("logout", "done", "single_logout")


def test_who_has_no_role_is_told_so(running, people, page):
    base, _ = running
    page.expected = ("403",)
    enter(page, base, "nora", "/cases")
    expect(page.get_by_role("heading")).to_have_text("You cannot enter")
    expect(page.get_by_text("None of your groups may use this board")).to_be_visible()
    assert reasons()[-1] == ("login", "refused", "no_role")


def test_an_attackers_answer_does_not_enter_the_victims_browser(running, people, page):
    base, provider = running
    page.expected = ("403",)
    with requests.Session() as attacker:
        message = fresh_answer(base, provider, people["mallory"], attacker)
    page.goto(f"{base}/saml/login")  # the victim, too, has begun to sign in
    page.evaluate(
        """([place, message]) => {
            const form = document.createElement('form');
            form.method = 'post'; form.action = place;
            const field = document.createElement('input');
            field.name = 'SAMLResponse'; field.value = message;
            form.append(field); document.body.append(form); form.submit();
        }""",
        [f"{base}/saml/acs", message],
    )
    expect(page.get_by_role("heading")).to_have_text("You could not be signed in")
    assert reasons()[-1] == ("login", "refused", "other_browser")
    assert "caseboard" not in {cookie["name"] for cookie in page.context.cookies()}
    page.goto(f"{base}/cases")
    assert "/login?next=" in page.url


def test_a_browser_is_led_nowhere_else(running, page):
    """What the server lets pass as a way back stays with us as a real browser reads it."""
    base, _ = running
    page.goto(f"{base}/login")
    for payload in PAYLOADS:
        asked = requests.get(f"{base}/login", {"next": payload}, timeout=10)
        if asked.status_code == 414:  # longer than an address may be
            continue
        page.set_content(asked.text)
        way = page.get_by_role("link", name="Sign in").get_attribute("href")
        path = dict(parse_qsl(urlsplit(way).query)).get("next", "/")
        for place in (path, base + path):
            host = page.evaluate("([p, b]) => new URL(p, b).host", [place, f"{base}/saml/finish"])
            assert host == urlsplit(base).netloc, payload
