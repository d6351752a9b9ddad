"""Of all processes that want the same missing answer one computes it; none waits for a dead one."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest
from flask import Flask
from redis import Redis

from app import cache, flight
from app.settings import get_settings
from app.turnstile import Turnstile

pytestmark = pytest.mark.database

# Remembers an answer that takes a while, and counts how often it was computed.
PROCESS = """
import sys, time
from flask import Flask
from redis import Redis
from app import cache

url, name, seconds = sys.argv[1:]
redis = Redis.from_url(url)
app = Flask("one of many")

def compute():
    redis.incr(name)
    time.sleep(float(seconds))
    return name

cache.init_cache(app, url)
with app.app_context():
    redis.incr(name + ":ready")
    assert cache.remembered((name,), compute) == name
"""


def begin(name: str, seconds: float, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROCESS, url, name, str(seconds)])


@pytest.fixture
def name(empty):
    return f"flight {uuid.uuid4().hex}"


@pytest.fixture
def redis(empty):
    with Redis.from_url(get_settings().redis_url) as redis:
        yield redis


@pytest.fixture
def here(empty):
    """A web application of the test's own, with the cache on the test's Redis."""
    app = Flask("here")
    with app.app_context():
        cache.init_cache(app, get_settings().redis_url)
        yield app


@pytest.fixture(autouse=True)
def breaker():
    """Redis may be tried again, whatever a test met."""
    yield
    cache.breaker.reset()


def count(redis: Redis, name: str) -> int:
    return int(redis.get(name) or 0)


def wait_for(redis: Redis, name: str, number: int) -> None:
    deadline = time.monotonic() + 20
    while count(redis, name) < number:
        assert time.monotonic() < deadline, f"{name} was never {number}"
        time.sleep(0.005)


def test_two_processes_compute_once(redis, name):
    url = get_settings().redis_url
    # Longer than a mark lives that nobody keeps alive.
    processes = [begin(name, flight.LEASE_SECONDS + 1.5, url) for _ in range(2)]
    assert [process.wait(30) for process in processes] == [0, 0]
    assert count(redis, f"{name}:ready") == 2
    assert count(redis, name) == 1


def test_whoever_waits_gets_the_answer_soon_after_it_is_there(redis, name, here):
    other = begin(name, 1, get_settings().redis_url)
    wait_for(redis, name, 1)
    begun = time.monotonic()
    assert cache.remembered((name,), lambda: pytest.fail("it is computed elsewhere")) == name
    assert time.monotonic() - begun < 1 + flight.LONGEST_PAUSE + 0.5
    assert other.wait(10) == 0


def test_a_process_that_dies_keeps_nobody_waiting_for_longer_than_its_lease(redis, name, here):
    other = begin(name, 60, get_settings().redis_url)
    wait_for(redis, name, 1)
    other.send_signal(signal.SIGKILL)
    other.wait()
    begun = time.monotonic()
    assert cache.remembered((name,), lambda: "computed here") == "computed here"
    assert time.monotonic() - begun < flight.LEASE_SECONDS + 0.5
    assert cache.known((name,)) == "computed here"


def test_one_that_freezes_is_not_waited_for(redis, name, here):
    other = begin(name, 60, get_settings().redis_url)
    wait_for(redis, name, 1)
    other.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert cache.remembered((name,), lambda: "computed here") == "computed here"
        assert time.monotonic() - begun < flight.LEASE_SECONDS + 0.5
    finally:
        other.kill()
        other.wait()


def test_an_answer_is_kept_though_it_took_the_place_of_a_living_mark(redis, name, here):
    """Whoever computed it after all has put it there; the mark's keeper leaves it alone."""
    other = begin(name, 60, get_settings().redis_url)
    wait_for(redis, name, 1)
    try:
        assert cache.remember((name,), "of somebody else")
        time.sleep(flight.LEASE_SECONDS + 0.5)
        assert cache.known((name,)) == "of somebody else"
    finally:
        other.kill()
        other.wait()


def test_one_that_takes_too_long_is_not_waited_for(redis, name, here, monkeypatch):
    monkeypatch.setattr(flight, "LONGEST_SECONDS", 0.3)
    other = begin(name, 60, get_settings().redis_url)
    wait_for(redis, name, 1)
    try:
        begun = time.monotonic()
        assert cache.remembered((name,), lambda: "computed here") == "computed here"
        assert time.monotonic() - begun < 1
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()


def test_a_computation_that_fails_lets_the_next_one_try_at_once(name, here):
    with pytest.raises(ValueError, match="no answer"):
        cache.remembered((name,), fail)
    begun = time.monotonic()
    assert cache.remembered((name,), lambda: "well") == "well"
    assert time.monotonic() - begun < 0.2


def fail() -> str:
    raise ValueError("no answer")


def is_about(redis: Redis, place: bytes, name: str) -> bool:
    return redis.type(place) == b"string" and redis.get(place).endswith(name.encode())


def test_rubbish_in_the_place_of_an_answer_is_not_waited_for(redis, name, here):
    cache.remembered((name,), lambda: name)
    [place] = [key for key in redis.scan_iter(f"{cache.PREFIX}*") if is_about(redis, key, name)]
    redis.set(place, b"rubbish")
    begun = time.monotonic()
    assert cache.remembered((name,), lambda: "anew") == "anew"
    assert time.monotonic() - begun < 0.2
    assert cache.known((name,)) == "anew"


def test_without_redis_everybody_computes_at_once(name):
    app = Flask("away")
    # Nobody listens there.
    for url in (None, "redis://127.0.0.1:1/0"):
        with app.app_context():
            cache.init_cache(app, url)
            begun = time.monotonic()
            assert cache.remembered((name,), lambda: "computed") == "computed"
            assert time.monotonic() - begun < 0.6


def test_threads_of_one_process_still_compute_once(name, here):
    computed, told = [], []

    def ask() -> None:
        with here.app_context():
            told.append(cache.remembered((name,), compute))

    def compute() -> str:
        computed.append(1)
        time.sleep(0.2)
        return "once"

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told, len(computed)) == (["once"] * 6, 1)


def test_whoever_waits_lets_others_be_worked_on(redis, name, here):
    """All seats of a process but one wait for the same answer: another request has its own."""
    computing, enough = threading.Event(), threading.Event()

    def compute() -> str:
        computing.set()
        assert enough.wait(20)
        return "computed once"

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "13")])
        if environ["PATH_INFO"] == "/light":
            return [b"something else"[:13]]
        with here.app_context():
            return [cache.remembered((name,), compute).encode()]

    board = Turnstile(application, seats=2)
    answers: list[bytes] = []

    def ask() -> None:
        answers.extend(board({"PATH_INFO": "/heavy"}, lambda *_: None))

    crowd = [threading.Thread(target=ask) for _ in range(6)]
    for one in crowd:
        one.start()
    assert computing.wait(20)
    light = threading.Thread(target=lambda: board({"PATH_INFO": "/light"}, lambda *_: None))
    light.start()
    light.join(10)
    answered = not light.is_alive()
    enough.set()
    for one in [*crowd, light]:
        one.join(20)
    assert answered
    assert answers == [b"computed once"] * 6
