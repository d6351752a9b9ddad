"""Scripts and styles travel small, are kept for ever, and are new when they change."""

import gzip
import re

import brotli
import pytest

from app import statics

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("log")]

FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def addresses(app, log):
    """What the page asks for."""
    return re.findall(r'(?:src|href)="(/[^"]+)"', app.test_client().get("/").text)


def test_every_script_and_style_of_the_page_may_be_kept_for_ever(client, addresses):
    assert any(one.startswith("/assets/") for one in addresses)
    assert any(one.startswith("/_dash-component-suites/") for one in addresses)
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == FOR_EVER, address
        answer.close()


@pytest.mark.parametrize(
    ("taken", "encoding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("gzip, br;q=0", "gzip"), ("identity", None), ("", None)],
)  # fmt: skip
def test_they_come_compressed_and_are_the_same(client, addresses, taken, encoding):
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    for address in addresses:
        plain = client.get(address, headers={"Accept-Encoding": ""})
        small = client.get(address, headers={"Accept-Encoding": taken})
        if len(plain.data) >= statics.WORTH_IT:
            assert small.headers.get("Content-Encoding") == encoding, address
            assert "Accept-Encoding" in small.vary
            assert unpack(small.data) == plain.data, address
        plain.close(), small.close()


# What Dash's scripts ask for when a page has them: charts, menus, dates.
LATER = [f"/_dash-component-suites/{one}.js" for one in (
    "plotly/package_data/plotly.min", "dash/dcc/async-graph", "dash/dcc/async-dropdown",
    "dash/dcc/async-datepicker")]  # fmt: skip


def test_a_first_visit_is_small(client, addresses):
    sizes = {}
    for address in (*addresses, *LATER):
        with client.get(address, headers={"Accept-Encoding": "br"}) as answer:
            assert answer.status_code == 200, address
            sizes[address] = len(answer.data)
    assert sum(sizes.values()) < 800_000
    assert sum(sizes[address] for address in addresses) < 460_000


def test_what_no_page_shows_is_not_loaded(client, addresses):
    assert not [one for one in addresses if "dash_table" in one]
    with client.get("/_dash-component-suites/dash/deps/polyfill@7.12.1.min.js") as polyfill:
        assert len(polyfill.data) < 10_000
        # Dash's own scripts call it by this name.
        assert b"regeneratorRuntime" in polyfill.data


def test_the_icon_is_ours(client, addresses):
    [icon] = [one for one in addresses if "favicon" in one]
    assert icon.startswith("/assets/favicon.svg?m=")
    with client.get(icon) as answer:
        assert answer.mimetype == "image/svg+xml"
        assert len(answer.data) < 1_000


def test_another_address_of_a_file_is_asked_about_each_time(client):
    for address in ("/assets/caseboard.js", "/assets/caseboard.js?m=0123456789abcdef",
                    "/_dash-component-suites/dash/dcc/async-graph.js",
                    "/_dash-component-suites/dash/dcc/async-graph.v4_4_1m0123456789abcdef.js"):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == "no-cache", address
        answer.close()


@pytest.mark.parametrize("taken", ["br", "gzip", ""])
@pytest.mark.parametrize(
    "address", ["/assets/caseboard.js", "/_dash-component-suites/plotly/package_data/plotly.min.js"]
)
def test_who_asks_about_a_file_that_is_the_same_is_told_so(client, address, taken):
    takes = {"Accept-Encoding": taken}
    with client.get(address, headers=takes) as first:
        assert first.status_code == 200
        known = {**takes, "If-None-Match": first.headers["ETag"]}
    with client.get(address, headers=known) as again:
        assert again.status_code == 304
        assert not again.data


def test_parts_that_scripts_ask_for_later_have_the_mark_of_their_folder(client, addresses):
    [core] = [one for one in addresses if "/dash_core_components.v" in one]
    later = core.replace("dash_core_components.", "async-graph.")
    answer = client.get(later)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == FOR_EVER


def test_a_file_that_changes_has_another_address(tmp_path, monkeypatch):
    monkeypatch.setattr(statics, "ASSETS", tmp_path)
    marks = []
    for content in ("a", "b", "a"):
        (tmp_path / "some.js").write_text(content)
        statics.asset_mark.cache_clear()
        marks.append(statics.addressed("/assets/some.js?m=1.5"))
    statics.asset_mark.cache_clear()
    assert marks[0] == marks[2] != marks[1]


def test_what_does_not_exist_is_not_found(client):
    for address in ("/assets/nowhere.js?m=1", "/assets/../app/server.py", "/_dash-component-suites/dash/nowhere.js"):  # fmt: skip
        assert client.get(address).status_code in {400, 404}, address
