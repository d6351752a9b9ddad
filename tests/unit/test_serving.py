"""A web process ends at once when it ends well, and as it would have when it does not."""

import gc
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from app import serving

ENDING = """
import atexit, os, sys, types
from app import serving

class Late:
    def __del__(self):
        print("taken apart")

kept = Late()
atexit.register(lambda: print("told"))
try:
    sys.exit({code})
finally:
    serving.worker_exit(None, types.SimpleNamespace(pid=os.getpid() + {other}))
"""


@pytest.mark.parametrize(
    ("code", "other", "said"),
    [(0, 0, ["told"]), (3, 0, ["told", "taken apart"]), (0, 1, ["told", "taken apart"])],
    ids=["well", "with a fault", "another process"],
)
def test_it_takes_nothing_apart_when_it_ends_well(code, other, said):
    script = ENDING.format(code=code, other=other)
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == code, ended.stderr
    assert ended.stdout.split("\n")[:-1] == said


def test_garbage_is_looked_for_once_all_is_loaded():
    worker = SimpleNamespace(pid=os.getpid())
    try:
        serving.post_fork(None, worker)
        assert not gc.isenabled()
        serving.post_worker_init(worker)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1_000
    finally:
        gc.enable()
