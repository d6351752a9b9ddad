"""Every number on every page, clicked: the table that opens has exactly that many rows."""

import os
import random
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

import pytest
from sqlalchemy import text

import pages
from app.database import fetch_rows, read
from app.selection import count
from app.view import View
from etl.seed import seed
from tests.browser.conftest import serve_here, settle
from tests.browser.test_board import pytestmark as browser_marks
from tests.conftest import EMPTY, cloned

pytestmark = [*browser_marks, pytest.mark.long]
UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
# Each page is asked for a View of its own, as often as this.
VIEWS = int(os.environ.get("TEST_CRAWLER_VIEWS", "1"))
NUMBERS = """() => {
    document.querySelectorAll('details').forEach((part) => (part.open = true));
    return [...document.querySelectorAll('#content [data-count]')].map((number) => {
        const link = number.matches('a') ? number : number.querySelector('a');
        return [number.dataset.count, link ? link.getAttribute('href') : null];
    });
}"""


@pytest.fixture(scope="module")
def crowd():
    with cloned(EMPTY):
        seed(700, 5, UNTIL)
        yield from serve_here()


def one(statement: str) -> str:
    return str(read(text(statement)).iloc[0, 0])


def addresses() -> list[str]:
    """The addresses of all pages, their variable parts filled."""
    filled = {
        "cases/<number>": one("select case_number from case_bugs order by 1 limit 1"),
        "accounts/<": one("select account from cases group by 1 order by count(*) desc limit 1"),
        "engineers/<": one(
            "select engineer from case_versions where is_open and valid_to = 'infinity' "
            "group by 1 order by count(*) desc limit 1"
        ),
    }
    found = []
    for page in pages.PAGES:
        path = page.path
        if "<" in path:
            value = next(value for part, value in filled.items() if f"/{part}" in path)
            path = path[: path.index("<")] + quote(value, safe="")
        found.append(path)
    return found


def random_query(dice: random.Random) -> str:
    asked: list[tuple[str, str]] = []
    if dice.random() < 0.7:
        moment = UNTIL - timedelta(minutes=dice.randrange(60 * 24 * 900))
        asked.append(("as_of", moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
    else:
        asked.append(("as_of", "2026-06-01"))
    if dice.random() < 0.5:
        asked += [("severity", str(n)) for n in sorted(dice.sample(range(1, 5), 2))]
    if dice.random() < 0.3:
        asked.append(("account", one("select min(account) from cases")))
    if dice.random() < 0.3:
        asked.append(("bugs", dice.choice(["any", "none", "untargeted"])))
    if dice.random() < 0.3:
        asked.append(("tz", dice.choice(["Asia/Kolkata", "America/St_Johns", "Europe/Berlin"])))
    return urlencode(asked)


def rows_behind(href: str) -> int:
    """How many rows the table has there; that all who tell them agree, test_agreement.py proves."""
    parts = urlsplit(href)
    assert parts.path == "/cases", href
    view = View.from_query(parts.query)
    [[found]] = fetch_rows(count(view, view.as_of or datetime.now(UTC)))
    return int(found)


@pytest.mark.parametrize("number", range(VIEWS))
def test_every_number_opens_as_many_rows(page, crowd, number):
    dice = random.Random(number)
    wrong, seen = [], 0
    for path in addresses():
        query = random_query(dice)
        page.goto(f"{crowd}{path}?{query}")
        settle(page)
        numbers = {(shown, href) for shown, href in page.evaluate(NUMBERS) if href}
        seen += len(numbers)
        for shown, href in sorted(numbers, key=str)[:150]:
            found = rows_behind(href)
            if found != int(shown):
                wrong.append(f"{path}?{query}: {shown} leads to {found} rows at {href}")
    assert not wrong, "\n".join(wrong[:20])
    assert seen > 40
