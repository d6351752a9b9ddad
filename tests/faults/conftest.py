"""The whole of the faults is for `make faults`; every run of the suite does a part of them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import next_release, report
from tests.faults.injectors import FAULTS, tmpfs, untmpfs
from tests.faults.oracle import Oracle
from tests.faults.readers import Readers
from tests.faults.stack import Stack, wait, whole_stack

WHOLE = os.environ.get("TEST_FAULTS") == "whole"


@pytest.fixture(scope="session")
def book() -> Iterator[report.Book]:
    """What is met; `make faults` writes it into the documents."""
    kept = report.Book()
    yield kept
    if WHOLE:
        releases = (next_release.UPGRADE, next_release.BACK, next_release.BROUGHT_BACK)
        report.write(kept, [*(fault.name for fault in FAULTS), *releases])


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    """A stack with its PostgreSQL on a small disk of its own, where we may make one."""
    folder: Path = tmp_path_factory.mktemp("stack")
    disk = WHOLE and tmpfs(folder / "servers", 400)
    try:
        with whole_stack(folder) as running:
            yield running
    finally:
        if disk:
            untmpfs(folder / "servers")


@pytest.fixture(scope="module")
def readers(stack: Stack) -> Iterator[Readers]:
    """Readers who look at the board all the time, beside an oracle."""
    oracle = Oracle(stack.direct)
    looking = Readers(stack.address, oracle, stack.openly())
    # What was never shown cannot be shown again.
    wait(lambda: looking.phase.fresh > 30, 30, "readers get nothing")
    yield looking
    looking.stop()
    oracle.stop()
