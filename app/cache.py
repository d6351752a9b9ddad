"""Answers remembered in Redis, keyed by what they depend on; nobody ever clears them.

A key names the panel, the View, the instant and the data version, so a load makes every older
answer unreachable by committing. Values are JSON text, never pickles.
Redis only makes things faster. Absent, frozen or full of rubbish, it costs a fraction of a second
once in `BREAK_SECONDS`, and the answer is computed.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from cachelib.serializers import BaseSerializer
from flask import Flask, current_app
from flask_caching import Cache
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app import meters
from app.flight import MARK, Flight, looks
from app.turnstile import stepped_aside

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
BREAK_SECONDS = 5.0
KEEP_SECONDS = 3_600
# How often a Redis that was slow is asked again for what only it knows.
SURELY = 2


def _code_mark() -> str:
    """What tells this code from any other: answers that another release remembered are not ours."""
    mark = hashlib.sha256()
    # What is remembered may be whole pieces of screen.
    for room in ("app", "components", "pages"):
        for path in sorted((Path(__file__).parent.parent / room).rglob("*.py")):
            mark.update(path.read_bytes())
    return mark.hexdigest()[:12]


FLIGHT = "caseboard flight"
PREFIX = f"caseboard:{_code_mark()}:"

# The client retries ten times over seconds unless told not to.
OPTIONS: dict[str, Any] = {
    "socket_timeout": TIMEOUT_SECONDS,
    "socket_connect_timeout": TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),
}


class TextSerializer(BaseSerializer):  # type: ignore[misc]
    """Texts as UTF-8 and nothing else: what lies in Redis can never become code (unlike pickle)."""

    def dumps(self, value: Any, protocol: int = 0) -> bytes | None:
        """The bytes to keep."""
        del protocol
        return value.encode() if isinstance(value, str) else None

    def loads(self, bvalue: bytes | None) -> str | None:
        """The text that was kept; None for nothing, or for what somebody else put there."""
        try:
            return None if bvalue is None else bvalue.decode()
        except UnicodeDecodeError:
            return None


cache = Cache()


class Breaker:
    """Skips a failing Redis for a while, so that it delays one request and not each of them."""

    def __init__(self) -> None:
        self._closed_until = 0.0

    @property
    def allows(self) -> bool:
        """Whether Redis may be tried now."""
        return time.monotonic() >= self._closed_until

    def trip(self, error: Exception) -> None:
        """Redis has failed: leave it alone for `BREAK_SECONDS`."""
        self._closed_until = time.monotonic() + BREAK_SECONDS
        log.warning("Redis does not answer (%s); answers are computed", type(error).__name__)

    def reset(self) -> None:
        """Try Redis again at once."""
        self._closed_until = 0.0


breaker = Breaker()


def init_cache(app: Flask, redis_url: str | None) -> None:
    """Attach the cache to the web application; without a Redis URL nothing is remembered."""
    breaker.reset()
    if redis_url is None:
        cache.init_app(app, {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True})
        return
    app.extensions[FLIGHT] = Flight(Redis.from_url(redis_url, **OPTIONS), PREFIX)
    cache.init_app(
        app,
        {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_URL": redis_url,
            "CACHE_KEY_PREFIX": PREFIX,
            "CACHE_DEFAULT_TIMEOUT": KEEP_SECONDS,
            "CACHE_SERIALIZER": TextSerializer,
            "CACHE_OPTIONS": OPTIONS,
        },
    )


_computing: dict[str, threading.Lock] = {}
_guard = threading.Lock()


def remembered(parts: tuple[str, ...], compute: Callable[[], str]) -> str:
    """The JSON text for a key made of `parts`: from Redis, else computed and remembered.

    Threads that want the same missing answer wait for the first to compute it, those of other
    processes too where Redis answers, and for as long as `app.flight` tells. Whoever waits lets
    other requests be worked on meanwhile.
    """
    key = _key(parts)
    told = _look(key)
    if told is not None:
        return told
    with _guard:
        lock = _computing.setdefault(key, threading.Lock())
    if not lock.acquire(blocking=False):
        with stepped_aside():
            lock.acquire()
    try:
        told = _awaited(key)
        return _computed(key, compute) if told is None else told
    finally:
        with _guard:
            _computing.pop(key, None)
        lock.release()


def _awaited(key: str) -> str | None:
    """The text when somebody else has computed it by now; None when it is for us to do so."""
    told, is_over = _looked(key)
    if is_over:
        return told
    with stepped_aside():
        for _ in looks():
            told, is_over = _looked(key)
            if is_over:
                return told
    return None


def _looked(key: str) -> tuple[str | None, bool]:
    """What `_awaited` tells by now, and whether it need not wait for it any longer."""
    if _begin(key):
        return None, True
    told, being_computed = _seen(key)
    return told, not being_computed


def _begin(key: str) -> bool:
    """Whether we are the first of all processes to compute it; so it is without Redis."""
    flight = _flight()
    if flight is None or not breaker.allows:
        return True
    try:
        return flight.begin(key)
    except (RedisError, OSError) as error:
        breaker.trip(error)
        return True


def _flight() -> Flight | None:
    """That of the application which is asked, as its cache is found; None without a Redis."""
    return (current_app or cache.app).extensions.get(FLIGHT)


def _computed(key: str, compute: Callable[[], str]) -> str:
    flight = _flight()
    try:
        told = compute()
    except BaseException:
        if flight is not None and breaker.allows:
            with suppress(RedisError, OSError):
                flight.give_up(key)
        raise
    finally:
        if flight is not None:
            flight.end(key)
    _set(key, told)
    return told


def known(parts: tuple[str, ...], *, surely: bool = False) -> str | None:
    """The text remembered for a key made of `parts`, None when there is none.

    `surely`: nobody can compute it now, so a Redis that was slow is asked once more.
    """
    told = _look(_key(parts))
    for _ in range(SURELY if surely and not breaker.allows else 0):
        breaker.reset()
        told = _look(_key(parts))
        if breaker.allows:
            break
    return told


def remember(parts: tuple[str, ...], value: str, seconds: int = KEEP_SECONDS) -> bool:
    """Remember a text for a key made of `parts`; False where Redis does not take it."""
    return _set(_key(parts), value, seconds)


def _key(parts: tuple[str, ...]) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _look(key: str) -> str | None:
    """The same as `_get`, counted."""
    told = _get(key)
    meters.looked_up("hit" if told is not None else "miss" if breaker.allows else "away")
    return told


def _get(key: str) -> str | None:
    return _seen(key)[0]


def _seen(key: str) -> tuple[str | None, bool]:
    """The text for a key, None where there is none; and whether somebody computes it now."""
    if not breaker.allows:
        return None, False
    try:
        value = cache.get(key)
    except (RedisError, OSError) as error:
        breaker.trip(error)
        return None, False
    # A text that does not begin with its key was not put there by us.
    start = f"{key}\n"
    ours = isinstance(value, str) and value.startswith(start)
    return value.removeprefix(start) if ours else None, value == MARK


def _set(key: str, value: str, seconds: int = KEEP_SECONDS) -> bool:
    if not breaker.allows:
        return False
    try:
        return bool(cache.set(key, f"{key}\n{value}", timeout=seconds))
    except (RedisError, OSError) as error:
        breaker.trip(error)
        return False
