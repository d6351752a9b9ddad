"""Images that a real worker draws with a real Chromium."""

import os
import re
import struct
import threading
import time
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from lxml import etree

from app import bundles
from app.images import browser, renderer
from app.images.browser import Browser, BrowserTooSlow
from app.images.form import Form
from app.images.order import order as picture_order
from app.images.renderer import Renderer
from app.panels import PANELS
from app.scope import Scope
from app.theme import PALETTES
from app.version import data_version
from app.view import View
from tests.browser.conftest import serve_here
from tests.images.conftest import CHROMIUM, deliver, here, needs_chromium, order, until_told

pytestmark = [pytest.mark.database, needs_chromium]

PAST = "as_of=2016-03-10"
SVG = "{http://www.w3.org/2000/svg}"


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The parts of a PNG, each checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place, found = 8, []
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert (
            zlib.crc32(kind + data)
            == struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0]
        )
        found.append((kind, data))
        place += 12 + length
    assert [found[0][0], found[-1][0]] == [b"IHDR", b"IEND"]
    return found


def pixels(png: bytes) -> tuple[int, int]:
    return struct.unpack(">II", chunks(png)[0][1][:8])


def got(client, name: str, query: str = PAST) -> bytes:
    answer = client.get(f"/api/v1/charts/{name}?{query}")
    assert answer.status_code == 200, answer.text[:500]
    return answer.data


def texts(svg: bytes) -> str:
    return " ".join("".join(e.itertext()) for e in etree.fromstring(svg).iter(f"{SVG}text"))


def test_a_png_has_the_asked_size_and_tells_what_it_shows(painter, client):
    answer = client.get(
        f"/api/v1/charts/by_severity.png?{PAST}&width=640&height=360&scale=2&severity=1"
    )
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "open-by-severity" in answer.headers["Content-Disposition"]
    assert pixels(answer.data) == (1280, 720)
    told = {data.split(b"\0")[0].decode(): data.split(b"\0\0\0\0\0")[1].decode()
            for kind, data in chunks(answer.data) if kind == b"iTXt"}  # fmt: skip
    assert told["Title"] == "Open by severity"
    assert "severity 1, as known on 10 March 2016 · n " in told["Description"]
    assert "As known on 10 March 2016; data of " in told["Description"]


def test_an_svg_says_title_sentence_and_data_time_and_is_inert(painter, client):
    svg = got(client, "backlog.svg", f"{PAST}&width=900&height=500")
    root = etree.fromstring(svg)
    assert (root.get("width"), root.get("height")) == ("900", "500")
    assert root.find(f"{SVG}title").text == "Backlog"
    described = root.find(f"{SVG}desc").text
    assert PANELS["backlog"].question in described
    shown = texts(svg)
    answer = client.get(f"/api/v1/charts/backlog.json?{PAST}").get_json()
    for words in (
        "Backlog",
        "as known on 10 March 2016",
        f"n {answer['n']:,}",
        "As known on 10 March 2016; data of ",
    ):
        assert words in shown
    for element in root.iter():
        assert etree.QName(element).localname not in {"script", "foreignObject", "a", "animate"}
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert etree.QName(name).localname != "href" or value.startswith(("#", "data:image/"))
            assert re.findall(r"url\(['\"]?(.)", value) in ([], ["#"])


def test_words_of_any_script_and_of_markup_are_only_words(painter, client):
    query = (
        f"{PAST}&account=%3Cscript%3Ealert(1)%3C/script%3E&account=東京電力&account=شركة&width=1200"
    )
    shown = texts(got(client, "by_severity.svg", query))
    for words in ("<script>alert(1)</script>", "東京電力", "شركة", "No case to draw here."):
        assert words in shown
    pixels(got(client, "by_severity.png", query))


def test_what_does_not_fit_is_cut_and_described_whole(painter, client):
    many = "&".join(f"account=A+very+long+name+of+a+customer+{n}" for n in range(30))
    svg = got(client, "by_severity.svg", f"{PAST}&{many}&width=300&height=300")
    assert "…" in texts(svg)
    assert "customer 29" not in texts(svg)
    assert "customer 29" in etree.fromstring(svg).find(f"{SVG}desc").text


def test_themes_and_instants_differ(painter, client):
    light, dark = (
        got(client, "by_status.svg", f"{PAST}&theme={theme}") for theme in ("light", "dark")
    )
    for svg, palette in ((light, PALETTES["light"]), (dark, PALETTES["dark"])):
        root = etree.fromstring(svg)
        assert root.find(f"{SVG}rect").get("fill") == palette["card"]
    assert light != dark
    assert got(client, "by_status.png") != got(client, "by_status.png", f"{PAST}&theme=dark")
    assert light != got(client, "by_status.svg", "as_of=2016-04-10")


