"""Accounts and engineers on screen: the index, its order, pages of any name, links from tables."""

import re

import pytest
from playwright.sync_api import expect

from etl.events_import import import_events
from tests.app.test_names import HEAD
from tests.browser.conftest import serve_here
from tests.browser.test_board import pytestmark as browser_marks
from tests.conftest import EMPTY, cloned

pytestmark = browser_marks
NAMES = ['Say "hi" / <b>bye</b>', "東京通信株式会社", "شركة الاتصالات", "50% & more?", ".."]
WHEN = "as_of=2016-04-01"


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    lines = [HEAD]
    for place, name in enumerate(NAMES):
        cell = '"' + name.replace('"', '""') + '"'
        lines += [
            f"INC{place}{n},New,0,01-03-2016 10:00,Ann,01-03-2016 10:05,{cell},Router,R1,It hurts,"
            f"1 - Critical,Group 1,{cell},?\n"
            for n in range(place + 1)
        ]
    path = tmp_path_factory.mktemp("named") / "log.csv"
    path.write_text("".join(lines), encoding="utf-8")
    with cloned(EMPTY):
        import_events(path)
        yield from serve_here()


def names(page):
    return page.locator(".who-grid .ag-pinned-left-cols-container [col-id='name'] a")


@pytest.mark.parametrize("kind", ["accounts", "engineers"])
def test_the_index_leads_to_pages_of_any_name(page, named, kind):
    page.goto(f"{named}/{kind}?{WHEN}")
    expect(names(page)).to_have_text(list(reversed(NAMES)))
    for name in NAMES[:4]:
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator("h1")).to_have_text(name)
        count = str(NAMES.index(name) + 1)
        tile = page.locator(".tile", has_text="Open cases").locator(".tile-value")
        expect(tile).to_have_text(count)
        page.reload()
        expect(page.locator("h1")).to_have_text(name)
        expect(page.locator(".case-list tbody tr")).to_have_count(int(count))
        page.goto(f"{named}/{kind}?{WHEN}")
    page.get_by_role("link", name="..", exact=True).click()
    expect(page).to_have_url(re.compile(rf"/cases\?.*{kind[:-1]}=\.\."))


def test_the_order_of_the_index_stands_in_the_address(page, named):
    page.goto(f"{named}/accounts?{WHEN}")
    expect(names(page).first).to_have_text(NAMES[-1])
    page.locator(".ag-header-cell[col-id='open_cases'] .ag-header-cell-text").click()
    expect(page).to_have_url(re.compile(r"#sort=open_cases$"))
    expect(names(page).first).to_have_text(NAMES[0])
    page.reload()
    expect(names(page).first).to_have_text(NAMES[0])


def test_a_number_of_the_index_opens_its_rows(page, named):
    page.goto(f"{named}/accounts?{WHEN}")
    row = page.locator(".who-grid .ag-center-cols-container .ag-row").nth(1)
    row.locator("[col-id='high_priority'] a").click()
    expect(page.locator(".count strong")).to_have_text("4")


def test_from_the_table_an_account_has_its_page_and_its_filter(page, named):
    page.goto(f"{named}/cases?{WHEN}&sort=number")
    cell = page.locator(".ag-row[row-index='0'] [col-id='account']")
    cell.hover()
    cell.get_by_title("Only account").click()
    expect(page.locator(".count strong")).to_have_text("1")
    page.locator(".ag-row[row-index='0'] [col-id='account'] a").first.click()
    expect(page.locator("h1")).to_have_text(NAMES[0])
    expect(page).to_have_url(re.compile(r"/accounts/Say%20%22hi%22%20%2F.*as_of"))


def test_an_unknown_name_and_an_empty_index_say_so(page, named):
    page.goto(f"{named}/accounts/Nobody%20at%20all?{WHEN}")
    expect(page.locator(".notice")).to_contain_text("No account of this name")
    page.goto(f"{named}/accounts?as_of=2010-01-01")
    expect(page.locator(".who-grid")).to_contain_text("No account has cases here")


@pytest.mark.parametrize("path", ["/accounts", "/accounts/50%25%20%26%20more%3F", "/engineers"])
def test_on_a_phone_nothing_is_wider_than_it(page, named, path):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{named}{path}?{WHEN}")
    expect(page.locator("#content > *").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
