"""The flow page as people use it: a click narrows all panels, and leads on to cases."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import settle
from tests.browser.test_board import pytestmark as browser_marks

pytestmark = browser_marks
VIEW = "as_of=2016-03-25&tz=Europe/Berlin&from=2016-03-10"


def panel(page, title: str):
    return page.locator(f".panel[aria-label='{title}']")


def middle(page, mark) -> tuple[float, float]:
    """Where to click it, once no panel above it grows any more."""
    settle(page)
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_bar_narrows_every_panel_and_a_click_on_its_chip_widens_them_again(page, board):
    page.goto(f"{board}/flow?{VIEW}")
    spread = panel(page, "Time to close")
    expect(spread.locator(".sentence")).to_contain_text("n 727", timeout=60_000)
    bar = spread.locator(".barlayer .trace").nth(2).locator(".point path").nth(7)
    page.mouse.click(*middle(page, bar))
    expect(page).to_have_url(re.compile("severity=3"))
    expect(page).to_have_url(re.compile(r"days_to_close=7\.\.14"))
    expect(page).to_have_url(re.compile("from=2016-03-10"))
    expect(page.locator(".chip", has_text="Days to close: 7 to 14 days")).to_be_visible()
    expect(panel(page, "Time to resolution").locator(".sentence")).to_contain_text("severity 3")
    page.locator(".chip", has_text="Days to close").get_by_title(re.compile("Remove")).click()
    expect(page).not_to_have_url(re.compile("days_to_close"))
    expect(page).to_have_url(re.compile("severity=3"))


def test_a_dot_opens_its_case_as_it_was(page, board):
    page.goto(f"{board}/flow?{VIEW}&severity=1")
    dot = panel(page, "Control chart").locator(".scatterlayer .point").first
    dot.wait_for()
    page.mouse.click(*middle(page, dot))
    expect(page).to_have_url(re.compile(r"/cases/INC\d+\?as_of=2016-03-25"))


def test_what_is_late_is_one_click_away(page, board):
    page.goto(f"{board}/flow?{VIEW}&severity=4")
    late = panel(page, "Ageing of open work").locator(".scatterlayer .point").first
    late.wait_for()
    page.mouse.click(*middle(page, late))
    expect(page).to_have_url(re.compile("/cases.*created_to="))
    expect(page.locator("#count")).to_contain_text("16")
