"""An engineer at the desk: keys, facets, views, detail, copying, and a case told whole."""

import csv
import re
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from app.database import read
from etl.seed import seed
from tests.browser.conftest import serve_here, settle
from tests.browser.test_board import first_number, rows
from tests.browser.test_board import pytestmark as browser_marks
from tests.conftest import EMPTY, cloned

pytestmark = [*browser_marks, pytest.mark.long]
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
NOW = "as_of=2026-06-01"
FIRST = ".ag-row[row-index='0'] [col-id='number']"


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        seed(1_500, 3, UNTIL)
        yield from serve_here()


@pytest.fixture
def table(page, desk):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def go(query: str = "state=all", fragment: str = ""):
        page.goto(f"{desk}/cases?{NOW}&{query}{fragment}")
        expect(rows(page).first).to_be_visible()
        expect(page.locator("#count strong")).to_be_visible()
        return page

    return go


def shown(page) -> int:
    return int(page.locator("#count strong").inner_text().replace(",", ""))


def one(statement: str) -> str:
    return str(read(text(statement)).iloc[0, 0])


def test_everything_can_be_done_by_keyboard(table):
    page = table()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.locator(".ag-row[row-index='0'] [col-id='severity']").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ag-row[row-index='2'] .ag-cell-focus")).to_be_visible()
    number = page.locator(".ag-row[row-index='2'] [col-id='number'] a").inner_text()
    page.keyboard.press(" ")
    expect(page.locator("#copy")).to_have_text("Copy 1")
    page.keyboard.press("c")
    expect(page.locator("#toast")).to_contain_text("1 rows were copied")
    assert number in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("d")
    expect(page.locator("#detail h2")).to_contain_text(number)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#detail h2")).not_to_contain_text(number)
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".event").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("error")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases\?.*q=error"))


def test_a_facet_shows_as_many_rows_as_it_says_and_the_order_stays(table):
    page = table("state=all&sort=number&columns=number,severity,account")
    page.locator("#facets-toggle").click()
    facet = page.locator(".facet", has_text="Account").locator(".facet-value").first
    expect(facet).to_be_visible()
    count = int(facet.locator(".facet-count").inner_text().replace(",", ""))
    name = facet.locator(".facet-label").inner_text()
    facet.click()
    expect(page.locator(".chip", has_text=f"Account: {name}")).to_be_visible()
    expect(page.locator("#count strong")).to_have_text(f"{count:,}")
    expect(page).to_have_url(
        re.compile(r"sort=number.*columns=number,severity,account|columns=number.*sort=number")
    )
    page.locator(".ag-header-cell[col-id='severity'] .ag-header-cell-label").click()
    expect(page).to_have_url(re.compile("sort=severity"))
    page.locator(".facet-value.chosen").first.click()
    expect(page.locator(".chip", has_text="Account")).to_have_count(0)
    expect(page).to_have_url(re.compile("sort=severity"))
    expect(page.locator("#count strong")).to_have_text("1,500")
    severities = page.locator(".facet", has_text="Severity").locator(".facet-label")
    assert severities.all_inner_texts() == ["Urgent", "High", "Normal", "Low"]
    page.reload()
    expect(page.locator(".facet-value").first).to_be_visible()
    expect(page.locator("#facets-toggle")).to_have_attribute("aria-expanded", "true")


