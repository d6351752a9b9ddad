"""Asking for an image: the one way to have a panel drawn, whoever asks.

Each distinct image is drawn once, however many ask for it at once, in however many processes: the
first asker in a process goes for all of them, and one process of all orders it.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

import orjson
from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from app.cache import Breaker
from app.images import renderer
from app.images.faults import Busy, NoImage, NoRenderer, NotDrawn, RedisAway, TooLate
from app.images.form import Form
from app.images.order import order
from app.images.shelf import Failure, Shelf
from app.panel import Panel, asked_of
from app.queue import IMAGES, LIMITS
from app.scope import Scope
from app.settings import get_settings
from app.turnstile import stepped_aside
from app.version import Version

log = logging.getLogger(__name__)

# How long an image may wait for its turn; as many threads may wait as there are places.
TURN_SECONDS = 40.0
PLACES = 220
LOOK_SECONDS = 1.0
FAULTS: dict[str, type[NoImage]] = {"NotDrawn": NotDrawn, "TooLate": TooLate}

breaker = Breaker()


@dataclass(slots=True)
class _Flight:
    """One image on its way to everybody in this process who waits for it."""

    done: threading.Event = field(default_factory=threading.Event)
    image: bytes | None = None
    fault: Exception | None = None


_flights: dict[str, _Flight] = {}
_guard = threading.Lock()
_places = threading.BoundedSemaphore(PLACES)


def image_key(panel: Panel, scope: Scope, version: Version, form: Form) -> str:
    """What tells an image from all others: panel, scope, data, form, and how it is drawn."""
    asked = asked_of(panel, scope)
    parts = (panel.name, *asked.key, version.key, *form.key, renderer.mark())
    return sha256(orjson.dumps(parts)).hexdigest()


def image(panel: Panel, scope: Scope, version: Version, form: Form) -> bytes:
    """The file of a panel as an image; waits until it is drawn, or raises NoImage with the reason.

    Faults of the database are raised as they are.
    """
    redis_url = get_settings().redis_url
    if redis_url is None:
        raise NoRenderer("Images are drawn by workers that are asked through Redis: set "
                         "CASEBOARD_REDIS_URL and start `caseboard worker --images`.")  # fmt: skip
    if not breaker.allows:
        raise RedisAway
    key = image_key(panel, scope, version, form)
    try:
        found = _shelf(redis_url).find(key)
    except (RedisError, OSError) as error:
        breaker.trip(error)
        raise RedisAway from None
    return _shown(found) or _waited(key, lambda: order(panel, scope, version, form))


def renderer_state() -> list[str]:
    """How it stands with what draws images, in words; the first is `ok` when all is well."""
    redis_url, path = get_settings().redis_url, renderer.chromium()
    drawn_with = (
        f"they would be drawn with {path}" if path else "there is no Chromium on this machine"
    )
    try:
        fault = _shelf(redis_url).renderer() if redis_url else None
    except (RedisError, OSError):
        return [f"Redis does not answer; {drawn_with}"]
    if fault is None:
        told = "no worker that draws them is at work: start `caseboard worker --images`"
        return [f"{told}; {drawn_with}"]
    return [fault or "ok"]


def _waited(key: str, make: Callable[[], bytes]) -> bytes:
    """Wait for an image together with everybody here who wants the same one."""
    deadline = time.monotonic() + get_settings().image_seconds + TURN_SECONDS
    with _guard:
        flight = _flights.get(key)
        first = flight is None
        if flight is None:
            flight = _flights[key] = _Flight()
    if not _places.acquire(blocking=False):
        if first:
            _land(key, flight, fault=Busy())
        raise Busy
    try:
        if first:
            _fly(key, flight, make, deadline)
        else:
            with stepped_aside():
                flight.done.wait(deadline - time.monotonic())
    finally:
        _places.release()
    if flight.fault:
        raise flight.fault
    if flight.image is None:
        raise TooLate("The image was not drawn in time; ask again, it may be there by then.")
    return flight.image


def _fly(key: str, flight: _Flight, make: Callable[[], bytes], deadline: float) -> None:
    """Get the image for all who wait here."""
    image: bytes | None = None
    fault: Exception | None = None
    try:
        image = _got(key, make, deadline)
    except (RedisError, KombuError, OSError) as error:
        breaker.trip(error)
        fault = RedisAway()
    except Exception as error:  # noqa: BLE001 - it is raised to everybody who waits
        fault = error
    finally:
        _land(key, flight, image, fault)


def _land(
    key: str, flight: _Flight, image: bytes | None = None, fault: Exception | None = None
) -> None:
    with _guard:
        _flights.pop(key, None)
    flight.image, flight.fault = image, fault
    flight.done.set()


def _got(key: str, make: Callable[[], bytes], deadline: float) -> bytes | None:
    """Order an image unless somebody has, and wait for it; None when the time is over."""
    shelf = _shelf(get_settings().redis_url or "")
    _check_renderer(shelf)
    with shelf.listen(key) as channel:
        while True:
            found = _shown(shelf.find(key))
            if found:
                return found
            if shelf.claim(key):
                _place(shelf, key, make)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            with stepped_aside():
                # Should the word get lost: the shelf is looked at all the same.
                channel.get_message(timeout=min(left, LOOK_SECONDS))


def _place(shelf: Shelf, key: str, make: Callable[[], bytes]) -> None:
    """Lay down the order and tell the workers of it."""
    placed = False
    try:
        shelf.put_order(key, make())
        _sender(get_settings().queue_url or "").send_task(
            "caseboard.draw", (key,), queue=IMAGES, retry=False
        )
        placed = True
    finally:
        if not placed:
            shelf.give_up(key)


def _check_renderer(shelf: Shelf) -> None:
    fault = shelf.renderer()
    if fault is None:
        raise NoRenderer(
            "No worker that draws images is at work: start `caseboard worker --images` "
            "(`caseboard up` does).",
            again=5,
        )
    if fault:
        raise NoRenderer(f"{fault[:1].upper()}{fault[1:]}.")


def _shown(found: bytes | Failure | None) -> bytes | None:
    """The image; NoImage when it is known that there is none."""
    if isinstance(found, Failure):
        if found.kind == "NoRenderer":
            raise NoRenderer(f"{found.told[:1].upper()}{found.told[1:]}.")
        raise FAULTS.get(found.kind, NotDrawn)(
            f"The image was not drawn: {found.told}. It is not tried again for some seconds."
        )
    return found


@lru_cache(maxsize=4)
def _shelf(redis_url: str) -> Shelf:
    return Shelf(redis_url)


@lru_cache(maxsize=1)
def _sender(queue_url: str) -> Celery:
    sender = Celery("images", broker=queue_url, set_as_current=False)
    sender.conf.update(broker_transport_options=LIMITS, task_ignore_result=True)
    return sender
