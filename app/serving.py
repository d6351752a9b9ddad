"""How gunicorn serves: its configuration, and the files in which its processes count together.

Each process counts in files of its own. What a process has counted must not be lost when it ends
(numbers would go down), nor its files kept for ever: its parent adds them to those of the departed.
The folder lives as long as gunicorn; one that a killed gunicorn left is removed at the next start.
"""

import fcntl
import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from app import logs
from app.settings import SHARED_FOLDER, use

log = logging.getLogger(__name__)

NAME = "caseboard-meters-"
LOCK = "lock"
DEPARTED = "0"  # no process has this number

# gunicorn reads these.
logconfig_dict = logs.configuration()
# Its sign of life must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - not our file
_folder: list[Path] = []


def on_starting(_server: Any) -> None:
    """Make the folder of this gunicorn's counters; its processes learn of it."""
    _sweep(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-"))
    (folder / LOCK).touch()
    _folder.append(folder)
    use({SHARED_FOLDER: str(folder)})


def post_fork(_server: Any, _worker: Any) -> None:
    """Hardly anything of what is loaded is garbage; to look for it takes a quarter of the time."""
    gc.disable()


def post_worker_init(_worker: Any) -> None:
    """All is loaded, and stays: the collector need not look through it again.

    To do so took a fifth of a second, in the midst of requests. What they leave is little, and is
    looked for more seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def child_exit(_server: Any, worker: Any) -> None:
    """A process has ended: keep what it counted, and not its files."""
    try:
        fold(_folder[0], worker.pid)
    except Exception:  # whatever it is, gunicorn goes on
        log.exception("The counters of process %s were not kept", worker.pid)


def on_exit(_server: Any) -> None:
    """Nothing is left behind."""
    for folder in _folder:
        shutil.rmtree(folder, ignore_errors=True)


def fold(folder: Path, pid: int) -> None:
    """Add the counters of a process to those of the departed, and remove its files."""
    # Not before the folder is named: prometheus-client decides at its import where it counts.
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415

    with locked(folder):
        for path in sorted(folder.glob(f"*_{pid}.db")):
            kept = MmapedDict(str(path.with_name(f"{path.stem.rpartition('_')[0]}_{DEPARTED}.db")))
            try:
                for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
                    before, _ = kept.read_value(key)
                    kept.write_value(key, before + value, 0.0)
            finally:
                kept.close()
            path.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody moves counters while they are read, nor the other way round."""
    with (folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(place: Path) -> None:
    """Remove the folders of gunicorns that were killed."""
    for folder in place.glob(f"{NAME}*"):
        pid = folder.name.removeprefix(NAME).partition("-")[0]
        # In a container every gunicorn may have our number.
        gone = pid.isdigit() and (int(pid) == os.getpid() or not psutil.pid_exists(int(pid)))
        if gone and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
