"""A Chromium without a screen, where there is one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.images.renderer import chromium

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--no-first-run", "--disable-quic"]  # fmt: skip
SIZE = {"width": 1440, "height": 900}


@contextmanager
def window(script: str = "") -> Iterator[Any]:
    """A new window that knows nothing yet; None where there is no Chromium or no Playwright.

    `script` runs in each page before anything else.
    """
    path = chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        print("There is no Chromium here: what browsers see is not measured.")
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=FLAGS)
        page = browser.new_context(viewport=SIZE).new_page()
        if script:
            page.add_init_script(script)
        yield page
        browser.close()
