"""Embeds where they belong: in pages of other origins, in a browser that blocks their cookies."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from app.auth import sessions
from app.database import read as _read
from app.embeds import store
from app.embeds.ancestors import origins
from app.embeds.store import Wanted
from app.rows import records
from etl.events_import import import_events
from tests.app.test_names import HEAD
from tests.auth.people import identity, settings, with_login
from tests.browser.conftest import CHROMIUM, FLAGS, REPORT, serve_here, settle
from tests.browser.test_board import pytestmark as browser_marks
from tests.browser.test_door import come_in
from tests.conftest import EMPTY, cloned

pytestmark = browser_marks
BLOCKING = [*FLAGS, "--test-third-party-cookie-phaseout"]
CASE = "INC{},New,0,01-03-2016 10:00,Ann,01-03-2016 10:05,{},Router,R1,It hurts,1 - Critical,Group 1,{},?\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("embed")


def load(folder, *accounts):
    """Cases, one of each account, as an event log tells them."""
    path = folder / f"{'-'.join(accounts)}.csv"
    lines = [CASE.format(account, account, account) for account in accounts]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    assert import_events(path).rejected == 0


@pytest.fixture(scope="module")
def locked(folder):
    """The board with a login; nobody of these tests' readers signs in."""
    with cloned(EMPTY), with_login():
        load(folder, "Acme", "Bolt", "Corp")
        for address in serve_here():
            with settings(BASE_URL=address):
                yield address


@pytest.fixture(scope="module")
def wiki():
    """A server of other people's pages: `pages` by path; cookies as third parties set them."""
    pages: dict[str, str] = {}

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path, "").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Set-Cookie", "tracks=you; SameSite=None; Secure")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield pages, server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def strict(browser):
    """A browser that blocks cookies of third parties."""
    chromium = browser.browser_type.launch(executable_path=CHROMIUM, args=BLOCKING)
    yield chromium
    chromium.close()


@pytest.fixture
def reader(strict):
    """A page of somebody who knows no board; what its console says is in `said`."""
    context = strict.new_context(viewport={"width": 1000, "height": 700}, color_scheme="light")
    page = context.new_page()
    page.said = []
    page.add_init_script(REPORT)
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()


def embed(*ancestors, what="by_account", query="", **more):
    person = sessions.find(sessions.begin(identity("editor"), None))
    made = store.make(person, Wanted(what, query, ancestors=origins(ancestors), **more))
    return made["id"], made["url"]


def local(told, address):
    """A snippet or an address, at the server that there is: it does not know where it is served."""
    return re.sub(r"http://127\.0\.0\.1:\d+", address, told)


def framed(wiki, path, url, head=""):
    pages, port = wiki
    pages[path] = (
        f"<!DOCTYPE html><title>Wiki</title>{head}<h1>Our week</h1><iframe src='{url}' width=900 height=400></iframe>"
    )
    return f"http://localhost:{port}{path}", f"http://127.0.0.1:{port}{path}"


def origin(wiki):
    return f"http://localhost:{wiki[1]}"


def test_the_browser_blocks_cookies_of_third_parties(reader, wiki):
    """Else the next tests would show nothing. A cookie that holds at home is not there in a frame."""
    pages, port = wiki
    pages["/other"] = "<p id=seen></p><script>seen.textContent = `[${document.cookie}]`</script>"
    here, _ = framed(wiki, "/with-other", f"http://127.0.0.1:{port}/other")
    reader.goto(f"http://127.0.0.1:{port}/other")
    expect(reader.locator("#seen")).to_have_text("[tracks=you]")
    reader.goto(here)
    expect(reader.frame_locator("iframe").locator("#seen")).to_have_text("[]")


def test_a_chart_is_shown_in_a_page_of_another_origin_and_keeps_nothing(reader, wiki, locked):
    _, url = embed(origin(wiki))
    here, _ = framed(wiki, "/report", url)
    reader.goto(here)
    frame = reader.frame_locator("iframe")
    expect(frame.locator("#chart .trace").first).to_be_visible()
    expect(frame.locator("h1")).to_have_text("Open by account")
    expect(frame.locator("#sentence")).to_have_text("open cases · n 3")
    expect(frame.locator("#chart text", has_text="Acme")).to_be_visible()
    expect(frame.locator("#time")).to_have_text(
        re.compile(r"^Data of \d+ \w+ \d{4} \d\d:\d\d UTC$")
    )
    inside = reader.frames[1]
    assert inside.evaluate("document.cookie") == ""
    assert {one["domain"] for one in reader.context.cookies()} == {"localhost"}
    # It fills its frame and asks nobody else.
    assert inside.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
    assert inside.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    foreign = [one for one in reader.asked if not one.startswith((origin(wiki), locked, "data:"))]
    assert foreign == []
    assert reader.said == []
    # A click on a bar is none on the board.
    frame.locator("#chart .point path").first.click(force=True)
    assert urlsplit(inside.url).path == urlsplit(url).path
    way = frame.get_by_role("link", name="Open on the board")
    expect(way).to_have_attribute("rel", "noopener noreferrer")
    expect(way).to_have_attribute("target", "_blank")


