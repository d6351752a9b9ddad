"""The commands of `caseboard` that become a program: web, worker, beat, flower, sandbox.

The program loads what it needs itself, so nothing of that is loaded here.
"""

import argparse
import os
from importlib.util import find_spec

from app import programs
from app.auth.loopback import refuse_unsafe_start
from app.processes import StartFailed
from app.settings import get_settings


def web(asked: argparse.Namespace) -> int:
    """Become the web server; SettingsError where it would let in whoever comes by."""
    refuse_unsafe_start(get_settings(), asked.bind)
    command = programs.web(asked.bind)
    os.execv(command[0], command)  # noqa: S606 - gunicorn takes the place of this process


def worker(asked: argparse.Namespace) -> int:
    """Become a worker: of the syncs, or one that draws images."""
    command = programs.image_worker() if asked.images else programs.worker()
    os.execv(command[0], command)  # noqa: S606 - celery takes the place of this process


def beat(_asked: argparse.Namespace) -> int:
    """Become the clock."""
    command = programs.beat()
    os.execv(command[0], command)  # noqa: S606 - celery takes the place of this process


def flower(asked: argparse.Namespace) -> int:
    """Become Flower."""
    if find_spec("flower") is None:
        raise StartFailed("Flower is not installed: pip install 'caseboard[flower]'")
    command = programs.flower(asked.bind)
    os.execv(command[0], command)  # noqa: S606 - flower takes the place of this process


def sandbox(asked: argparse.Namespace) -> int:
    """Become the sandbox of the three sources."""
    given = asked.arguments[1:] if asked.arguments[:1] == ["--"] else asked.arguments
    command = programs.sandbox(*given)
    os.execv(command[0], command)  # noqa: S606 - the sandbox takes the place of this process
