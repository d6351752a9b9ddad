"""The Celery application: messages that wake workers. What is due stands in the database.

A lost message, a doubled one, two beats or an emptied Redis change nothing: every tick asks the
database anew, and a source is run by one worker at a time, whoever was woken.
"""

import ctypes
import logging
import signal
import sys
from datetime import timedelta

from celery import Celery, Task
from celery.signals import setup_logging, worker_process_init, worker_ready

from app import database, logs, revisions
from app.settings import SettingsError, get_settings
from etl import sync
from etl.clock import Tick
from etl.schedule import tick as tick_once

log = logging.getLogger(__name__)

TICK_SECONDS = 15.0
# More workers of an older release than that, and a sync begins at the next tick of beat.
MOST_PASSED = 8
# A task that outlives this is delivered once more, finds its source taken, and ends.
VISIBILITY_SECONDS = 3_600
SOFT_LIMIT, HARD_LIMIT = 1_140, 1_200
SOCKET = {"socket_timeout": 5, "socket_connect_timeout": 3, "socket_keepalive": True}
PR_SET_PDEATHSIG = 1


def _broker() -> str:
    url = get_settings().queue_url
    if url is None:
        raise SettingsError(
            "CASEBOARD_REDIS_URL is not set: workers are woken through Redis "
            "(redis://host:6379/0). `caseboard sync` runs a sync without workers."
        )
    return url


def _application() -> Celery:
    # As this release has it, whatever is put in its place while it runs.
    database.head_revision()
    application = Celery("caseboard", broker=_broker(), set_as_current=False)
    application.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=SOFT_LIMIT,
        task_time_limit=HARD_LIMIT,
        task_default_queue="caseboard",
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=200,
        worker_max_memory_per_child=400_000,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=3,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_SECONDS,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            **SOCKET,
        },
        redis_socket_timeout=SOCKET["socket_timeout"],
        redis_socket_connect_timeout=SOCKET["socket_connect_timeout"],
        timezone="UTC",
        beat_max_loop_interval=5,
        beat_schedule={
            "tick": {
                "task": "caseboard.tick",
                "schedule": Tick(timedelta(seconds=TICK_SECONDS)),
                "options": {"expires": TICK_SECONDS * 4},
            }
        },
    )
    return application


app = _application()


@setup_logging.connect
def _log(**_: object) -> None:
    """Log as everything else of ours does, and not as Celery would."""
    logs.set_up()


@worker_process_init.connect
def _begin(**_: object) -> None:
    """A child of the worker makes its own connections, and ends when the worker does."""
    database.forget()
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@worker_ready.connect
def _look(**_: object) -> None:
    """A new worker looks for work at once, not only when beat ticks next."""
    tick.apply_async(expires=TICK_SECONDS * 4, retry=False)


@app.task(name="caseboard.tick")
def tick(passed: int = 0, **_: object) -> None:
    """Ask the database what is due, and wake a worker for each source that has work.

    A newer release may tell more with its messages than this one knows of.
    """
    if _is_for_others():
        _pass_on(tick, (), passed)
        return
    for source in tick_once():
        run.apply_async((source,), expires=TICK_SECONDS * 4, retry=False)


@app.task(name="caseboard.run")
def run(source: str, passed: int = 0, **_: object) -> None:
    """Run what is due of a source; ends at once when another worker is at it."""
    if _is_for_others():
        _pass_on(run, (source,), passed)
        return
    sync.work(source)


def _is_for_others() -> bool:
    """Whether the tables are of another release, so that syncs are its workers' work."""
    tables = revisions.look()
    if not tables.right:
        log.warning("Nothing is synced here: the tables are %s", tables.words())
    return not tables.right


def _pass_on(task: Task, given: tuple[str, ...], passed: int) -> None:
    """Let another worker have the word; a few times, for there may be none of that release."""
    if passed < MOST_PASSED:
        told = {"passed": passed + 1}
        task.apply_async(given, told, expires=TICK_SECONDS * 4, retry=False)
