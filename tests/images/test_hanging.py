"""A picture that never ends is ended in time, and takes nothing with it."""

import time

import psutil
import pytest

from tests.images.conftest import Painter, deliver, here, needs_chromium, order, until_told

pytestmark = [pytest.mark.database, needs_chromium]


def browsers(of: psutil.Process) -> list[psutil.Process]:
    return [one for one in of.children(recursive=True) if "chrom" in one.name()]


def test_a_figure_that_never_ends_is_ended_and_the_next_is_drawn(desk, tmp_path_factory):
    painter = Painter(tmp_path_factory.mktemp("hanging"))
    try:
        painter.begin(CASEBOARD_IMAGE_SECONDS="2")
        worker = psutil.Process(painter.child.process.pid)
        here().put_order("before", order())
        deliver("before", 1)
        until_told("before")
        sick = browsers(worker)
        many = [{"type": "scatter", "y": [1, 2], "name": str(n)} for n in range(20_000)]
        here().put_order("endless", order(figure={"data": many, "layout": {}}))
        begun = time.monotonic()
        deliver("endless", 1)
        told = until_told("endless")
        assert told.kind == "TooLate"
        assert time.monotonic() - begun < 15
        _, alive = psutil.wait_procs(sick, 10)
        assert not alive
        here().put_order("next", order())
        deliver("next", 1)
        assert b"<svg" in until_told("next")
        # Nothing of it outlives a worker that is killed.
        left = browsers(worker)
        assert left
        painter.end()
        _, alive = psutil.wait_procs(left, 10)
        assert not alive
    finally:
        painter.end()
