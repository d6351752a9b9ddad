"""The weekly report in a browser: its numbers lead somewhere, it is copied, printed and inert."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import serve_here
from tests.browser.test_board import pytestmark as browser_marks
from tests.browser.test_texts import TEXTS
from tests.conftest import EMPTY, cloned
from tests.etl.test_bad_files import HEAD, row
from tests.replay import closed_between, opened_between

pytestmark = browser_marks

WEEK = "from=2016-03-07&to=2016-03-14"
# The replay counts in (start, end], the report in [start, end).
TICK = timedelta(microseconds=1)
START, END = datetime(2016, 3, 7, tzinfo=UTC), datetime(2016, 3, 14, tzinfo=UTC)


def number(page, label):
    return page.locator(".report-numbers li", has_text=label).first.locator(".report-number")


def clipboard(page):
    return page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            const told = {};
            for (const type of item.types) told[type] = await (await item.getType(type)).text();
            return told;
        }"""
    )


def test_numbers_are_those_of_a_replay_and_lead_to_their_rows(page, board):
    page.goto(f"{board}/weekly?{WEEK}")
    expect(page.locator(".period-words")).to_have_text("7 to 13 March 2016")
    for label, wanted in (
        ("Opened", opened_between(START - TICK, END - TICK)),
        ("Closed", closed_between(START - TICK, END - TICK)),
    ):
        expect(number(page, label)).to_have_text(f"{wanted:,}")
    opened = number(page, "Opened").inner_text()
    number(page, "Opened").locator("a").click()
    expect(page).to_have_url(re.compile(r"/cases\?.*created_from"))
    expect(page.locator(".count strong")).to_have_text(opened)


def test_the_period_is_chosen_by_two_instants_and_faults_are_told(page, board):
    page.goto(f"{board}/weekly?{WEEK}")
    page.locator(".periodpicker summary").click()
    page.locator("#period-to").fill("yesterday")
    page.locator("#period-apply").click()
    expect(page.locator("#period-fault")).to_contain_text("'yesterday' is not an ISO 8601")
    page.locator("#period-to").fill("2016-03-01")
    page.locator("#period-apply").click()
    expect(page.locator("#period-fault")).to_contain_text("after the start")
    page.locator("#period-from").fill("2016-03-01 09:30")
    page.locator("#period-to").fill("2016-03-08")
    page.locator("#period-apply").click()
    expect(page.locator(".period-words")).to_have_text("1 March 2016 09:30 UTC to 8 March 2016")
    expect(page).to_have_url(re.compile(r"from=2016-03-01T09%3A30%3A00Z&to=2016-03-08T00"))


def test_it_is_copied_in_three_forms(page, board):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{board}/weekly?{WEEK}&severity=1")
    closed = number(page, "Closed").inner_text()
    page.locator("[data-report-copy='rich']").click()
    expect(page.locator("#toast")).to_contain_text("The report was copied")
    told = clipboard(page)
    assert set(told) == {"text/html", "text/plain"}
    assert f"Closed: {closed}" in told["text/plain"]
    assert "Open this report in Caseboard" in told["text/html"]
    # Pasted into a page as rich text, it is the report.
    page.evaluate("html => { document.body.innerHTML = html; }", told["text/html"])
    expect(page.locator("h2", has_text=f"Closed: {closed}")).to_be_visible()
    page.goto(f"{board}/weekly?{WEEK}&severity=1")
    page.locator("[data-report-copy='markdown']").click()
    expect(page.locator("#toast")).to_contain_text("Markdown")
    told = clipboard(page)
    assert told["text/plain"].startswith("# Weekly report")
    assert f"## Closed: [{closed}](" in told["text/plain"]
    page.locator("[data-report-copy='html']").click()
    expect(page.locator("#toast")).to_contain_text("source of the HTML mail")
    assert clipboard(page)["text/plain"].startswith("<!DOCTYPE html>")


def test_it_prints_without_rail_and_buttons(page, board):
    page.goto(f"{board}/weekly?{WEEK}")
    expect(page.locator(".report-section").first).to_be_visible()
    page.emulate_media(media="print")
    for hidden in (".rail", ".search", ".copying", ".periodpicker .row", ".filterbar button"):
        assert not page.locator(hidden).first.is_visible(), hidden
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".period-words")).to_be_visible()
    assert (
        page.locator(".report-section thead").first.evaluate(
            "head => getComputedStyle(head).display"
        )
        == "table-header-group"
    )
    assert len(page.pdf(format="A4")) > 10_000


def test_nothing_of_a_source_runs(page, tmp_path):
    from etl.events_import import import_events

    path = tmp_path / "log.csv"
    lines = [row(n, place=f'"{t}"', symptom=f'"{t}"', state="New") for n, t in TEXTS.items()]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    with cloned(EMPTY):
        assert import_events(path).rejected == 0
        server = serve_here()
        address = next(server)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{address}/weekly?from=2016-01-01&to=2017-01-01")
        expect(number(page, "Opened")).to_have_text(str(len(TEXTS)))
        expect(page.locator("td", has_text="<script>").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440
        page.locator("[data-report-copy='rich']").click()
        expect(page.locator("#toast")).to_contain_text("copied")
        html = clipboard(page)["text/html"]
        page.evaluate("html => { document.body.insertAdjacentHTML('beforeend', html); }", html)
        page.wait_for_timeout(300)
        assert page.evaluate("window.ran") is None
        assert not page.locator("a[href^='javascript']").count()
        mail = page.context.new_page()
        mail.goto(f"{address}/api/v1/report.html?from=2016-01-01&to=2017-01-01")
        mail.wait_for_timeout(300)
        assert mail.evaluate("window.ran") is None
        page.goto("about:blank")
        next(server, None)


@pytest.mark.parametrize("path", ["/weekly", "/updates"])
def test_an_empty_period_says_so_and_a_wrong_one_is_refused(page, board, path):
    page.goto(f"{board}{path}?account=nobody&{WEEK}")
    expect(page.locator(".notice")).to_contain_text("period")
    page.expected_faults.append("400")
    answer = page.goto(f"{board}{path}?from=2016-03-14&to=2016-03-07")
    assert answer.status == 400
    expect(page.locator(".notice-fault")).to_contain_text("must be after from")
