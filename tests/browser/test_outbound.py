"""An admin looks at what is held, approves it, and undoes what was done."""

import pytest
from playwright.sync_api import expect

from app.settings import use
from tests.browser.conftest import CHROMIUM, serve_here, settle
from tests.outbound.conftest import clock, desk, filled  # noqa: F401 - the fixtures of this file

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here and none could be installed"),
]


def test_what_is_held_is_approved_and_what_was_done_is_undone(page, desk):  # noqa: F811
    use({"CASEBOARD_MAX_TO_CREATE": "1"})
    urgent = desk.world.add_case(summary="Node down <b>", severity=1, account="Acme")
    other = desk.world.add_case(summary="Slow", severity=4, account="Globex")
    carded = desk.world.add_case(severity=2)
    desk.world.add_card(carded)
    desk.fill()
    desk.run("priority")
    desk.run("portal2jira")
    for address in serve_here():
        page.goto(f"{address}/sync")
        settle(page)
        held = page.get_by_role("alert").filter(has_text="2 cards are held")
        expect(held).to_be_visible()
        coming = page.locator("section", has=page.get_by_role("heading", name="Writing back"))
        expect(coming).to_contain_text(f"{urgent}: Node down <b>")
        expect(coming).to_contain_text("has the least to do of the team")
        held.get_by_role("button", name="Approve 2 cards").click()
        expect(page.locator("#sync-told")).to_contain_text("2 cards are approved")
        assert desk.run("portal2jira").state == "finished"
        assert desk.card(other).status == "To Do"
        page.reload()
        settle(page)
        expect(page.get_by_role("alert").filter(has_text="are held")).to_have_count(0)
        done = page.locator("section", has=page.get_by_role("heading", name="Written back"))
        row = done.locator("tr", has_text="Set the priority")
        expect(row).to_contain_text("Major")
        row.get_by_role("button", name="Undo").click()
        expect(page.locator("#sync-told")).to_contain_text("It is undone as soon as")
        assert desk.run("priority").state == "finished"
        assert desk.card(carded).priority == "Normal"
        page.goto(f"{address}/cases/{urgent}")
        settle(page)
        timeline = page.locator("#timeline")
        expect(timeline).to_contain_text("Make a card")
        page.get_by_role("button", name="Written back").click()
        expect(timeline.locator("li.event-acts").first).to_be_hidden()
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"{address}/sync")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # Its pulse asks nobody while the server stops.
        page.goto("about:blank")
