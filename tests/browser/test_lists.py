"""Bugs, work lists and trending cases in a browser: sorting, filters, muting, accessibility."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from app import database
from app.database import read
from tests import faulty
from tests.browser.conftest import serve_here
from tests.browser.test_board import pytestmark as browser_marks
from tests.conftest import EMPTY, cloned

pytestmark = browser_marks


@pytest.fixture(scope="module")
def lists():
    with cloned(EMPTY):
        faulty.fill(3, 160)
        database.reset()
        yield from serve_here()


def numbers(page, column: int) -> list[float]:
    cells = page.locator(f".ranking tbody tr td:nth-child({column})").all_inner_texts()
    return [float(cell.replace(",", "")) for cell in cells]


def test_bugs_are_sorted_and_filtered_by_a_click_and_the_address_says_so(page, lists):
    page.goto(f"{lists}/bugs?as_of=2026-05-01")
    waited = numbers(page, 10)
    assert waited == sorted(waited, reverse=True)
    page.get_by_role("link", name="Cases", exact=True).last.click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Cases")
    assert "sort=-cases" in page.url
    cases = numbers(page, 6)
    assert cases == sorted(cases, reverse=True)

    toggle = page.locator(".toggle", has_text="Without target")
    wanted = int(toggle.locator("b").inner_text())
    toggle.click()
    expect(page.locator(".ranking tbody tr")).to_have_count(wanted)
    assert "target=none" in page.url
    assert "sort=-cases" in page.url
    assert all("no target" in told for told in page.locator(".ranking tbody tr").all_inner_texts())


def test_the_slips_of_a_target_unfold(page, lists):
    page.goto(f"{lists}/bugs?as_of=2026-05-01&sort=-slips")
    moves = page.locator(".moves").first
    moves.locator("summary").click()
    expect(moves.locator("li").first).to_be_visible()
    expect(moves.locator("li").first).to_contain_text("→")


def test_an_entry_is_muted_with_a_reason_and_comes_back(page, lists):
    page.goto(f"{lists}/quality?list=no_card")
    tile = page.locator(".list-tile.chosen")
    before = int(tile.locator(".tile-value").inner_text())
    first = page.locator(".entries tbody tr").first.locator("th").inner_text()
    page.get_by_role("button", name=f"Mute {first}").click()
    form = page.locator("#mute-form")
    expect(form).to_be_visible()
    page.get_by_role("button", name="Mute it").click()
    expect(form.locator("#mute-fault")).to_contain_text("Give a reason")
    form.get_by_label("Reason").fill("the card comes in May")
    page.get_by_role("button", name="Mute it").click()
    expect(tile.locator(".tile-value")).to_have_text(f"{before - 1}")
    expect(tile).to_contain_text("1 muted")
    expect(page.locator(".entries")).not_to_contain_text(first)
    assert read(text("select reason from mutes"))["reason"].iloc[0] == "the card comes in May"

    page.get_by_role("link", name="Show the 1 muted").click()
    expect(page.locator(".entries")).to_contain_text("the card comes in May")
    page.get_by_role("button", name=f"Unmute {first}").click()
    expect(tile.locator(".tile-value")).to_have_text(f"{before}")
    expect(page.locator("#content")).to_contain_text("No entry is muted")


def test_a_list_leads_to_exactly_its_rows(page, lists):
    page.goto(f"{lists}/quality?list=open_done_card&severity=1&severity=2&as_of=2026-05-01")
    link = page.locator("[data-count] a").first
    wanted = int(link.inner_text())
    link.click()
    expect(page.locator("#count strong")).to_have_text(f"{wanted}")


def test_the_past_cannot_be_muted(page, lists):
    page.goto(f"{lists}/quality?list=no_card&as_of=2026-04-01")
    expect(page.locator(".entries tbody tr").first).to_be_visible()
    expect(page.locator(".entries button")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    [
        "/bugs?as_of=2026-05-01&sort=-slips",
        "/bugs?as_of=2020-01-01",
        "/quality?list=bug_severity",
        "/quality?list=restated&as_of=2026-05-01",
        "/trending?by=account&as_of=2026-05-01",
    ],
)
def test_they_can_be_read_by_everybody(page, lists, path, theme):
    page.emulate_media(color_scheme=theme)
    page.goto(f"{lists}{path}")
    expect(page.locator("#content > *").first).to_be_visible()
    page.wait_for_function("() => !document.querySelector('.skeleton')")
    found = Axe().run(page)
    serious = [v for v in found.response["violations"] if v["impact"] in {"serious", "critical"}]
    assert not serious, [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in serious]


def test_they_fit_a_telephone(page, lists):
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/bugs?as_of=2026-05-01", "/quality", "/trending?as_of=2026-05-01"):
        page.goto(f"{lists}{path}")
        expect(page.locator("#content > *").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
