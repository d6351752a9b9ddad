"""The Celery application that draws images, with a queue of its own: no sync waits for it.

A message names an order that lies in Redis; whoever is told of it twice draws it once. It needs
neither the database nor any source. Its browser is killed when it takes too long, and everything
here steps back behind the pages (nice).
"""

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from celery import Celery
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)
from redis.exceptions import RedisError

from app import logs
from app.images import renderer
from app.images.browser import BrowserFailed, BrowserTooSlow
from app.images.faults import LACKING
from app.images.finish import NotAPicture
from app.images.renderer import Renderer
from app.images.shelf import Failure, Shelf
from app.queue import IMAGES, LIMITS
from app.settings import SettingsError, get_settings

log = logging.getLogger(__name__)

# More, and a busy machine would not get to drawing in time.
NICE = 5
GROUP = Path("/proc/self/autogroup")
# Beyond the browser's own limit, should this process itself hang: then it is killed as well.
MERCY_SECONDS = 100
# Starting a browser may come on top of drawing; then somebody else may ask again.
LEEWAY_SECONDS = 10
PULSE_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


def _application() -> Celery:
    settings = get_settings()
    if settings.queue_url is None or settings.redis_url is None:
        raise SettingsError("CASEBOARD_REDIS_URL is not set: images are ordered through Redis.")
    application = Celery("images", broker=settings.queue_url, set_as_current=False)
    application.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_default_queue=IMAGES,
        task_time_limit=settings.image_seconds + MERCY_SECONDS,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_max_tasks_per_child=1_000,
        worker_max_memory_per_child=300_000,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 600,
            "socket_timeout": 5,
            "socket_connect_timeout": LIMITS["socket_connect_timeout"],
            "socket_keepalive": True,
        },
        timezone="UTC",
    )
    return application


app = _application()
_renderers: list[Renderer] = []


@setup_logging.connect
def _log(**_: object) -> None:
    """Log as everything else of ours does, and not as Celery would."""
    logs.set_up()


@worker_process_init.connect
def _begin(**_: object) -> None:
    """The child that draws: behind everything else, and ended when the worker is."""
    os.nice(NICE)
    if os.getsid(0) == os.getppid():
        # Where Linux shares time between sessions first, only this counts between them; in a
        # session that is not our own it would slow down others.
        with suppress(OSError):
            GROUP.write_text(str(NICE))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    path = renderer.chromium()
    if path is None:
        return
    _renderers.append(Renderer(path))
    try:
        _renderers[0].open()
    except BrowserFailed as fault:
        log.warning("The browser did not start (%s); it is tried again with the next image", fault)


@worker_process_shutdown.connect
def _end(**_: object) -> None:
    for one in _renderers:
        one.close()


@worker_ready.connect
def _tell(**_: object) -> None:
    """Tell again and again that somebody draws here, or why nobody can."""
    fault = "" if renderer.chromium() else LACKING
    if fault:
        log.warning("%s", fault)

    def tell() -> None:
        shelf = Shelf(get_settings().redis_url or "")
        while True:
            try:
                shelf.tell_alive(fault)
            except (RedisError, OSError) as error:
                log.warning("Redis does not answer (%s)", type(error).__name__)
            time.sleep(PULSE_SECONDS)

    threading.Thread(target=tell, name="tell that images are drawn", daemon=True).start()


@app.task(name="caseboard.draw")
def draw(key: str) -> None:
    """Draw the order that lies under a key, and lay the image beside it."""
    seconds = get_settings().image_seconds
    shelf = Shelf(get_settings().redis_url or "")
    order = shelf.take_order(key, seconds + LEEWAY_SECONDS)
    if order is None:
        return
    if not _renderers:
        shelf.fail(key, Failure("NoRenderer", LACKING))
        return
    begun = time.monotonic()
    try:
        image = _renderers[0].draw(order, seconds)
    except BrowserTooSlow:
        log.warning("The image %s took longer than %g s; the browser was killed", key, seconds)
        told = f"drawing it took longer than {seconds:g} seconds and was stopped"
        shelf.fail(key, Failure("TooLate", told))
        return
    except (BrowserFailed, NotAPicture, ValueError) as fault:
        log.warning("The image %s was not drawn: %s", key, fault)
        shelf.fail(key, Failure("NotDrawn", "the renderer could not draw this chart"))
        return
    shelf.put(key, image)
    log.info("drew %s: %d bytes in %.3f s", key, len(image), time.monotonic() - begun)
    _renderers[0].tidy()
