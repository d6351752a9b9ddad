"""A real Chromium, and the web server as `up` starts it."""

import os
import re
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Response, expect, sync_playwright

from app.settings import get_settings
from tests.browser.chromium import find
from tests.conftest import EMPTY, LOG, cloned
from tests.local.test_up import free_port

CHROMIUM = find()
# A machine with two cores may be busy with other tests.
expect.set_options(timeout=15_000)
ROOT = Path(__file__).parent.parent.parent
WEB_LOG = Path(tempfile.gettempdir()) / f"caseboard-test-web-{os.getpid()}.log"
# Chromium heeds the last list only, so most of Playwright's is here again; and the suggestions below
# an address bar that nobody sees, for which it starts two pages of its own with every one of ours.
WITHOUT = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable",
           "DestroyProfileOnBrowserClose", "AvoidUnnecessaryBeforeUnloadCheckSync", "PaintHolding",
           "MediaRouter", "LensOverlay", "ThirdPartyStoragePartitioning", "OptimizationHints", "Translate",
           "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
           "AvoidCorsURLLoaderRestartOnRedirect", "SpareRendererForSitePerProcess"]  # fmt: skip
FLAGS = [f"--disable-features={','.join(WITHOUT)}", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--no-first-run", "--disable-quic"]  # fmt: skip

# What the content security policy refused, told as a console error, which fails the test.
REPORT = """document.addEventListener("securitypolicyviolation", (e) =>
  console.error(`CSP refused ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`))"""


def serve(template: str):
    """The web server as `up` starts it, on a database of its own."""
    with cloned(template):
        assert get_settings().database_url
        yield from serve_here()


def serve_here():
    """The web server as `up` starts it, on the servers of the environment."""
    from app import programs

    port = free_port()
    with WEB_LOG.open("ab") as log:
        server = subprocess.Popen(
            programs.web(f"127.0.0.1:{port}"), cwd=ROOT, env=os.environ, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(server, address)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(server: subprocess.Popen, address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
        except OSError as fault:
            late = time.monotonic() > deadline or server.poll() is not None
            assert not late, f"{fault}\n{WEB_LOG.read_text()[-3000:]}"
            time.sleep(0.05)
        else:
            return


# What a page shows once nothing is on its way any more.
SETTLED = """() => !document.querySelector('.skeleton, .skeleton-words, [data-dash-is-loading=true]')
    && document.querySelectorAll('#content > *').length > 0"""


def settle(page) -> None:
    """Wait until everything on the page has arrived, so that nothing moves any more."""
    # Not at every frame: looking keeps the page from what it has to do.
    page.wait_for_function(SETTLED, timeout=60_000, polling=50)
    page.wait_for_timeout(300)


@pytest.fixture(scope="module")
def board():
    yield from serve(LOG)


@pytest.fixture(scope="module")
def new_board():
    yield from serve(EMPTY)


@pytest.fixture(scope="session", autouse=True)
def web_log():
    yield
    WEB_LOG.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def window(browser):
    """What the pages of a module share: scripts that were read once are not read again."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, accept_downloads=True, color_scheme="light"
    )
    yield context
    context.close()


def body(response: Response) -> str:
    """What a response said; its page may have gone on, and then nobody knows."""
    try:
        return response.text()
    except PlaywrightError as error:
        return str(error)


@pytest.fixture
def page(window):
    """A page that fails its test on a console error or a request to another host.

    It finds nothing of what an earlier one has kept: no cookies, storage or rights.
    """
    page = window.new_page()
    faults: list[str] = []
    page.add_init_script(REPORT)
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda r: (
            None
            if re.match(r"(http://127\.0\.0\.1:|data:|blob:)", r.url)
            else faults.append(f"foreign request {r.url}")
        ),
    )
    page.on(
        "response",
        lambda r: (
            faults.append(f"{r.status} {r.url} {r.request.post_data} {body(r)[:500]}")
            if r.status >= 500
            else None
        ),
    )
    page.expected_faults = []
    yield page
    if page.url.startswith("http"):
        page.evaluate("localStorage.clear()")
    for one in window.pages:
        one.close()
    window.clear_cookies()
    window.clear_permissions()
    left = [f for f in faults if not any(re.search(p, f) for p in page.expected_faults)]
    assert not left, f"{left}\n{WEB_LOG.read_text()[-3000:]}"
