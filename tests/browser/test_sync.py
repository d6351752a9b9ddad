"""The sync page and the freshness marks, on a board that lives."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import CHROMIUM
from tests.local.test_up import Up, caseboard, free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here and none could be installed"),
]


@pytest.fixture(scope="module")
def living(tmp_path_factory):
    """A board with its sandbox, worker and beat, as `up` starts them."""
    folder = tmp_path_factory.mktemp("living") / "data"
    up = Up(folder, free_port(), sandbox=True)
    try:
        up.wait_for("Caseboard is at")
        up.folder = folder
        yield up
    finally:
        up.stop()


def address(living, path):
    return f"http://127.0.0.1:{living.port}{path}"


def control(living, name, **told):
    lock = json.loads((living.folder / "lock").read_text())
    root = lock["sources"]["CASEBOARD_PORTAL_URL"].removesuffix("/hydra/rest")
    request = urllib.request.Request(f"{root}/control/{name}", json.dumps(told).encode())
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer).get("made")


def test_the_first_fill_is_seen_as_it_goes_and_survives_a_reload(page, living):
    page.goto(address(living, "/sync"))
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()
    expect(page.locator("#marks")).to_contain_text("Portal", timeout=60_000)
    page.reload()
    for name in ("cases", "details", "cards", "bugs"):
        row = page.locator("tr", has=page.get_by_role("rowheader", name=name)).first
        expect(row.locator(".dot-fresh")).to_be_visible(timeout=120_000)
    expect(page.locator("#marks .dot-fresh")).to_have_count(3)
    page.goto(address(living, "/"))
    expect(page.locator(".tile").first).to_be_visible()


def test_refresh_now_brings_what_changed_and_tells_when_another_is_under_way(page, living):
    made = control(living, "add_case", summary="Arrived meanwhile", severity=2)
    page.goto(address(living, "/"))
    expect(page.locator("#marks")).to_contain_text("Portal", timeout=60_000)
    page.get_by_role("button", name="Refresh now").click()
    expect(page.locator("#announce")).to_contain_text(re.compile("being read|already under way"))
    for _ in range(60):
        page.goto(address(living, f"/cases/{made}"))
        page.wait_for_selector("#content .card, #content .notice")
        if page.get_by_text("Arrived meanwhile").count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("Arrived meanwhile").first).to_be_visible()


def test_a_failing_source_says_what_to_mend_and_the_others_go_on(page, living):
    control(living, "faults", kind="404", path="/search/jql", times=None)
    page.goto(address(living, "/sync"))
    page.get_by_role("button", name="Run cards now").click()
    alarm = page.get_by_role("alert").filter(has_text="cards: failed")
    expect(alarm).to_contain_text("CASEBOARD_JIRA_URL", timeout=60_000)
    expect(page.locator("#marks .dot-failed")).to_have_count(1)
    status = caseboard("status", "--data-dir", living.folder)
    assert status.returncode == 1
    assert "CASEBOARD_JIRA_URL" in status.stdout
    page.get_by_role("button", name="Run cases now").click()
    expect(page.locator("#sync-told")).to_contain_text("cases")
    page.goto(address(living, "/"))
    expect(page.locator(".tile").first).to_be_visible()


@pytest.mark.parametrize("path", ["/sync", "/"])
def test_a_living_board_fits_a_phone(page, living, path):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(address(living, path))
    page.wait_for_selector("#content > *")
    page.wait_for_timeout(1_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
