"""A person at the board, in a real browser."""

import csv
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import CHROMIUM, serve_here
from tests.conftest import EMPTY, cloned

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here and none could be installed"),
]


def rows(page):
    return page.locator(".ag-center-cols-container .ag-row")


def first_number(page) -> str:
    return page.locator(".ag-row[row-index='0'] [col-id='number'] a").inner_text()


def test_from_the_overview_to_a_case_and_back_the_state_follows_the_url(page, board, tmp_path):
    page.goto(f"{board}/?as_of=2016-03-10")
    tile = page.locator("a.tile", has_text="Urgent and high")
    expect(tile.locator(".tile-value")).to_have_text("20")
    tile.click()
    expect(page).to_have_url(re.compile(r"/cases\?severity=1&severity=2&as_of=2016-03-10"))
    expect(page.locator(".count")).to_have_text("20 of 890 cases")
    expect(rows(page)).to_have_count(20)

    # Sort: the URL follows without a new page.
    page.locator(".ag-header-cell[col-id='number'] .ag-header-cell-label").click()
    expect(page).to_have_url(re.compile(r"sort=number"))
    ascending = first_number(page)
    page.locator(".ag-header-cell[col-id='number'] .ag-header-cell-label").click()
    expect(page).to_have_url(re.compile(r"sort=-number"))
    expect(page.locator(".ag-row[row-index='0'] [col-id='number'] a")).not_to_have_text(ascending)

    # Filter.
    page.get_by_text("Add filter").click()
    page.locator("#filter-name").click()
    page.get_by_role("option", name="Status", exact=True).click()
    page.locator("#filter-values").click()
    page.get_by_role("option", name=re.compile("^Active")).click()
    page.keyboard.press("Escape")
    page.locator("#filter-apply").dispatch_event("click")
    expect(page).to_have_url(re.compile(r"status=Active"))
    expect(page.locator(".chip", has_text="Status: Active")).to_be_visible()
    shown = int(page.locator(".count strong").inner_text())
    assert 0 < shown < 20
    filtered = page.url

    # The file is the screen.
    with page.expect_download() as download:
        page.locator("#csv").click()
    path = tmp_path / "cases.csv"
    download.value.save_as(path)
    told = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(told) == shown
    assert {row["status"] for row in told} == {"Active"}
    assert {row["severity"] for row in told} <= {"1", "2"}

    # A case, the other theme, and back.
    number = first_number(page)
    page.locator(".ag-pinned-left-cols-container .ag-row[row-index='0'] a").click()
    expect(page.locator("h1")).to_have_text(number)
    expect(page).to_have_url(re.compile(rf"/cases/{number}\?.*status=Active"))
    expect(page.locator(".timeline > li").first).to_be_visible()
    page.locator("#toggle-theme").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.go_back()
    expect(page).to_have_url(filtered)
    expect(page.locator(".count strong")).to_have_text(str(shown))
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator(".count strong")).to_have_text(str(shown))


def test_a_bar_leads_to_its_rows(page, board):
    page.goto(f"{board}/?as_of=2016-03-10")
    panel = page.locator(".panel", has_text="Open by severity")
    panel.locator(".bars .point path").nth(2).click(force=True)
    # It asks the whole page for them; the tile leads to exactly those rows.
    expect(page).to_have_url(re.compile(r"/\?.*severity=2"))
    expect(page.locator(".chip", has_text="High")).to_be_visible()
    page.locator(".tile", has_text="Open cases").click()
    expect(page).to_have_url(re.compile(r"/cases\?severity=2&as_of"))
    expect(page.locator(".count strong")).to_have_text("12")


