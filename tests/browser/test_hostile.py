"""Every field of a case, its card, its bugs and comments hostile: inert, readable and whole.

On the table, in its detail, facets and filters, on the page of the case, copied, and in the file.
"""

import csv
import io
import json
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from app.columns import COLUMNS
from app.database import transaction
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.app.test_export import TRIGGERS
from tests.browser.conftest import serve_here
from tests.browser.test_board import pytestmark as browser_marks
from tests.browser.test_board import rows
from tests.conftest import EMPTY, cloned

pytestmark = browser_marks

BORN = datetime(2026, 5, 1, tzinfo=UTC)
TEXTS = {
    "SCRIPT": "<script>window.ran=1</script></textarea></title><script>window.ran=1</script>",
    "EVENT": "\"'><img src=x onerror=window.ran=2><svg/onload=window.ran=3><details open ontoggle=ran=4>",
    "LINK": "[click](javascript:window.ran=5) <a href='JaVaScRiPt:window.ran=6'>x</a> javascript:ran=7",
    "FRAME": "<iframe srcdoc='<script>parent.ran=8</script>'></iframe><math><mi xlink:href=javascript:a>",
    "RTL": "انقطاع الشبكة \u202e gpj.exe \u202c في الموقع",
    "EMOJI": "👩‍🚒🚒🧯 — 1 < 2 & 3 > 2 \u200b\u200d e\u0301",
    "FORMULA": '=HYPERLINK("http://127.0.0.1/?"&A1,"x")',
    "COMMAND": "@SUM(1+1)*cmd|' /C calc'!A0",
    "LONG": ("0123456789 long " * 7_000)[:100_000],
    "UNBROKEN": "W" * 100_000,
}
COLUMNS_ALL = ",".join(COLUMNS)


def told(at=BORN, **fields):
    return tuple(
        Fact(name, value, at, actor=fields.get("status")) for name, value in fields.items()
    )


def records(number, words):
    """A case of which every field says the words, and all that hangs on it."""
    later = canonical_instant(BORN + timedelta(days=1))
    listed = json.dumps([words[:2_000]])
    born = canonical_instant(BORN)
    card = f"CARD-{number}"
    yield Observation(1, number, told(
        created=born, status=words, severity="2", summary=words, description=words, account=words,
        product=words, product_version=words, owner=words, group=words, tags=listed,
        escalation_link="javascript:window.ran=9",
    ))  # fmt: skip
    yield Observation(1, number, told(BORN + timedelta(hours=1), status="Waiting", summary=words))
    yield Observation(2, f"{number}|a", told(text=words, author=words, created=later), "comment")
    yield Observation(3, card, told(
        created=born, cases=json.dumps([number]), summary=words, status=words, assignee=words,
        contributors=listed, labels=listed,
    ), "card")  # fmt: skip
    yield Observation(
        4, f"{card}|b{number}", told(text=words, author=words, created=later), "card_comment"
    )
    yield Observation(5, f"{number}|bugzilla|{number}", told(linked="true"), "link")
    yield Observation(6, f"bugzilla|{number}", told(
        created=born, summary=words, status=words, severity=words, target=words, assignee=words,
    ), "bug")  # fmt: skip


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        with transaction() as connection:
            found = [one for number, words in TEXTS.items() for one in records(number, words)]
            load(connection, start_run("test", "hostile"), "test", found)
        yield from serve_here()


def nothing_ran(page):
    page.wait_for_timeout(400)
    assert page.evaluate("window.ran") is None
    assert not page.locator("a[href^='javascript' i], iframe[srcdoc]").count()
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_runs_in_the_table_its_detail_facets_or_filters(page, desk, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{desk}/cases?state=all&sort=number&columns={COLUMNS_ALL}")
    expect(rows(page).first).to_be_visible()
    page.locator("#facets-toggle").click()
    expect(page.locator(".facet-value").first).to_be_visible()
    if width > 1000:
        for row in range(len(TEXTS)):
            page.locator(f".ag-row[row-index='{row}'] .expand").click()
            expect(page.locator("#detail .comments > li")).to_have_count(2)
            nothing_ran(page)
    nothing_ran(page)
    for name in ("account", "status", "tag"):
        page.goto(f"{desk}/cases?state=all&{name}=&sort=number")
        page.locator("#filter-menu summary").click()
        page.locator("#filter-name").click()
        page.keyboard.type({"account": "Account", "status": "Status", "tag": "Tag"}[name])
        page.keyboard.press("Enter")
        nothing_ran(page)


@pytest.mark.parametrize("number", TEXTS)
def test_a_case_tells_its_texts_whole_and_inert(page, desk, number):
    page.goto(f"{desk}/cases/{number}?state=all")
    expect(page.locator(".event-comments")).to_have_count(2)
    nothing_ran(page)
    words = TEXTS[number]
    assert page.locator(".grow h2").first.text_content() == words
    comment = page.locator(".event-comments .told").last
    assert comment.text_content() == words.strip()
    if len(words) > 5_000:
        page.locator(".event-comments details summary").last.click()
        expect(comment).to_be_visible()
        nothing_ran(page)


def test_the_file_has_every_text_whole_and_no_formula(desk):
    with urllib.request.urlopen(f"{desk}/api/v1/cases.csv?state=all&columns={COLUMNS_ALL}") as file:
        lines = list(csv.DictReader(io.StringIO(file.read().decode(), newline="")))
    assert {line["number"] for line in lines} == set(TEXTS)
    for line in lines:
        words = TEXTS[line["number"]]
        inert = f"'{words}" if words.startswith(TRIGGERS) else words
        assert line["summary"] == inert
        assert line["last_comment"] == inert
        for name, cell in line.items():
            if COLUMNS[name].kind in {"text", "list"}:
                assert not cell.startswith(TRIGGERS), name


def test_copied_rows_paste_as_text(page, desk):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(
        f"{desk}/cases?state=all&sort=number&columns=number,summary,account,owner,group,last_comment"
    )
    expect(rows(page)).to_have_count(len(TEXTS))
    for kind in ("table", "markdown"):
        page.locator("#copy").click()
        page.locator(f"[data-copy='{kind}']").click()
        expect(page.locator("#toast")).to_contain_text(f"{len(TEXTS)} rows were copied")
        plain = page.evaluate("navigator.clipboard.readText()")
        lines = plain.split("\n")
        assert len(lines) == len(TEXTS) + (kind == "table")
        if kind == "table":
            for line in lines[1:]:
                cells = line.split("\t")
                assert len(cells) == 6
                assert not any(cell.startswith(TRIGGERS) for cell in cells)
        else:
            assert "](javascript" not in plain
            assert "<script" not in plain.replace("\\<", "")
        html = page.evaluate(
            """async () => {
                const [item] = await navigator.clipboard.read();
                return item.types.includes("text/html")
                    ? (await item.getType("text/html")).text() : "";
            }"""
        )
        page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", html)
        nothing_ran_in_paste = page.evaluate("window.ran")
        page.wait_for_timeout(300)
        assert nothing_ran_in_paste is None
        assert page.evaluate("window.ran") is None
        page.reload()
        expect(rows(page)).to_have_count(len(TEXTS))
