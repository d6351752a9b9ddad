"""What a person sees in Chromium: the first tile, the first rows, and how the page answers."""

import statistics
from collections.abc import Iterator
from typing import Any

from benchmarks.chromium import window
from benchmarks.figure import Figure
from benchmarks.stack import Stack

PART = "In a browser"
VISITS = 5
# Tasks that keep a page from answering for longer than 50 ms, as the browser tells them.
NOTE_TASKS = """window.longTasks = [];
new PerformanceObserver((list) => { for (const one of list.getEntries())
  window.longTasks.push(one.duration); }).observe({type: "longtask", buffered: true});"""
SHOWN = """(selector) => new Promise((done) => { const look = () =>
  document.querySelector(selector) ? done(performance.now()) : requestAnimationFrame(look);
  look(); })"""
# From the click until a row other than the first one before stands there and was painted.
WATCH = """() => { window.sorted = new Promise((done, failed) => {
  const first = () => document.querySelector('.ag-center-cols-container [row-index="0"]');
  const told = first() && first().textContent;
  setTimeout(() => failed(new Error("no other row came first")), 10000);
  addEventListener("click", () => { const begun = performance.now();
    const look = () => first() && first().textContent && first().textContent !== told
      ? requestAnimationFrame(() => done(performance.now() - begun)) : requestAnimationFrame(look);
    look(); }, {capture: true, once: true}); }); }"""
HEADER = '.ag-header-cell[col-id="{}"] .ag-header-cell-label'
# Each twice: up, and then down.
SORTED = ("severity", "severity", "account", "account", "product", "product")
TILE, CHART, ROW = ".tile-value", ".js-plotly-plot .main-svg", ".ag-center-cols-container .ag-row"


def measure(stack: Stack) -> Iterator[Figure]:
    """First visits with nothing cached, visits that follow, a sort, and long tasks."""
    for path, selector, what in (("/", TILE, "first tile"), ("/", CHART, "first chart"),
                                 ("/cases", ROW, "first rows")):  # fmt: skip
        times = list(_visits(stack, path, selector))
        if not times:
            return
        first, again, tasks = (statistics.median(kind) for kind in zip(*times, strict=True))
        yield Figure.told(PART, f"{path}: {what}, first visit", first)
        yield Figure.told(PART, f"{path}: {what}, visited before", again)
        yield Figure.told(PART, f"{path}: longest task, visited before", tasks)
    with window() as page:
        page.goto(f"{_address(stack)}/cases?state=all")
        page.evaluate(SHOWN, ROW)
        page.wait_for_timeout(1_000)
        took = [_sorted(page, name) for name in SORTED]
        yield Figure.told(PART, "/cases: from a click on a header to the sorted rows",
                          statistics.median(took))  # fmt: skip


def _visits(stack: Stack, path: str, selector: str) -> Iterator[tuple[float, float, float]]:
    for _ in range(1 if stack.quick else VISITS):
        with window(NOTE_TASKS) as page:
            if page is None:
                return
            first, _ = _visit(page, f"{_address(stack)}{path}", selector)
            yield first, *_visit(page, f"{_address(stack)}{path}", selector)


def _visit(page: Any, address: str, selector: str) -> tuple[float, float]:
    """Milliseconds until something is shown, and the longest task of the visit."""
    page.goto(address)
    shown = float(page.evaluate(SHOWN, selector))
    page.wait_for_load_state("networkidle")
    tasks = page.evaluate("window.longTasks")
    return shown, max(map(float, tasks), default=0.0)


def _sorted(page: Any, column: str) -> float:
    """Milliseconds from a click on a header until the rows stand in that order."""
    page.evaluate(WATCH)
    page.click(HEADER.format(column))
    took = float(page.evaluate("window.sorted"))
    page.wait_for_timeout(500)
    return took


def _address(stack: Stack) -> str:
    return f"http://127.0.0.1:{stack.port}"
