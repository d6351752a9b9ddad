"""The site of the documents in a real browser: nothing from elsewhere, and it finds what is looked for."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.test_board import pytestmark as browser_marks
from tests.docs.test_site import DOCS, built

pytestmark = browser_marks


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert built(DOCS, folder).returncode == 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


def test_one_finds_a_setting_by_its_name(page, site):
    page.goto(f"{site}/index.html")
    box = page.get_by_placeholder("Search")
    box.fill("CASEBOARD_MAX_DROP")
    box.press("Enter")
    page.locator("#search-results a", has_text="Settings, one by one").first.click()
    expect(page.get_by_role("heading", name="Settings, one by one")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "architecture", "reference/settings", "search"])
def test_a_narrow_page_shuts_nobody_out(page, site, name, scheme):
    """It does not scroll sideways, and axe finds nothing serious: names, roles, contrast, keyboard."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    told = Axe().run(page).response["violations"]
    assert not [fault["id"] for fault in told if fault["impact"] in {"serious", "critical"}]
