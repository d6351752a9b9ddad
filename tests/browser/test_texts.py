"""Texts of sources are shown as they are, in every script, and nothing in them runs."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serve_here, settle
from tests.browser.test_board import pytestmark as browser_marks
from tests.browser.test_board import rows
from tests.conftest import EMPTY, cloned
from tests.etl.test_bad_files import HEAD, row

pytestmark = browser_marks

TEXTS = {
    "SCRIPT": "<script>window.ran=1</script><img src=x onerror=window.ran=2>",
    "LINK": "[click](javascript:window.ran=3) <a href='javascript:window.ran=4'>x</a>",
    "PLOTLY": "<a href='javascript:window.ran=5'>acc</a><b>bold</b>",
    "CJK": "网络中断，请尽快处理 ネットワーク障害 네트워크",
    "RTL": "انقطاع الشبكة في الموقع الرئيسي",
    "EMOJI": "🚒 urgent 🧯 — 1 < 2 & 3 > 2",
    "FORMULA": "=HYPERLINK(1)",
    "LONG": "x" * 3_000,
    "HUGE": "huge " * 20_000,
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    from etl.events_import import import_events

    path = tmp_path_factory.mktemp("texts") / "log.csv"
    lines = [
        row(number, place=f'"{text}"', symptom=f'"{text}"', state="New")
        for number, text in TEXTS.items()
    ]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    with cloned(EMPTY):
        assert import_events(path).rejected == 0
        yield from serve_here()


@pytest.mark.parametrize("path", ["/?as_of=2016-03-10", "/cases?as_of=2016-03-10"])
def test_nothing_runs_on_the_overview_or_in_the_table(page, texts, path):
    page.goto(texts + path)
    expect(page.locator(".panel, .ag-row").first).to_be_visible()
    page.wait_for_timeout(700)
    assert page.evaluate("window.ran") is None
    assert not page.locator("a[href^='javascript']").count()


@pytest.mark.parametrize("number", TEXTS)
def test_a_case_shows_its_text_as_it_is(page, texts, number):
    page.goto(f"{texts}/cases/{number}?as_of=2016-03-10")
    expect(page.locator(".grow h2").first).to_have_text(TEXTS[number])
    assert page.evaluate("window.ran") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_accounts_of_any_text_can_be_filtered_by_and_found_again(page, texts):
    page.goto(f"{texts}/?as_of=2016-03-10")
    for number in ("CJK", "RTL", "SCRIPT"):
        page.goto(f"{texts}/cases/{number}?as_of=2016-03-10")
        page.locator("dd a").first.click()
        expect(page).to_have_url(re.compile(r"/accounts/"))
        settle(page)
        page.get_by_role("link", name="Open cases 1").click()
        expect(page).to_have_url(re.compile(r"/cases\?account="))
        expect(page.locator(".count strong")).to_have_text("1")
        expect(rows(page).first).to_contain_text(TEXTS[number][:10])


@pytest.mark.parametrize("kind", ["table", "markdown"])
def test_copied_texts_are_inert_wherever_they_are_pasted(page, texts, kind):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{texts}/cases?as_of=2016-03-10&sort=number&columns=number,summary,account")
    expect(rows(page)).to_have_count(len(TEXTS))
    page.locator("#copy").click()
    page.locator(f"[data-copy='{kind}']").click()
    expect(page.locator("#toast")).to_contain_text(f"{len(TEXTS)} rows were copied")
    plain = page.evaluate("navigator.clipboard.readText()")
    for line in plain.split("\n"):
        for cell in line.split("\t"):
            assert not re.match("[=+@\t\r]", cell), cell
    assert TEXTS["CJK"] in plain
    assert TEXTS["RTL"] in plain
    html = page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            return item.types.includes("text/html") ? (await item.getType("text/html")).text() : "";
        }"""
    )
    if kind == "table":
        assert "'=HYPERLINK(1)" in plain
        assert "<script" not in html.replace("&#60;", "")
        # Pasted into a page as rich text, it is still text.
        page.evaluate("html => { document.body.insertAdjacentHTML('beforeend', html); }", html)
        page.wait_for_timeout(200)
        assert page.locator("table td", has_text="<script>").count() > 0
    else:
        assert "](javascript" not in plain
        assert "<script" not in plain.replace("\\<", "")
    assert page.evaluate("window.ran") is None