def test_every_panel_can_be_drawn(painter, client):
    for panel in PANELS.values():
        svg = got(client, f"{panel.name}.svg")
        shown = texts(svg)
        assert panel.title in shown, panel.name
        assert "NaN" not in shown, panel.name
        assert "undefined" not in shown, panel.name
        unpainted = re.findall(rb"[\"':]\s*\$[a-z]+(?:-\w+)?[\"';]", svg)
        assert not unpainted, (panel.name, unpainted)
        if "No case" not in shown:
            assert etree.fromstring(svg).find(f"{SVG}svg") is not None, panel.name


def test_our_part_of_plotly_draws_every_panel_as_the_whole_does(desk, app, monkeypatch):
    version = data_version()
    scope = Scope.of(View.from_query(PAST), datetime(2016, 3, 10, tzinfo=UTC), version)
    form = Form("svg", 900, 500, 1, "light")
    orders = {panel.name: picture_order(panel, scope, version, form) for panel in PANELS.values()}
    whole = bundles.package_file(bundles.PLOTLY).read_bytes()
    assert len(bundles.plotly()) < len(whole) / 3
    drawn = []
    for script in (bundles.plotly(), whole):
        monkeypatch.setattr(renderer, "plotly_script", lambda script=script: script)
        one = Renderer(CHROMIUM)
        drawn.append({name: one.draw(asked, 60) for name, asked in orders.items()})
        one.close()
    ours, theirs = ({name: _unnamed(svg) for name, svg in each.items()} for each in drawn)
    for name, svg in ours.items():
        assert svg == theirs[name], name


def _unnamed(svg: bytes) -> bytes:
    """A picture without the names by which its own parts refer to each other, which are made up."""
    names = rb"(clip|legend|p|g|topdefs-|defs-|trace)[0-9a-f]{6}(-[0-9a-f]{6})?(?=[- xyl\"')])"
    return re.sub(names, rb"\1", svg)


def test_two_hundred_requests_for_twenty_charts_draw_each_once(painter, client):
    names = list(PANELS)[:20]
    before = set(painter.drawn())
    for served in serve_here():

        def ask(place: int, address: str = served) -> tuple[int, str]:
            url = f"{address}/api/v1/charts/{names[place % 20]}.png?as_of=2016-03-11&width=400&height=300"
            with urllib.request.urlopen(url, timeout=120) as answer:
                return len(chunks(answer.read())), answer.headers["ETag"]

        with ThreadPoolExecutor(200) as crowd:
            answers = list(crowd.map(ask, range(200)))
    assert len({tag for _, tag in answers}) == 20
    drawn = [key for key in painter.drawn() if key not in before]
    assert len(drawn) == len(set(drawn)) == 20


def test_a_message_delivered_again_and_again_draws_once(painter):
    here().put_order("again", order())
    deliver("again", 5)
    assert b"<svg" in until_told("again")
    deliver("again", 3)
    here().put_order("after", order())
    deliver("after", 1)
    until_told("after")
    assert painter.drawn().count("again") == 1


def test_an_order_that_is_none_harms_nothing(painter):
    for key, rubbish in (
        ("not-json", b"{"),
        ("script", b'"),alert(1),("'),
        ("no-figure", order(figure=None)),
    ):
        here().put_order(key, rubbish)
        deliver(key, 1)
        assert until_told(key).kind == "NotDrawn"
    here().put_order("well", order())
    deliver("well", 1)
    assert b"<svg" in until_told("well")


def test_a_browser_that_hangs_or_ends_is_replaced():
    one = Browser(CHROMIUM, 60)
    try:
        assert one.run("1 + 1", 10) == 2
        begun = time.monotonic()
        with pytest.raises(BrowserTooSlow):
            one.run("for (;;) {}", 0.5)
        assert time.monotonic() - begun < 5
        assert not one.alive()
    finally:
        one.close()
    renderer = Renderer(CHROMIUM)
    try:
        assert b"<svg" in renderer.draw(order(), 30)
        renderer._browser._process.kill()
        renderer._browser._process.wait()
        assert b"<svg" in renderer.draw(order(), 30)
    finally:
        renderer.close()


def test_the_browser_reaches_no_network():
    import http.server

    asked = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    one = Browser(CHROMIUM, 60)
    try:
        address = f"http://127.0.0.1:{server.server_port}/"
        told = one.run(
            f"fetch('{address}', {{mode: 'no-cors'}}).then(() => 'came', () => 'did not')", 20
        )
        assert told == "did not"
        assert asked == []
    finally:
        one.close()
        server.shutdown()
        server.server_close()


def test_a_path_that_is_no_browser_is_told():
    with pytest.raises(browser.BrowserFailed):
        Browser("/bin/true", 10)


def test_what_a_killed_owner_left_behind_is_swept_up(tmp_path, monkeypatch):
    monkeypatch.setattr(browser.tempfile, "tempdir", str(tmp_path))
    gone, new, other = (
        tmp_path / f"{browser.FOLDERS}{name}"
        for name in ("4194300-a", "4194300-b", f"{os.getpid()}-c")
    )
    for folder in (gone, new, other):
        folder.mkdir()
    for folder in (gone, other):
        os.utime(folder, (0, 0))
    Browser(CHROMIUM, 60).close()
    assert sorted(tmp_path.iterdir()) == sorted([new, other])
