"""Asks for syncs: a row in the database, and a word to the workers so that they look at once."""

import logging
import threading

from celery import Celery
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Update, func, update

from app.cache import OPTIONS
from app.database import transaction
from app.models import Sync
from app.settings import get_settings

log = logging.getLogger(__name__)

QUEUE = "caseboard"
# The workers that draw images have a queue of their own.
IMAGES = "caseboard-images"
# What goes out: by its schedule, or when somebody asks for just that.
OUTGOING = ("report", "outbound", "notices")
QUEUES = (QUEUE, IMAGES)
LIMITS = {"socket_timeout": 2, "socket_connect_timeout": 2, "max_retries": 0}


def ask(name: str, *, full: bool = False) -> bool:
    """Let a sync run as soon as its source is free; False when there is no such sync.

    The row is what counts: when Redis is away, the next tick of the workers finds it.
    """
    return bool(_ask(update(Sync).where(Sync.name == name), full=full))


def ask_all() -> list[str]:
    """Let every sync that reads run as soon as its source is free; tells their names.

    Reports go out by their schedule, or when somebody asks for just that.
    """
    return _ask(update(Sync).where(Sync.source.not_in(OUTGOING)), full=False)


def _ask(chosen: Update, *, full: bool) -> list[str]:
    values = {
        "asked_at": func.clock_timestamp(),
        "asked_full": Sync.asked_full | full,
        "attempts": 0,
        "retry_at": None,
    }
    with transaction() as connection:
        asked = connection.execute(chosen.values(values).returning(Sync.name))
        names = list(asked.scalars())
    if names:
        threading.Thread(target=_wake, name="wake the workers", daemon=True).start()
    return names


def _wake() -> None:
    """Send a tick with a deadline: nobody waits for Redis."""
    url = get_settings().queue_url
    if url is None:
        return
    sender = Celery("caseboard", broker=url, set_as_current=False)
    sender.conf.update(broker_transport_options=LIMITS, task_ignore_result=True)
    try:
        with sender.connection_for_write() as broker:
            sender.send_task(
                "caseboard.tick", queue=QUEUE, connection=broker, retry=False, expires=60
            )
    except (KombuError, RedisError, OSError) as error:
        log.warning(
            "Redis did not take the word to the workers (%s); they will see it at their next tick",
            type(error).__name__,
        )


def lengths() -> dict[str, int]:
    """How many messages wait in each queue; nothing at all where Redis does not answer."""
    url = get_settings().queue_address
    if url is None:
        return {}
    try:
        with Redis.from_url(url, **OPTIONS) as client:
            return {name: int(client.llen(name)) for name in QUEUES}
    except (RedisError, OSError):
        return {}


def eviction() -> str | None:
    """What the queue's Redis does when it is full, as it calls it; None when it hides that."""
    try:
        with Redis.from_url(str(get_settings().queue_address), **OPTIONS) as client:
            told = client.config_get("maxmemory-policy")
    except (RedisError, OSError):
        return None
    return str(told.get("maxmemory-policy")) if isinstance(told, dict) else None
