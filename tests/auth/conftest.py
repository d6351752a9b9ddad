"""What the tests of the door share: an empty board with a login, and counters at nought."""

import pytest
from redis import Redis

from tests.auth.people import with_login
from tests.conftest import own_redis


def forget_limits(app, kind: str = "") -> None:
    """Put the counters of a kind of requests, or all, at nought: those in Redis and those here.

    Here is counted for five seconds after Redis was slow once, as it may be on a busy machine.
    """
    limiter = app.extensions["limiter"]
    limiter._breaker.reset()
    limiter._here.storage.reset()
    with Redis.from_url(own_redis()) as redis:
        for key in redis.scan_iter(f"caseboard:limit*{kind}*"):
            redis.delete(key)


@pytest.fixture
def door(empty, app):
    """The application with a login, on an empty board."""
    forget_limits(app)
    with with_login():
        yield app


@pytest.fixture
def ask(door):
    """Send a request: `ask(method, path, headers, json=...)`."""

    def send(method: str, path: str, headers=None, **more):
        # A client without a jar: what is sent is what the test says.
        return door.test_client(use_cookies=False).open(
            path, method=method, headers=headers, buffered=True, **more
        )

    return send


@pytest.fixture
def callbacks(app):
    """Dash's map of output to callback, those that the server answers."""
    return {k: v for k, v in app.extensions["board"].callback_map.items() if "callback" in v}
