"""A dump of the old system: what its Redis keys hold, from a file or from the Redis itself.

The old system kept one JSON text under each key. A file is one JSON object of these keys, plain or
gzip; its values may be the texts as Redis gave them, or what they say.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.retry import Retry

from etl.errors import FileRefused, Malformed
from etl.sources.lines import opened
from etl.sources.texts import instant

# Maps of records, by case number, card key, day or person.
STATISTICS = ("stats", "telco5g_stats", "cnv_stats")
MAPS = ("cases", "cards", "details", "case_bz", "bugs", "issues", "users", *STATISTICS)
LISTS = ("escalations", "watchlist")
# What the old system needed to do its work, and nothing of what it knew.
WORKING = ("timestamp", "last_choice", "refresh_id", "refresh_lock")
KEYS = (*MAPS, *LISTS, *WORKING)

# About 60,000 cases; a file that unpacks to more is not a dump.
MOST_BYTES = 256 * 1024 * 1024
CHUNK = 1024 * 1024
SCHEMES = ("redis", "rediss", "unix")
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Dump:
    """The keys of the old system and what they say.

    `name` is what people know it by, without any password. `garbled` are keys whose text is not
    JSON, with that text; `others` is how many further keys a Redis has, which were not read.
    """

    name: str
    keys: Mapping[str, object]
    garbled: Mapping[str, str]
    others: int = 0

    def mapping(self, key: str) -> Mapping[str, object]:
        """What a key says by name; empty when it says nothing, or something else."""
        value = self.keys.get(key)
        return value if isinstance(value, dict) else {}

    def listing(self, key: str) -> list[object] | None:
        """What a key lists; None when it says nothing, or something else."""
        value = self.keys.get(key)
        return value if isinstance(value, list) else None


def read_dump(place: str) -> Dump:
    """The dump in a file, or in a live Redis when `place` is its URL.

    FileRefused, in words for people, when it is neither or holds nothing of the old system.
    """
    dump = _of_redis(place) if "://" in place else _of_file(Path(place))
    if not any(isinstance(dump.keys.get(key), dict) for key in MAPS):
        raise FileRefused(
            f"{dump.name} holds nothing of the old system: none of the keys "
            f"{', '.join(MAPS[:6])} is there as a map of records. Nothing was imported."
        )
    return dump


def taken_at(dump: Dump, now: datetime) -> datetime:
    """When a dump was taken at the earliest (UTC): the latest instant that it tells of.

    Told by the dump alone, so that importing it again tells the same. What lies after `now` is no
    instant that the old system can have known.
    """
    latest = None
    waiting: list[object] = list(dump.keys.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and 10 <= len(value) <= 40 and value[:2] in ("19", "20"):
            moment = _moment(value)
            if moment and moment <= now and (latest is None or moment > latest):
                latest = moment
    return latest or now


def _moment(value: str) -> datetime | None:
    try:
        return None if value.isdigit() else instant(value, "it")
    except Malformed:
        return None


def _of_file(path: Path) -> Dump:
    with opened(path) as (stream, _, _):
        try:
            text = _bounded(path, stream)
        except EOFError:
            raise _refused(path, "is cut short") from None
        except (gzip.BadGzipFile, zlib.error, OSError) as error:
            raise _refused(path, f"is damaged ({error})") from None
    if not text.strip():
        raise FileRefused(f"{path.name} is empty; nothing was imported.")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"is not JSON ({_first_words(error)})") from None
    if not isinstance(told, dict):
        raise FileRefused(
            f"{path.name} is a JSON {_kind(told)}, not an object of the old system's keys; "
            "nothing was imported."
        )
    keys, garbled = {}, {}
    for key, value in told.items():
        if isinstance(value, str):
            try:
                keys[key] = json.loads(value)
            except (ValueError, RecursionError):
                keys[key] = value
                if key not in WORKING:
                    garbled[key] = value
        else:
            keys[key] = value
    return Dump(path.name, keys, garbled)


def _bounded(path: Path, stream: Any) -> bytes:
    """The whole of a file, refused as soon as it is more than any dump can be."""
    text = bytearray()
    while chunk := stream.read(CHUNK):
        if not text and not chunk.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and chunk.strip():
            raise _refused(path, "does not begin with { as a dump of the old system does")
        text += chunk
        if len(text) > MOST_BYTES:
            limit = MOST_BYTES // 1024 // 1024
            raise FileRefused(
                f"{path.name} holds more than {limit} MB; no dump of the old system does. "
                "Nothing was imported."
            )
    return bytes(text)


def _of_redis(url: str) -> Dump:
    name = _without_password(url)
    try:
        client: Any = Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    except (ValueError, TypeError) as error:
        raise FileRefused(f"{name} is not the address of a Redis: {error}.") from None
    try:
        with client:
            return _of_client(client, name)
    except (AuthenticationError, NoPermissionError) as error:
        raise FileRefused(
            f"{name} does not let us read ({error}); name user and password in the address: "
            "redis://user:password@host:6379/0"
        ) from None
    except (RedisError, OSError) as error:
        raise FileRefused(
            f"{name} does not answer ({_first_words(error)}); check host, port and database."
        ) from None


def _of_client(client: Any, name: str) -> Dump:
    kinds = {key: client.type(key).decode() for key in KEYS}
    there = [key for key in KEYS if kinds[key] != "none"]
    texts = [key for key in there if kinds[key] == "string"]
    if sum(client.strlen(key) for key in texts) > MOST_BYTES:
        limit = MOST_BYTES // 1024 // 1024
        raise FileRefused(f"The old system's keys in {name} hold more than {limit} MB together.")
    # All at one instant, also while the old system writes.
    with client.pipeline(transaction=True) as together:
        for key in texts:
            together.get(key)
        together.dbsize()
        *values, size = together.execute()
    keys: dict[str, object] = {}
    garbled = {key: f"a Redis {kinds[key]}, not a text" for key in there if key not in texts}
    for key, value in zip(texts, values, strict=True):
        try:
            keys[key] = json.loads(value or b"null")
        except (ValueError, RecursionError):
            garbled[key] = (value or b"").decode("utf-8", "backslashreplace")
    keys |= garbled
    return Dump(name, keys, garbled, others=int(size) - len(there))


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        raise FileRefused("That is not the address of a Redis: redis://host:6379/0") from None
    if parts.scheme not in SCHEMES:
        raise FileRefused(
            f"{parts.scheme}:// is neither a file nor the address of a Redis: redis://host:6379/0"
        )
    return f"{parts.scheme}://{host}{parts.path}"


def _refused(path: Path, fault: str) -> FileRefused:
    return FileRefused(f"{path.name} {fault}; nothing was imported. Fetch the file again.")


def _kind(value: object) -> str:
    return {list: "list", str: "text", bool: "truth value", type(None): "null"}.get(
        type(value), "number"
    )


def _first_words(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
