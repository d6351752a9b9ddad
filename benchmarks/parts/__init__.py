"""What is measured, a file for each subject; `PARTS` is the whole list, in the order of the table."""

from collections.abc import Callable, Iterable

from benchmarks.figure import Figure
from benchmarks.parts import (
    beside,
    blocks,
    browser,
    crowd,
    csv_file,
    images,
    loading,
    memory,
    overview,
    panels,
    past,
    search,
    sync,
    trends,
    wire,
)
from benchmarks.stack import Stack

Part = Callable[[Stack], Iterable[Figure]]

PARTS: dict[str, Part] = {
    "blocks": blocks.measure,
    "search": search.measure,
    "panels": panels.measure,
    "overview": overview.measure,
    "trends": trends.measure,
    "past": past.measure,
    "csv": csv_file.measure,
    "wire": wire.measure,
    "browser": browser.measure,
    "crowd": crowd.measure,
    "images": images.measure,
    "beside": beside.measure,
    "loading": loading.measure,
    "sync": sync.measure,
    "memory": memory.measure,
}
