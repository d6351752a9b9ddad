"""Our own builds of others' scripts: of the installed release, with all that the board draws."""

import fnmatch
import json
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import brotli
import dash_ag_grid
import pytest
from plotly.graph_objects import Figure

from app import bundles, statics
from app.panels import PANELS

ROOT = Path(__file__).parent.parent.parent
RECIPE = bundles.HERE / "recipe"
PLOTLY = "/_dash-component-suites/plotly/package_data/plotly.min.js"
ANEW = "after an upgrade of a package, `make bundles` makes them anew"

pytestmark = [pytest.mark.database, pytest.mark.usefixtures("log")]


@pytest.fixture
def traces():
    """The kinds of traces that the bundle has."""
    asked = re.findall(r'require\("plotly\.js/lib/(\w+)"\)', (RECIPE / "plotly.js").read_text())
    return {"scatter", *asked} - {"core"}


def test_each_is_made_of_the_release_that_is_installed():
    assert len(bundles.made()) == 3
    for bundle in bundles.made():
        assert bundle.fits(), f"{bundle.file} is of {bundle.of}: {ANEW}"


def test_the_versions_are_those_of_the_packages():
    theirs = bundles.package_file(bundles.PLOTLY).read_text()[:200]
    shipped = re.search(r"plotly\.js v([\d.]+)", theirs)[1]
    wanted = json.loads((RECIPE / "package.json").read_text())["dependencies"]
    charts, grid, _ = bundles.made()
    assert charts.of == f"plotly.js {shipped}", ANEW
    assert wanted["plotly.js"] == shipped
    assert f'"{shipped}"' in charts.plain.decode()
    told = json.loads(bundles.package_file("dash_ag_grid/package-info.json").read_text())
    beneath = told["dependencies"]["ag-grid-community"]
    assert grid.of == f"dash-ag-grid {dash_ag_grid.__version__} with AG Grid {beneath}", ANEW
    assert wanted["ag-grid-community"] == wanted["ag-grid-react"] == beneath
    assert f'"{beneath}"' in grid.plain.decode()


def test_every_kind_of_trace_that_the_board_can_draw_is_in_the_bundle(traces):
    drawn = set()
    for room in ("app", "components", "pages"):
        for path in (ROOT / room).rglob("*.py"):
            drawn |= set(re.findall(r"""["']type["']: ["'](\w+)["']""", path.read_text()))
    assert {"scatter", "bar", "box", "heatmap"} <= drawn
    # A "table" is what an embed shows beside charts, and no trace of a figure.
    known = {one for one in drawn - {"table"} if hasattr(Figure, f"add_{one}")}
    assert known <= traces


@pytest.mark.parametrize("name", list(PANELS))
def test_every_panel_draws_with_what_is_in_the_bundle(client, traces, name):
    told = client.get(f"/api/v1/charts/{name}.json?as_of=2016-03-10").get_json()
    assert {trace.get("type", "scatter") for trace in told["figure"]["data"]} <= traces


def test_the_recipe_names_no_host_and_is_pinned_throughout():
    locked = json.loads((RECIPE / "package-lock.json").read_text())["packages"]
    for name, told in locked.items():
        assert "resolved" not in told, name
        assert not name or "integrity" in told, name
    asked = json.loads((RECIPE / "package.json").read_text())
    for name, version in {**asked["dependencies"], **asked["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version


def test_an_installed_board_has_them_with_their_licences():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = told["tool"]["setuptools"]["package-data"]["app"]
    licences = (bundles.HERE / "LICENSES.txt").read_text()
    for file in ("made.json", "LICENSES.txt", *(one.file for one in bundles.made())):
        assert (bundles.HERE / file).stat().st_size > 0
        assert any(fnmatch.fnmatch(f"bundles/{file}", pattern) for pattern in patterns), file
    for name in (
        "plotly.js",
        "ag-grid-community",
        "dash-ag-grid",
        "regenerator-runtime",
        "esprima",
    ):
        assert re.search(rf"^{re.escape(name)} [\d.]+ \([\w-]+\)$", licences, re.MULTILINE), name


@pytest.mark.parametrize("bundle", bundles.made(), ids=lambda one: one.file)
def test_it_comes_at_the_address_of_the_file_that_it_stands_in_for(client, bundle):
    address = f"{statics.SUITE}{bundle.stands_in_for}"
    with client.get(address, headers={"Accept-Encoding": "br"}) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "text/javascript"
        assert answer.data == bundle.packed
    with client.get(address, headers={"Accept-Encoding": ""}) as answer:
        assert answer.data == bundle.plain == brotli.decompress(bundle.packed)


@pytest.fixture
def upgraded(monkeypatch):
    """Packages of other releases than those that the bundles were made of."""
    bundles._fitting.cache_clear()
    bundles.plotly.cache_clear()
    statics.suite_mark.cache_clear()
    monkeypatch.setattr(bundles.Bundle, "fits", lambda _: False)
    yield
    for cached in (bundles._fitting, bundles.plotly, statics.suite_mark):
        cached.cache_clear()


def test_after_an_upgrade_the_packages_own_files_come(client, upgraded):
    theirs = bundles.package_file(bundles.PLOTLY).read_bytes()
    assert bundles.plotly() == theirs
    with client.get(PLOTLY, headers={"Accept-Encoding": ""}) as answer:
        assert answer.data == theirs


def test_who_has_the_old_one_is_sent_the_new_one(client, monkeypatch):
    with client.get(PLOTLY, headers={"Accept-Encoding": ""}) as answer:
        known = {"Accept-Encoding": "", "If-None-Match": answer.headers["ETag"]}
    assert client.get(PLOTLY, headers=known).status_code == 304
    charts = bundles.made()[0]
    before = charts.plain
    monkeypatch.setitem(charts.__dict__, "plain", before + b" ")
    with client.get(PLOTLY, headers=known) as answer:
        assert answer.status_code == 200
        assert answer.data == before + b" "


def test_the_mark_in_an_address_is_that_of_the_bundle(monkeypatch):
    grid = bundles.made()[1]
    before = statics.suite_mark("dash_ag_grid", "")
    statics.suite_mark.cache_clear()
    monkeypatch.setitem(grid.__dict__, "plain", grid.plain + b" ")
    try:
        assert statics.suite_mark("dash_ag_grid", "") != before
    finally:
        statics.suite_mark.cache_clear()


def test_without_the_package_there_is_nothing_to_stand_in_for(monkeypatch):
    assert find_spec("nowhere_at_all") is None
    assert bundles.package_file("nowhere_at_all/file.js") is None
    assert bundles.standing_in_for("nowhere_at_all/file.js") is None
