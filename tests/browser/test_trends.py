"""The trends in a real browser: the slider, its steps, the period, the legend, annotations."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from etl.seed import seed
from tests.browser.conftest import serve_here
from tests.browser.test_board import pytestmark as browser_marks
from tests.conftest import EMPTY, cloned

pytestmark = browser_marks


@pytest.fixture(scope="module")
def trends():
    with cloned(EMPTY):
        seed(150, 4, datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
        yield from serve_here()


def as_of(page):
    return parse_qs(urlsplit(page.url).query).get("as_of")


def drawn(page, name="Open work, day by day"):
    card = page.get_by_role("region", name=name, exact=True)
    expect(card.locator(".js-plotly-plot .trace").first).to_be_visible()
    return card


def test_the_slider_turns_the_whole_app_and_keeps_the_keyboard(page, trends):
    page.goto(f"{trends}/trends?severity=3&from=2026-01-01")
    slider = page.get_by_label("Time machine")
    expect(page.locator("#as-of-told")).to_have_text("Now")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    day = datetime.now(UTC).date() - timedelta(days=2)
    expect(page.locator(".past-banner")).to_contain_text("Everything is shown as known on")
    assert as_of(page) == [f"{day}T23:59:59.999999Z"]
    assert "severity=3" in page.url
    assert "from=2026-01-01" in page.url
    told = page.locator("#as-of-told")
    expect(told).to_contain_text(f"End of {day.day} ")
    expect(page.get_by_label("Time machine")).to_be_focused()
    # Every page goes along, and one click leads back.
    page.get_by_role("link", name="Overview").click()
    expect(page.locator(".past-banner")).to_be_visible()
    assert as_of(page) == [f"{day}T23:59:59.999999Z"]
    page.goto(page.url.replace("/?", "/trends?"))
    page.get_by_role("link", name="week →").click()
    expect(page.locator(".past-banner")).to_have_count(0)
    assert as_of(page) is None


def test_steps_go_by_calendar_months_and_end_at_the_first_case(page, trends):
    page.goto(f"{trends}/trends?as_of=2026-03-31T21:59:59.999999Z&tz=Europe/Berlin")
    page.get_by_role("link", name="← month").click()
    expect(page.locator("#as-of-told")).to_have_text("End of 28 February 2026")
    assert as_of(page) == ["2026-02-28T22:59:59.999999Z"]
    page.goto(f"{trends}/trends?as_of=1990-01-01")
    expect(page.locator(".machine .button.idle").first).to_be_visible()


def test_periods_and_comparisons_are_in_the_address(page, trends):
    page.goto(f"{trends}/trends")
    page.get_by_role("link", name="30 days").click()
    # The address changes first, the links of the page with what comes.
    expect(page.locator(".segments .current", has_text="30 days")).to_be_visible()
    page.get_by_role("link", name="A year before").click()
    expect(page.locator(".segments .current", has_text="A year before")).to_be_visible()
    assert "from=" in page.url
    assert "compare=year" in page.url
    card = drawn(page)
    assert (
        card.evaluate(
            "card => card.querySelector('.js-plotly-plot').data.filter((t) => t.line.dash === 'dash')"
            ".length"
        )
        == 5
    )
    card.locator("summary", has_text="Show as table").click()
    expect(card.locator("th", has_text="Open cases, a year before (cases)")).to_be_visible()
    page.expected_faults.append("400")
    page.goto(f"{trends}/trends?compare=never")
    expect(page.locator("main")).to_contain_text("must be one of previous, year")


def test_a_long_table_comes_when_it_is_opened_and_its_numbers_lead_to_rows(page, trends):
    page.goto(f"{trends}/trends?from=2026-01-01")
    card = drawn(page)
    assert card.locator("[data-count]").count() == 0
    card.focus()
    page.keyboard.press("t")
    expect(card.locator("[data-count]").first).to_be_visible()
    number = card.locator("tbody tr").nth(3).locator("[data-count]").first
    wanted = number.get_attribute("data-count")
    number.locator("a").click()
    page.wait_for_url(re.compile("/cases"))
    expect(page.locator("#count")).to_contain_text(wanted)


def test_the_legend_switches_lines_on_and_off(page, trends):
    page.goto(f"{trends}/trends")
    card = drawn(page)
    entry = card.locator(".legendtoggle").nth(1)
    entry.click()
    shown = (
        "() => document.querySelector('.panel .js-plotly-plot').data"
        ".filter((t) => t.visible === 'legendonly').length"
    )
    page.wait_for_function(f"{shown.replace('() =>', '() => 1 ===')}")
    assert "severity" not in page.url


def test_editors_annotate_and_undo(page, trends):
    page.goto(f"{trends}/trends")
    page.locator("#notes-time").fill("0:00")
    page.locator("#notes-text").fill("<b>Release</b> 4.2")
    page.get_by_role("button", name="Add annotation").click()
    row = page.locator("#notes-list tr", has_text="Release")
    expect(row).to_contain_text("<b>Release</b> 4.2")
    expect(row).to_contain_text("00:00")
    expect(drawn(page).locator(".panel-notes")).to_contain_text("annotation", timeout=20_000)
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    page.locator("#notes-text").fill("   ")
    page.get_by_role("button", name="Add annotation").click()
    expect(page.locator("#notes-fault")).to_contain_text("1 to 200 characters")