def test_it_is_renewed_when_the_data_change_and_ends_when_it_is_taken_back(
    reader, wiki, locked, folder
):
    number, url = embed(origin(wiki), query="account=Acme&account=Late", what="cases")
    here, _ = framed(wiki, "/live", url)
    reader.clock.install()
    reader.goto(here)
    frame = reader.frame_locator("iframe")
    expect(frame.locator("caption")).to_have_text("1 case")
    expect(frame.locator("tbody tr")).to_have_count(1)
    asked = len(reader.asked)
    reader.clock.run_for(50_000)
    reader.wait_for_timeout(300)
    assert len(reader.asked) == asked, "no more than once a minute"
    load(folder, "Late", "Other")
    reader.clock.run_for(15_000)
    expect(frame.locator("caption")).to_have_text("2 cases")
    expect(frame.locator("tbody tr", has_text="Late")).to_be_visible()
    expect(frame.locator("tbody")).not_to_contain_text("Other")
    # What was shown stays while nothing newer can be had, and says so.
    reader.route("**/data", lambda route: route.abort())
    reader.clock.run_for(61_000)
    expect(frame.locator("#time")).to_contain_text("cannot be renewed at the moment")
    expect(frame.locator("tbody tr")).to_have_count(2)
    reader.unroute("**/data")
    reader.clock.run_for(61_000)
    expect(frame.locator("#time")).not_to_contain_text("cannot be renewed")
    store.revoke(number, sessions.find(sessions.begin(identity("admin"), None)))
    reader.clock.run_for(61_000)
    expect(frame.locator("#shown")).to_contain_text("This is no longer shared")
    expect(frame.locator("table")).to_have_count(0)
    # And nobody asks again.
    asked = len(reader.asked)
    reader.clock.run_for(300_000)
    assert len(reader.asked) == asked


@pytest.mark.parametrize("head", ["", "<meta name=referrer content=no-referrer>"])
def test_a_page_of_another_origin_is_refused(reader, wiki, locked, head):
    number, url = embed(origin(wiki))
    path = f"/steals{len(head)}"
    there, stolen = framed(wiki, path, url, head)
    reader.goto(there)
    expect(reader.frame_locator("iframe").locator("#chart .trace").first).to_be_visible()
    reader.goto(stolen)
    reader.wait_for_timeout(1_000)
    inside = reader.frames[1]
    assert "Open by account" not in inside.content()
    assert any("frame-ancestors" in one for one in reader.said)
    if not head:
        # The browser told whose page it is, so it was refused here as well.
        row = records(
            _read(text("select * from audit_log where act = 'embed_use' order by id desc limit 1"))
        )[0]
        assert (row["target"], row["reason"]) == (f"embed {number}", "embed_ancestor")


def test_themes_follow_the_reader_or_stay(strict, wiki, locked):
    for theme, prefers, wanted in (
        ("auto", "dark", "dark"),
        ("light", "dark", "light"),
        ("dark", "light", "dark"),
    ):
        _, url = embed(origin(wiki), theme=theme)
        here, _ = framed(wiki, f"/{theme}", url)
        context = strict.new_context(color_scheme=prefers)
        page = context.new_page()
        page.goto(here)
        frame = page.frame_locator("iframe")
        expect(frame.locator("#chart .trace").first).to_be_visible()
        expect(frame.locator("html")).to_have_attribute("data-bs-theme", wanted)
        back = "rgb(23, 30, 39)" if wanted == "dark" else "rgb(255, 255, 255)"
        assert frame.locator("body").evaluate("e => getComputedStyle(e).backgroundColor") == back
        if theme == "auto":
            page.emulate_media(color_scheme="light")
            expect(frame.locator("html")).to_have_attribute("data-bs-theme", "light")
        context.close()


def faults(page, within=None):
    """What axe finds serious: names, roles, contrast, keyboard."""
    told = Axe().run(page, within).response["violations"]
    found = [one for one in told if one["impact"] in {"serious", "critical"}]
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(strict, locked, scheme):
    context = strict.new_context(viewport={"width": 390, "height": 500}, color_scheme=scheme)
    page = context.new_page()
    for what in ("by_account", "cases"):
        page.goto(local(embed(what=what)[1], locked))
        expect(page.locator("#chart .trace, #shown tbody tr").first).to_be_visible()
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{locked}/embed/x.y.z")
    expect(page.locator("h1")).to_have_text("This link is not valid")
    assert faults(page) == []
    context.close()