def test_rows_are_sorted_by_several_headers_with_mouse_and_keys(table):
    page = table()
    page.locator(".ag-header-cell[col-id='severity'] .ag-header-cell-label").click()
    expect(page).to_have_url(re.compile("sort=severity$"))
    product = page.locator(".ag-header-cell[col-id='product']")
    product.locator(".ag-header-cell-label").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("sort=severity,product$"))
    account = page.locator(".ag-header-cell[col-id='account']")
    account.focus()
    page.keyboard.press("Shift+Enter")
    expect(page).to_have_url(re.compile("sort=severity,product,account$"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=-account$"))


def test_a_link_shows_another_person_the_same_rows_columns_and_place(table, browser, desk):
    page = table("state=all&sort=account,-created&columns=number,account,created,tags")
    page.locator(".ag-body-viewport").evaluate("view => view.scrollTo(0, 36 * 300)")
    expect(page).to_have_url(re.compile(r"#row=300"))
    expect(page.locator(".ag-row[row-index='301'] [col-id='number'] a")).to_be_visible()
    seen = page.locator(".ag-row[row-index='301'] [col-id='number'] a").inner_text()
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(page.url)
    expect(other.locator(".ag-row[row-index='301'] [col-id='number'] a")).to_have_text(seen)
    heads = other.locator(".ag-header-cell[col-id] .header-name").all_inner_texts()
    assert [head for head in heads if head] == ["Case", "Account", "Created", "Tags"]
    other.context.close()


def test_a_view_is_saved_changed_reset_updated_deleted_and_brought_back(table, page, desk):
    table("severity=1&sort=number")
    page.locator("#views-label").click()
    page.locator("#views-name").fill("My urgent ones")
    page.locator("#views-save").click()
    expect(page.locator("#views-label")).to_contain_text("My urgent ones")
    expect(page.locator("#views-changed")).to_be_empty()
    page.keyboard.press("Escape")
    page.locator(".ag-header-cell[col-id='account'] .ag-header-cell-label").click()
    expect(page.locator("#views-changed")).to_contain_text("changed since saved")
    page.locator("#views-changed").get_by_text("Reset").click()
    expect(page.locator("#views-changed")).to_be_empty()
    expect(page).to_have_url(re.compile("sort=number"))
    page.locator(".ag-header-cell[col-id='account'] .ag-header-cell-label").click()
    page.locator("#views-changed").get_by_text("Update").click()
    expect(page.locator("#views-changed")).to_be_empty()

    # It opens the table, until it is deleted.
    page.locator("#views-label").click()
    mine = page.locator(".views li", has_text="My urgent ones")
    mine.get_by_label("Open the table with it").click()
    expect(mine.get_by_label("No longer open the table with it")).to_be_visible()
    page.goto(f"{desk}/cases")
    expect(page).to_have_url(re.compile(r"/cases\?.*severity=1.*sort=account"))
    expect(page.locator("#views-label")).to_contain_text("My urgent ones")
    page.locator("#views-label").click()
    mine.get_by_label("Pin").click()
    expect(page.locator(".views section").first).to_contain_text("Pinned")
    mine.get_by_label("Delete").click()
    expect(mine).to_have_count(0)
    page.locator("#views-undo").get_by_text("Undo").click()
    expect(mine).to_have_count(1)
    page.locator("#views-label").click()
    page.locator("a[data-view='ready:recent']").click()
    expect(page).to_have_url(re.compile("recent=7"))
    expect(page.locator("#views-label")).to_contain_text("Recent updates")


def test_columns_are_chosen_moved_and_pinned(table):
    page = table()
    page.get_by_text("Columns", exact=True).click()
    page.locator("#column-list li[data-column='tags'] .column-name").click()
    page.locator("#column-list li[data-column='summary'] [data-act='up']").click()
    page.locator("#column-list li[data-column='severity'] [data-act='pin']").click()
    expect(page.locator(".ag-pinned-left-header [col-id='severity']")).to_be_visible()
    page.locator("#columns-apply").click()
    expect(page).to_have_url(re.compile(r"columns=number,summary,severity,.*tags"))
    expect(page.locator(".ag-pinned-left-header [col-id='severity']")).to_be_visible()
    # The page is drawn anew, its menus shut.
    settle(page)
    page.get_by_text("Columns", exact=True).click()
    page.locator("#columns-usual").click()
    expect(page).not_to_have_url(re.compile("columns="))


def test_widths_and_density_stay_with_the_reader(table):
    page = table()
    header = page.locator(".ag-header-cell[col-id='account']")
    before = header.bounding_box()["width"]
    edge = header.locator(".ag-header-cell-resize").bounding_box()
    page.mouse.move(edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2)
    page.mouse.down()
    page.mouse.move(edge["x"] + 90, edge["y"] + edge["height"] / 2, steps=5)
    page.mouse.up()
    assert header.bounding_box()["width"] > before + 60
    high = rows(page).first.bounding_box()["height"]
    page.get_by_role("button", name="Density").click()
    expect(rows(page).first).to_have_css("height", "30px")
    assert high > 30
    wide = header.bounding_box()["width"]
    page = table("state=all&sort=number")
    expect(rows(page).first).to_have_css("height", "30px")
    assert abs(page.locator(".ag-header-cell[col-id='account']").bounding_box()["width"] - wide) < 2


def test_a_bug_that_is_taken_less_seriously_than_its_case_is_named(page, desk):
    number = one(
        "select l.case_number from case_bugs l join bugs b using (tracker, key) "
        "join cases c using (case_number) where c.severity = 1 and l.unlinked_at is null "
        "and lower(b.severity) in ('low', 'medium') order by 1 limit 1"
    )
    page.goto(f"{desk}/cases/{number}?{NOW}")
    flag = page.locator(".flag.mismatch").first
    expect(flag).to_be_visible()
    expect(flag).to_contain_text(re.compile("urgent", re.IGNORECASE))


def test_a_long_file_tells_its_progress_and_is_whole(table, tmp_path):
    page = table("state=all&sort=number")
    page.evaluate("document.getElementById('csv').dataset.rows = 60000")
    with page.expect_download() as download:
        page.locator("#csv").click()
    download.value.save_as(tmp_path / "all.csv")
    told = list(csv.DictReader((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert len(told) == shown(page) == 1_500
    expect(page.locator("#toast")).to_contain_text("is complete")


def test_a_mistyped_word_and_a_deep_filter_are_told(table, page, desk):
    page.goto(f"{desk}/cases?{NOW}&state=all&q=netwrok")
    expect(page.locator("#table-note")).to_contain_text("these say network")
    expect(rows(page).first).to_be_visible()
    page.goto(f"{desk}/cases?{NOW}&q=zzzzzzzz&severity=1")
    expect(page.locator("#table-note")).to_contain_text("No case is like that")
    page.locator("#table-note a", has_text="Without search").click()
    expect(rows(page).first).to_be_visible()


def test_a_case_is_told_whole_and_its_events_can_be_linked_to(page, desk):
    number = one(
        "select case_number from case_bugs join jira_comments using (case_number) "
        "group by 1 order by count(*) desc, 1 limit 1"
    )
    page.goto(f"{desk}/cases/{number}?{NOW}&state=all&sort=number")
    expect(page.locator(".event").first).to_be_visible()
    for kind in ("comments", "case", "cards", "bugs"):
        assert page.locator(f".event-{kind}").count() > 0, kind
    page.locator(".kind[data-kind='comments']").click()
    expect(page.locator(".event-comments").first).to_be_hidden()
    page.reload()
    expect(page.locator(".event-case").first).to_be_visible()
    expect(page.locator(".event-comments").first).to_be_hidden()

    # A link to a hidden event shows it.
    anchor = page.locator(".event-comments").last.get_attribute("id")
    page.goto("about:blank")
    page.goto(f"{desk}/cases/{number}?{NOW}&state=all&sort=number#{anchor}")
    expect(page.locator(f"#{anchor}.meant")).to_be_visible()
    page.locator(".way .next").click()
    expect(page.locator("h1")).to_have_text(str(int(number) + 1).zfill(8))
    page.locator(".way .previous").click()
    expect(page.locator("h1")).to_have_text(number)
    assert "sort=number" in page.url
    page.locator(".stretches summary").click()
    expect(page.locator(".stretches table")).to_be_visible()
    page.locator(".way a").first.click()
    expect(page).to_have_url(re.compile(r"/cases\?"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/cases?state=all", "/cases/"])
def test_nobody_is_shut_out(browser, desk, path, scheme):
    """No serious fault by axe: names, roles, contrast, keyboard."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
    page = context.new_page()
    if path == "/cases/":
        path += one("select case_number from case_bugs order by 1 limit 1")
    page.goto(desk + path)
    expect(page.locator(".ag-row, .event").first).to_be_visible()
    if "state" in path:
        page.locator("#facets-toggle").click()
        expect(page.locator(".facet-value").first).to_be_visible()
        page.locator(".expand").first.click()
        expect(page.locator("#detail h2")).to_be_visible()
    page.wait_for_timeout(500)
    told = Axe().run(page).response["violations"]
    faults = [
        (fault["id"], [node["target"] for node in fault["nodes"]][:3])
        for fault in told
        if fault["impact"] in {"serious", "critical"}
    ]
    context.close()
    assert not faults


def test_the_desk_is_usable_on_a_phone(page, desk):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{desk}/cases?{NOW}&state=all")
    expect(rows(page).first).to_be_visible()
    page.locator(".expand").first.click()
    expect(page.locator("#detail h2")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#detail-close").click()
    page.locator("#views-label").click()
    expect(page.locator("a[data-view='ready:all']")).to_be_in_viewport()
    page.locator("a[data-view='ready:all']").click()
    page.locator("#facets-toggle").click()
    expect(page.locator(".facet-value").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(FIRST + " a").click()
    expect(page.locator(".event").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_link_is_copied_when_somebody_asks_and_not_before(table):
    page = table("severity=1")
    page.evaluate("navigator.clipboard.writeText('mine')")
    page.reload()
    expect(rows(page).first).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("navigator.clipboard.readText()") == "mine"
    page.locator("#copy-link").click()
    expect(page.locator("#announce")).to_have_text("The link was copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_the_middle_of_a_long_table_is_reached_at_once_and_again(table):
    page = table("state=all&sort=number")
    for row in (1_200, 700, 1_499):
        page.locator(".ag-body-viewport").evaluate(
            "(view, row) => view.scrollTo(0, 36 * (row - 3))", row
        )
        number = page.locator(f".ag-row[row-index='{row}'] [col-id='number'] a")
        expect(number).to_have_text(f"{2_000_001 + row:08d}")


def test_the_first_number_is_the_first_of_the_file(table, desk):
    page = table("sort=-created")
    assert first_number(page) == one(
        "select case_number from cases order by created_date desc, 1 limit 1"
    )


def test_new_data_are_seen_where_the_reader_stands(page, desk):
    from app.database import transaction
    from etl.load import load
    from etl.records import Fact, Observation, canonical_instant
    from etl.runs import start_run

    page.goto(f"{desk}/cases?state=all&sort=number")
    expect(page.locator("#count strong")).to_have_text("1,500")
    page.wait_for_timeout(5_000)
    born = datetime(2026, 5, 1, tzinfo=UTC)
    told = {"created": canonical_instant(born), "status": "New", "summary": "Just told"}
    with transaction() as connection:
        facts = tuple(Fact(name, value, born) for name, value in told.items())
        load(connection, start_run("test", "test"), "test", [Observation(1, "00000001", facts)])
    expect(page.locator("#count strong")).to_have_text("1,501", timeout=15_000)
    expect(page.locator(FIRST + " a")).to_have_text("00000001")
    expect(page).to_have_url(re.compile(r"sort=number$"))
