"""How often somebody may ask, counted in Redis for all web processes, here while it is away."""

import logging

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

from app.cache import OPTIONS, Breaker

log = logging.getLogger(__name__)

# By address until somebody is known, then by person: a desk behind one address does not share.
LIMITS: dict[str, RateLimitItem] = {
    # A login is four requests, and an office may stand behind one address.
    "login": parse("120/minute"),
    "page": parse("300/minute"),
    "callback": parse("1500/minute"),
    "api": parse("600/minute"),
    "search": parse("120/minute"),
    "export": parse("30/minute"),
    # A report page of 20 charts, for each of its readers behind one token.
    "image": parse("1200/minute"),
    "scrape": parse("120/minute"),
    "refused": parse("120/minute"),
    # An office behind one address may look at many embeds, each of which asks once a minute.
    "embed": parse("3000/minute"),
    "embed_refused": parse("300/minute"),
}


class Limiter:
    """The counters."""

    def __init__(self, redis_url: str | None) -> None:
        self._here = FixedWindowRateLimiter(MemoryStorage())
        self._shared = None
        if redis_url is not None:
            pool = Redis.from_url(redis_url, **OPTIONS).connection_pool
            storage = RedisStorage("redis://", connection_pool=pool, key_prefix="caseboard:limit")
            self._shared = FixedWindowRateLimiter(storage)
        self._breaker = Breaker()

    def hit(self, kind: str, who: str) -> int | None:
        """Count one request; None when it may pass, else the seconds until the next one may."""
        limit = LIMITS[kind]
        if self._shared is not None and self._breaker.allows:
            try:
                return self._ask(self._shared, limit, kind, who)
            except (RedisError, OSError) as error:
                self._breaker.trip(error)
        return self._ask(self._here, limit, kind, who)

    @staticmethod
    def _ask(
        counter: FixedWindowRateLimiter, limit: RateLimitItem, kind: str, who: str
    ) -> int | None:
        return None if counter.hit(limit, kind, who) else limit.get_expiry()
