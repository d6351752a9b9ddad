"""What the benchmark computes of its measurements: fits, budgets, tables; and that it runs."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import document, table
from benchmarks.asks import Site, components
from benchmarks.figure import Figure
from benchmarks.growth import Growth, power
from benchmarks.machine import PACKAGES
from benchmarks.timing import milliseconds, percentile

ROOT = Path(__file__).parent.parent.parent
SIZES = (10_000, 100_000, 1_000_000)
ABOUT = {"processor": "A", "cores": 2, "memory_gb": 8, "system": "Linux", "python": "3.11",
         "postgresql": "18", "redis": "6", **dict.fromkeys(PACKAGES, "1")}  # fmt: skip


@given(
    k=st.floats(-1, 3),
    scale=st.floats(0.001, 1_000),
    sizes=st.lists(st.integers(10, 10**7), min_size=2, max_size=6, unique=True),
)
def test_the_power_of_a_growth_is_found(k, scale, sizes):
    costs = [scale * size**k for size in sizes]
    assert power(sizes, costs) == pytest.approx(k, abs=1e-6)


def test_noise_moves_a_fit_a_little():
    costs = [size**0.5 * noise for size, noise in zip(SIZES, (1.1, 0.9, 1.05), strict=True)]
    assert power(SIZES, costs) == pytest.approx(0.5, abs=0.05)


def test_one_size_tells_nothing():
    with pytest.raises(ValueError, match="two sizes"):
        power([10, 10], [1.0, 2.0])


def test_a_growth_is_as_told_or_faster():
    linear = tuple(float(size) for size in SIZES)
    assert Growth("a", SIZES, linear, 1, "each case").as_told
    assert not Growth("b", SIZES, linear, 0.5, "an index").as_told


@pytest.mark.parametrize(
    ("figure", "limit", "ratio", "met"),
    [
        (Figure.above_floor("p", "w", 1, 2, 5), 5, 2, True),
        (Figure.above_floor("p", "w", 1, 2, 5.1), 5, 2.05, False),
        (Figure.floors("p", "w", 1, 1.9), 2, 1.9, True),
        (Figure.floors("p", "w", 1, 2.1), 2, 2.1, False),
        (Figure.times("p", "w", 10, 31, 3, "the first page"), 30, 3.1, False),
        (Figure.within("p", "w", 100, 150), 150, None, True),
        (Figure.within("p", "w", 151, 150, raw=50), 150, 3.02, False),
        (Figure.faster("p", "w", 1_000, 10, 100, "the old system"), 10, 100, True),
        (Figure.faster("p", "w", 1_000, 11, 100, "the old system"), 10, 1_000 / 11, False),
        (Figure.told("p", "w", 3), None, None, None),
    ],
)
def test_a_figure_knows_its_budget(figure, limit, ratio, met):
    assert figure.limit == limit
    assert figure.ratio == (None if ratio is None else pytest.approx(ratio))
    assert figure.met is met
    assert figure.verdict == {True: "met", False: "**not met**", None: "–"}[met]


def test_the_table_has_a_row_for_each_figure_and_reasons_for_what_is_not_met():
    rows = [
        Figure.within("One", "a", 3, 2, reason="it is far"),
        Figure.within("One", "b", 1, 2, reason="never told"),
        Figure.told("Two", "c", 1234.5, "KB"),
    ]
    told = table.figures(rows)
    assert told.count("\n| a |") == told.count("\n| b |") == told.count("\n| c |") == 1
    assert told.index("**One**") < told.index("| a |") < told.index("**Two**") < told.index("| c |")
    assert "1. a: it is far" in told
    assert "never told" not in told
    assert "1,234 KB" in told
    assert all(line.count("|") == 8 for line in told.splitlines() if line.startswith("|"))


def test_numbers_are_told_with_the_digits_that_matter():
    said = [table.amount(value) for value in (0.123, 12.34, 1234.5, None)]
    assert said == ["0.12 ms", "12.3 ms", "1,234 ms", "–"]
    assert table.amount(2, "") == "2.00"


def test_json_says_what_the_table_says():
    fit = Growth("a", SIZES, (1.0, 10.0, 100.0), 1, "each case")
    told = json.loads(json.dumps(table.as_json(ABOUT, [Figure.within("p", "w", 1, 2)], [fit])))
    assert told["figures"][0]["met"] is True
    assert told["growth"][0]["k"] == pytest.approx(1)
    assert told["machine"]["cores"] == 2


def test_the_page_names_machine_figures_and_growth():
    fit = Growth("a", SIZES, (1.0, 10.0, 100.0), 1, "each case")
    rows = [Figure.within("p", "w", 1, 2), Figure.within("p", "x", 3, 2), Figure.told("p", "y", 1)]
    page = document.page(ABOUT, rows, [fit], 1_000_000, "--write docs/performance.md")
    assert "1 of 2 budgets are kept" in page
    assert "1,000,000 cases" in page
    assert "| a | 1.00 ms | 10.0 ms | 100 ms | 1.00 | ≤ 1: each case | as told |" in page
    assert "PostgreSQL 18" in page


def test_times_are_medians_of_what_is_done_in_turn():
    done = []
    took = milliseconds(lambda: done.append("a"), lambda: done.append("b"), rounds=5)
    assert done == ["a", "b"] * 6
    assert all(0 <= one < 50 and math.isfinite(one) for one in took)
    assert percentile([float(n) for n in range(100)], 0.95) == 95


def test_a_page_asks_for_what_fills_it():
    known = [
        {"output": "_pages_content.children", "inputs": [], "state": []},
        {"output": "late.children", "inputs": [{"id": "button", "property": "n_clicks"}],
         "state": [], "prevent_initial_call": True},
        {"output": '..{"name":["MATCH"],"type":"body"}.children...{"name":["MATCH"],"type":"note"}.children..',
         "inputs": [{"id": '{"name":["MATCH"],"type":"panel"}', "property": "data"}],
         "state": [{"id": "view", "property": "data"}]},
        {"output": "elsewhere.children", "inputs": [{"id": "view", "property": "data"}], "state": []},
    ]  # fmt: skip
    content = {"props": {"children": [
        {"props": {"id": {"type": kind, "name": name}, "data": name}}
        for name in ("a", "b") for kind in ("panel", "body", "note")
    ]}}  # fmt: skip
    root = {"props": {"id": "view", "data": "state=all"}}
    assert len(list(components(content))) == 6
    asks = [json.loads(ask.body) for ask in Site(known).first(root, content)]
    assert [ask["inputs"][0]["value"] for ask in asks] == ["a", "b"]
    assert asks[0]["inputs"][0]["id"] == {"type": "panel", "name": "a"}
    assert asks[0]["outputs"][1] == {"id": {"name": "a", "type": "note"}, "property": "children"}
    assert asks[0]["state"][0]["value"] == "state=all"


@pytest.mark.database
@pytest.mark.long
def test_a_part_can_be_measured_alone(tmp_path):
    told = tmp_path / "bench.json"
    command = [sys.executable, "-m", "benchmarks", "search", "--cases", "2000", "--quick",
               "--json", str(told), "--write", str(tmp_path / "page.md")]  # fmt: skip
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    figures = json.loads(told.read_text())["figures"]
    assert {figure["part"] for figure in figures} == {"Search"}
    assert all(figure["measured"] > figure["floor"] * 0.2 > 0 for figure in figures)
    assert "| first 100 rows: a rare word |" in ran.stdout
    assert "2,000 cases" in (tmp_path / "page.md").read_text()


def test_a_part_that_there_is_not_is_named():
    command = [sys.executable, "-m", "benchmarks", "serch"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert "there is no part 'serch'" in ran.stderr