def test_nothing_to_show_and_a_link_that_is_cut_say_so_in_words(reader, wiki, locked):
    _, url = embed(origin(wiki), query="account=Nobody")
    here, _ = framed(wiki, "/empty", url)
    reader.goto(here)
    frame = reader.frame_locator("iframe")
    expect(frame.locator("#shown")).to_contain_text("No case to show")
    here, _ = framed(wiki, "/cut", url[:-3])
    reader.goto(here)
    expect(frame.locator("h1")).to_have_text("This link is not valid")
    expect(frame.locator(".notice")).to_be_visible()


# The share dialog


def open_by_keyboard(page, name):
    button = page.get_by_role("button", name=f"Share {name}", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Share: {name}")
    expect(dialog).to_be_visible()
    return button, dialog


def test_an_editor_shares_a_chart_by_keyboard(page, reader, wiki, locked):
    come_in(page, locked, "editor")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{locked}/?severity=1")
    settle(page)
    button, dialog = open_by_keyboard(page, "Open by account")
    expect(dialog.get_by_label("For people who may sign in")).to_have_value(f"{locked}/?severity=1")
    expect(dialog.get_by_label("For people who may sign in")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == f"{locked}/?severity=1"
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Pages that may show it")).to_be_focused()
    page.expected_faults.append("status of 400")
    page.keyboard.type("http://wiki.example.com")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert").first).to_contain_text("comes without encryption")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(origin(wiki))
    page.keyboard.press("Enter")
    snippet = dialog.get_by_label("Frame: moves with the data")
    expect(snippet).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(dialog.locator(".share-made button").first).to_have_text("Copied")
    pasted = page.evaluate("() => navigator.clipboard.readText()")
    assert pasted == snippet.input_value()
    expect(dialog.get_by_label("Image: for mails and documents")).to_have_value(
        re.compile(r'^<img src="[^"]+\.png"')
    )
    assert faults(page, "#share") == []
    pages, _ = wiki
    pages["/pasted"] = f"<!DOCTYPE html>{local(pasted, locked)}"
    reader.goto(f"{origin(wiki)}/pasted")
    expect(reader.frame_locator("iframe").locator("#sentence")).to_contain_text("severity 1")
    expect(reader.frame_locator("iframe").locator("#chart .trace").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    # It is on the list, and taken back there.
    page.goto(f"{locked}/tokens")
    row = page.locator("#embeds-shown tbody tr", has_text=origin(wiki)).first
    expect(row).to_contain_text("open cases, severity 1")
    row.get_by_role("button", name=re.compile("^Revoke embed")).click()
    expect(page.locator("#embeds-shown tbody tr.over").first).to_contain_text("revoked")
    reader.reload()
    expect(reader.frame_locator("iframe").locator("h1")).to_have_text("This is no longer shared")


def test_the_case_table_is_shared_as_it_is_on_screen(page, reader, wiki, locked):
    come_in(page, locked, "editor")
    page.goto(f"{locked}/cases?sort=account&columns=number,account")
    settle(page)
    _, dialog = open_by_keyboard(page, "Cases")
    expect(dialog.get_by_role("link", name="CSV")).to_have_attribute(
        "href", "/api/v1/cases.csv?sort=account&columns=number,account"
    )
    expect(dialog.get_by_role("link", name="PNG")).to_have_count(0)
    dialog.get_by_label("Pages that may show it").fill(origin(wiki))
    dialog.get_by_label("Data", exact=True).select_option("fixed")
    dialog.get_by_role("button", name="Make embed").click()
    snippet = dialog.get_by_label("Frame: moves with the data").input_value()
    pages, _ = wiki
    pages["/table"] = f"<!DOCTYPE html>{local(snippet, locked)}"
    reader.goto(f"{origin(wiki)}/table")
    frame = reader.frame_locator("iframe")
    expect(frame.locator("th")).to_have_text(["Case", "Account"])
    expect(frame.locator("tbody tr").first).to_contain_text("Acme")
    expect(frame.locator("#time")).to_contain_text("As known on")


def test_a_viewer_is_told_why_not(page, locked):
    come_in(page, locked, "viewer")
    page.goto(f"{locked}/")
    settle(page)
    page.set_viewport_size({"width": 390, "height": 844})
    button, dialog = open_by_keyboard(page, "Backlog")
    expect(dialog.locator("#share-why-not")).to_contain_text("Editors make embeds")
    expect(dialog.get_by_role("button", name="Make embed")).to_have_count(0)
    expect(dialog.get_by_role("link", name="CSV")).to_be_visible()
    # Nothing draws images here, and the dialog says so instead of saving a file of it.
    page.expected_faults.append("503")
    dialog.get_by_role("link", name="PNG").click()
    expect(dialog.get_by_role("alert")).to_contain_text("No worker that draws images is at work")
    assert dialog.evaluate("e => e.scrollWidth <= e.clientWidth")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    # Outside of it closes it too.
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.mouse.click(5, 5)
    expect(dialog).to_have_count(0)
