"""Where orders and finished images lie, in Redis: bytes and small JSON, nothing that is run.

An image is found by its key. Beside it may stand who asked for it (one asker at a time), the order,
why it failed, and a word on a channel once it is there. Everything expires; finished images are
bounded in all.
"""

import time
from dataclasses import dataclass
from typing import Any, cast

import orjson
from redis import Redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from app.cache import PREFIX
from app.images.finish import SIGNATURE

KEEP_SECONDS = 3_600
KEEP_BYTES = 64_000_000
FAILED_SECONDS = 20
ASKED_SECONDS = 90
ALIVE_SECONDS = 30
SPACE = f"{PREFIX}image:"
INDEX, SIZES, ALIVE = f"{SPACE}index", f"{SPACE}sizes", f"{SPACE}renderer"
OPTIONS: dict[str, Any] = {
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
    "retry": Retry(NoBackoff(), 0),
}
BEGINNINGS = (SIGNATURE, b"<?xml version='1.0' encoding='UTF-8'?>\n<svg ")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an image was not drawn: the name of the fault's class, and words."""

    kind: str
    told: str


class Shelf:
    """All methods raise RedisError or OSError where Redis does not answer within a second."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url, **OPTIONS)

    def find(self, key: str) -> bytes | Failure | None:
        """The image, or why there is none; None while nothing is known."""
        drawn, failed = cast(
            "list[bytes | None]", self._redis.mget(f"{SPACE}{key}", f"{SPACE}{key}:failed")
        )
        # What does not begin with its key was not put there by us.
        mark = f"{key}\n".encode()
        if drawn and drawn.startswith(mark):
            image = drawn.removeprefix(mark)
            if image.startswith(BEGINNINGS):
                return image
        return _failure(failed)

    def claim(self, key: str) -> bool:
        """Become the one who asks for an image; False while somebody else is."""
        return bool(self._redis.set(f"{SPACE}{key}:asked", b"1", nx=True, ex=ASKED_SECONDS))

    def give_up(self, key: str) -> None:
        """Let somebody else ask for an image."""
        self._redis.delete(f"{SPACE}{key}:asked")

    def put_order(self, key: str, order: bytes) -> None:
        """Lay down what is to be drawn."""
        self._redis.set(f"{SPACE}{key}:order", order, ex=ASKED_SECONDS)

    def take_order(self, key: str, seconds: float) -> bytes | None:
        """What is to be drawn; None when that is done, under way, or not wanted any more.

        For `seconds` nobody else gets it, and who waits for it knows that it is being drawn.
        """
        if self.find(key) is not None:
            return None
        if not self._redis.set(f"{SPACE}{key}:drawing", b"1", nx=True, px=int(seconds * 1e3)):
            return None
        self._redis.set(f"{SPACE}{key}:asked", b"1", px=int(seconds * 1e3))
        return cast("bytes | None", self._redis.get(f"{SPACE}{key}:order"))

    def put(self, key: str, image: bytes) -> None:
        """Lay down a finished image, tell who waits, and drop the oldest where it gets too much."""
        told = f"{key}\n".encode() + image
        with self._redis.pipeline() as pipe:
            pipe.set(f"{SPACE}{key}", told, ex=KEEP_SECONDS)
            pipe.zadd(INDEX, {key: time.time()})
            pipe.hset(SIZES, key, str(len(told)))
            pipe.expire(INDEX, KEEP_SECONDS)
            pipe.expire(SIZES, KEEP_SECONDS)
            self._done(pipe, key)
        self._trim()

    def fail(self, key: str, failure: Failure) -> None:
        """Remember for a while that an image cannot be drawn, and tell who waits."""
        told = orjson.dumps({"kind": failure.kind, "told": failure.told})
        with self._redis.pipeline() as pipe:
            pipe.set(f"{SPACE}{key}:failed", told, ex=FAILED_SECONDS)
            self._done(pipe, key)

    def listen(self, key: str) -> PubSub:
        """The channel on which a word comes once an image is there, or will not be."""
        channel: PubSub = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        channel.subscribe(f"{SPACE}{key}")
        return channel

    def tell_alive(self, fault: str) -> None:
        """A worker is at work here; `fault` is what keeps it from drawing, if anything."""
        told = orjson.dumps({"fault": fault})
        # One that can draw counts, whatever others lack.
        self._redis.set(ALIVE, told, ex=ALIVE_SECONDS, nx=bool(fault))

    def renderer(self) -> str | None:
        """What keeps the workers from drawing; empty when nothing does, None without any."""
        told = _json(cast("bytes | None", self._redis.get(ALIVE)))
        fault = told.get("fault")
        return fault[:500] if isinstance(fault, str) else None

    @staticmethod
    def _done(pipe: Any, key: str) -> None:
        pipe.delete(*(f"{SPACE}{key}:{part}" for part in ("asked", "order", "drawing")))
        pipe.publish(f"{SPACE}{key}", b"done")
        pipe.execute()

    def _trim(self) -> None:
        sizes = cast("dict[bytes, bytes]", self._redis.hgetall(SIZES))
        oldest = cast(
            "list[tuple[bytes, float]]", self._redis.zrange(INDEX, 0, -1, withscores=True)
        )
        held = sum(int(size) for size in sizes.values())
        gone = []
        for key, put_at in oldest:
            if held <= KEEP_BYTES and put_at > time.time() - KEEP_SECONDS:
                break
            held -= int(sizes.get(key, 0))
            gone.append(key)
        if gone:
            with self._redis.pipeline() as pipe:
                pipe.delete(*(SPACE.encode() + key for key in gone))
                pipe.zrem(INDEX, *gone)
                pipe.hdel(SIZES, *gone)
                pipe.execute()


def _failure(told: bytes | None) -> Failure | None:
    read = _json(told)
    kind, words = read.get("kind"), read.get("told")
    return Failure(kind, words) if isinstance(kind, str) and isinstance(words, str) else None


def _json(told: bytes | None) -> dict[str, Any]:
    """A small JSON object; empty for nothing, or for what somebody else put there."""
    try:
        read = orjson.loads(told) if told else {}
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}