def test_the_search_box_jumps_to_a_case_by_its_number_and_lists_the_rest(page, board):
    page.goto(f"{board}/cases?state=all")
    expect(rows(page).first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("INC0000045")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("INC0000045")
    page.keyboard.press("/")
    page.keyboard.type("Symptom 471")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases\?q=Symptom\+471"))


def test_the_whole_table_can_be_scrolled(page, board):
    page.goto(f"{board}/cases?state=all&as_of=2016-03-10&sort=number&columns=number,status")
    expect(page.locator(".count")).to_have_text("890 of 890 cases")
    page.locator(".ag-body-viewport").evaluate("view => view.scrollTo(0, view.scrollHeight)")
    last = page.locator(".ag-pinned-left-cols-container .ag-row[row-index='889']")
    expect(last).to_be_visible()
    expect(last).to_contain_text("INC")


def test_columns_instant_and_zone_are_chosen_and_stand_in_the_url(page, board):
    page.goto(f"{board}/cases?as_of=2016-03-10")
    page.get_by_text("Columns", exact=True).click()
    page.locator("#column-list li[data-column='product'] .column-name").click()
    page.locator("#columns-apply").click()
    expect(page).to_have_url(re.compile(r"columns="))
    expect(page.locator(".ag-header-cell[col-id='product']")).to_have_count(0)
    page.locator(".menu.zone summary").click()
    page.locator("#zone").fill("Asia/Tokyo")
    page.locator("#zone-apply").click()
    expect(page).to_have_url(re.compile(r"tz=Asia%2FTokyo"))
    expect(page.locator(".menu.as-of summary")).to_have_text("10 March 2016 09:00 JST")
    page.locator(".menu.as-of summary").click()
    page.locator(".menu.as-of").get_by_text("Back to now").click()
    expect(page).not_to_have_url(re.compile(r"as_of"))


def test_where_nothing_is_open_now_the_past_is_one_click_away(page, board):
    page.goto(board)
    page.locator(".notice").get_by_role("link", name=re.compile("2 March 2016")).click()
    expect(page).to_have_url(re.compile(r"as_of=2016-03-02T15"))
    expect(page.locator(".tile", has_text="Open cases").locator(".tile-value")).not_to_have_text(
        "0"
    )


def test_filtered_to_nothing_it_names_the_filter_to_drop(page, board):
    page.goto(f"{board}/cases?as_of=2016-03-10&severity=1&account=Location+999")
    expect(page.locator(".notice")).to_contain_text("No case is like that")
    page.get_by_text("Without account: 8 cases").click()
    expect(page.locator(".count strong")).to_have_text("8")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/cases?severity=9", "severity: '9' is not one of 1, 2, 3, 4"),
        ("/?nonsense=1", "nonsense: unknown parameter"),
        ("/nowhere", "There is no such page"),
        ("/cases/NOPE", "No case has the number NOPE"),
    ],
)
def test_a_wrong_address_is_told_kindly(page, board, path, words):
    page.expected_faults = ["Failed to load resource"]
    page.goto(board + path)
    expect(page.locator(".notice-fault")).to_contain_text(words)


def test_a_new_board_offers_the_sample_and_loads_it(page, new_board):
    page.goto(new_board)
    expect(page.get_by_text("There are no cases yet")).to_be_visible()
    page.locator("#load-sample").click()
    expect(page.locator(".tiles")).to_be_visible(timeout=30_000)
    opened = page.locator(".tile", has_text="Opened, last week").locator(".tile-value")
    assert int(opened.inner_text()) > 300


@pytest.mark.parametrize(
    "path", ["/?as_of=2016-03-10", "/cases?as_of=2016-03-10", "/cases/INC0000045"]
)
def test_nothing_is_wider_than_a_phone(page, board, path):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(board + path)
    expect(page.locator("#content > *").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_database_that_goes_away_is_told_and_found_again(page, tmp_path):
    from app.local import POSTGRES_BIN, LocalServers
    from app.settings import use

    local = LocalServers(tmp_path / "away", Path(os.environ.get("TEST_PG_BIN", POSTGRES_BIN)))
    running = local.start(durable=False)
    with cloned(EMPTY):
        from app import database
        from etl.events_import import SAMPLE, import_events

        database.reset()
        use(running.environment())
        database.upgrade()
        import_events(SAMPLE)
        served = serve_here()
        address = next(served)
        try:
            page.expected_faults = [
                "Failed to load resource",
                "Callback error",
                "server did not respond",
            ]
            page.goto(f"{address}/cases?state=all&sort=number")
            expect(rows(page).first).to_be_visible()
            local.children[0].stop()
            page.locator(".ag-body-viewport").evaluate(
                "view => view.scrollTo(0, view.scrollHeight)"
            )
            expect(page.locator("#fault")).to_contain_text("The database does not answer")
            page.get_by_role("link", name="Overview").click()
            expect(page.locator(".notice-fault").first).to_contain_text("cannot be read")
            expect(page.locator("#marks")).to_have_text("No data at the moment")
            local.start(durable=False)
            page.reload()
            expect(page.locator(".tiles")).to_be_visible()
        finally:
            served.close()
            database.reset()
            local.stop()
