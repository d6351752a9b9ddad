"""Asking for an image: what may be asked, and what is said when there is none."""

import threading
import time

import pytest
from kombu.exceptions import OperationalError as QueueAway
from sqlalchemy import event

from app import cli, database
from app.images import ask, browser, shelf
from app.images.faults import LACKING
from app.images.shelf import Failure
from app.settings import use
from app.turnstile import Turnstile, stepped_aside
from app.version import PREPARED
from tests.images.conftest import forget, here

pytestmark = pytest.mark.database

CHART = "/api/v1/charts/by_severity.png?as_of=2016-03-10"
IMAGE = b"\x89PNG\r\n\x1a\nan image"


@pytest.fixture(autouse=True)
def clean(desk):
    forget()
    yield
    forget()


@pytest.fixture
def orders(monkeypatch) -> list[str]:
    """The keys of what was ordered, from workers that there are not."""
    sent: list[str] = []

    class Sender:
        def send_task(self, _name, given, **_):
            sent.append(given[0])

    monkeypatch.setattr(ask, "_sender", lambda _url: Sender())
    here().tell_alive("")
    return sent


def key_of(client, address: str = CHART) -> str:
    """The key of an image, known from an order of it that is given up."""
    keys = []
    kept = ask._waited
    try:
        ask._waited = lambda key, _make: keys.append(key) or IMAGE
        assert client.get(address).status_code == 200
    finally:
        ask._waited = kept
    return keys[0]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("width=199", "width"), ("width=2001", "width"), ("width=a", "width"), ("width=-400", "width"),
        ("width=4e2", "width"), ("width=800&width=801", "width"), ("height=0", "height"),
        ("height=٣٠٠", "height"), ("scale=4", "scale"), ("scale=1.5", "scale"), ("theme=blue", "theme"),
        ("theme=light&theme=dark", "theme"), ("severity=9", "severity"), ("colour=red", "colour"),
        ("as_of=yesterday", "as_of"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_named(client, query, name):
    answer = client.get(f"/api/v1/charts/by_severity.png?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.get_json()["parameter"] == name


def test_a_chart_of_an_instant_takes_no_period(client):
    answer = client.get("/api/v1/charts/by_severity.png?from=2016-01-01")
    assert (answer.status_code, answer.get_json()["parameter"]) == (409, "from")


def test_only_a_png_has_a_scale_and_unknown_charts_are_told(client):
    answer = client.get("/api/v1/charts/by_severity.svg?scale=2")
    assert (answer.status_code, answer.get_json()["parameter"]) == (400, "scale")
    for kind in ("png", "svg"):
        answer = client.get(f"/api/v1/charts/nothing.{kind}")
        assert answer.status_code == 404
        assert "by_severity" in answer.get_json()["detail"]


def test_without_a_worker_one_is_told_at_once_what_to_start(client):
    begun = time.monotonic()
    answer = client.get(CHART)
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert "caseboard worker --images" in answer.get_json()["detail"]
    assert answer.headers["Retry-After"] == "5"
    assert time.monotonic() - begun < 5


def test_without_a_renderer_one_is_told_what_to_install(client):
    here().tell_alive(LACKING)
    answer = client.get(CHART)
    assert answer.status_code == 503
    assert "install the package chromium" in answer.get_json()["detail"]
    assert "Retry-After" not in answer.headers
    # One worker that can draw is enough.
    here().tell_alive("")
    here().tell_alive(LACKING)
    assert here().renderer() == ""


def test_the_doctor_tells_of_the_renderer(capsys, monkeypatch):
    assert cli.main(["doctor"]) == 0
    assert "images: warning: no worker that draws them is at work" in capsys.readouterr().out
    here().tell_alive("")
    monkeypatch.setattr(browser, "find", lambda: "/usr/bin/chromium")
    cli.main(["doctor"])
    assert "images: ok" in capsys.readouterr().out
    here()._redis.delete(shelf.ALIVE)
    here().tell_alive(LACKING)
    cli.main(["doctor"])
    assert "install the package chromium" in capsys.readouterr().out


def test_a_browser_named_but_absent_is_not_found(desk):
    use({"CASEBOARD_CHROMIUM": "/nonexistent/chromium"})
    try:
        assert browser.find() is None
    finally:
        import os

        del os.environ["CASEBOARD_CHROMIUM"]
        use({})


def test_redis_away_is_told_at_once_and_nothing_stalls(client, monkeypatch):
    monkeypatch.setattr(ask, "_shelf", lambda _url: shelf.Shelf("unix:///nonexistent/redis.sock"))
    begun = time.monotonic()
    for _ in range(20):
        answer = client.get(CHART)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "Redis" in answer.get_json()["detail"]
    assert time.monotonic() - begun < 3


def test_a_queue_that_takes_nothing_is_told_and_leaves_no_claim(client, monkeypatch):
    here().tell_alive("")

    class Sender:
        def send_task(self, *_, **__):
            raise QueueAway("away")

    monkeypatch.setattr(ask, "_sender", lambda _url: Sender())
    assert client.get(CHART).status_code == 503
    assert list(here()._redis.scan_iter(f"{shelf.SPACE}*:asked")) == []


def test_an_image_that_is_there_needs_no_worker_and_is_not_ordered(client):
    key = key_of(client)
    here().put(key, IMAGE)
    answer = client.get(CHART)
    assert (answer.status_code, answer.data) == (200, IMAGE)


def test_who_has_it_already_is_told_so_for_one_look_up(client):
    key = key_of(client)
    here().put(key, IMAGE)
    tag = client.get(CHART).headers["ETag"]
    forget()  # not even a worker or an image is needed
    said: list[str] = []

    def listen(_connection, _cursor, statement, *_):
        if not statement.startswith("prepare "):
            said.append(statement)

    event.listen(database.engine(), "before_cursor_execute", listen)
    try:
        answer = client.get(CHART, headers={"If-None-Match": tag})
    finally:
        event.remove(database.engine(), "before_cursor_execute", listen)
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == tag
    assert said == [f"execute {PREPARED}"]
    other = client.get(f"{CHART}&theme=dark", headers={"If-None-Match": tag})
    assert other.status_code == 503


def test_rubbish_in_redis_is_not_shown(client, orders, monkeypatch):
    monkeypatch.setattr(ask, "TURN_SECONDS", -19.5)
    key = key_of(client)
    for rubbish in (b"", b"\x80\x04", b"<svg/>", f"{key}\n<script>".encode(), f"{key}\n".encode()):
        here()._redis.set(f"{shelf.SPACE}{key}", rubbish)
        here()._redis.set(f"{shelf.SPACE}{key}:failed", rubbish)
        assert client.get(CHART).status_code == 504


def test_what_is_not_drawn_in_time_is_told(client, orders, monkeypatch):
    monkeypatch.setattr(ask, "TURN_SECONDS", -19.0)
    begun = time.monotonic()
    answer = client.get(CHART)
    assert answer.status_code == 504
    assert "not drawn in time" in answer.get_json()["detail"]
    assert answer.headers["Retry-After"]
    assert 0.9 < time.monotonic() - begun < 10
    assert len(orders) == 1


@pytest.mark.parametrize(
    ("kind", "status"), [("NotDrawn", 500), ("TooLate", 504), ("NoRenderer", 503), ("Other", 500)]
)
def test_what_failed_is_not_ordered_again_for_a_while(client, orders, kind, status):
    key = key_of(client)
    here().fail(key, Failure(kind, "it broke"))
    for _ in range(3):
        answer = client.get(CHART)
        assert answer.status_code == status
        assert "it broke" in answer.get_json()["detail"].lower()
    assert orders == []
    assert 0 < here()._redis.ttl(f"{shelf.SPACE}{key}:failed") <= shelf.FAILED_SECONDS


def test_many_who_ask_at_once_order_once_and_all_get_it(app, orders):
    answers: list[tuple[int, bytes]] = []

    def visit() -> None:
        answer = app.test_client().get(CHART)
        answers.append((answer.status_code, answer.data))

    crowd = [threading.Thread(target=visit) for _ in range(30)]
    for one in crowd:
        one.start()
    deadline = time.monotonic() + 20
    while not orders:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    here().put(orders[0], IMAGE)
    for one in crowd:
        one.join(30)
    assert answers == [(200, IMAGE)] * 30
    assert len(orders) == 1


def test_an_order_that_was_lost_is_placed_anew(app, client, orders):
    answer: list[int] = []
    visit = threading.Thread(target=lambda: answer.append(app.test_client().get(CHART).status_code))
    visit.start()
    deadline = time.monotonic() + 20
    while not orders:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    here().give_up(orders[0])  # as when its time is over
    while len(orders) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    here().put(orders[0], IMAGE)
    visit.join(20)
    assert answer == [200]
    assert orders[0] == orders[1]


def test_more_than_may_wait_are_sent_away(client, orders, monkeypatch):
    monkeypatch.setattr(ask, "_places", threading.BoundedSemaphore(1))
    ask._places.acquire()
    answer = client.get(CHART)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    ask._places.release()
    assert ask._flights == {}


def test_a_fault_of_the_database_reaches_who_asks_and_frees_the_order(client, orders, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def away(*_):
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(ask, "order", away)
    answer = client.get(CHART)
    assert answer.status_code == 503
    assert "database does not answer" in answer.get_json()["detail"]
    assert list(here()._redis.scan_iter(f"{shelf.SPACE}*:asked")) == []


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr(shelf, "KEEP_BYTES", 10_000)
    for number in range(30):
        here().put(f"image{number}", IMAGE + b"x" * 1_000)
    kept = [number for number in range(30) if here().find(f"image{number}")]
    assert kept == list(range(21, 30))
    assert 0 < here()._redis.ttl(f"{shelf.SPACE}image29") <= shelf.KEEP_SECONDS


def turnstile(answer, seats: int = 2) -> Turnstile:
    return Turnstile(lambda _environ, _start: answer(), seats)


def test_few_work_at_a_time_and_who_waits_steps_aside():
    working, most, guard = 0, 0, threading.Lock()
    waiting, go = threading.Semaphore(0), threading.Event()

    def work():
        nonlocal working, most
        with guard:
            working += 1
            most = max(most, working)
        time.sleep(0.01)
        with guard:
            working -= 1
        return []

    def wait():
        with stepped_aside():
            waiting.release()
            assert go.wait(10)
        return work()

    gate = Turnstile(
        lambda environ, _start: wait() if environ["PATH_INFO"] == "/wait" else work(), 2
    )

    def visit(path: str) -> None:
        answer = gate({"PATH_INFO": path}, None)
        list(answer)
        answer.close()

    crowd = [threading.Thread(target=visit, args=("/wait",)) for _ in range(10)]
    for one in crowd:
        one.start()
    for _ in crowd:
        assert waiting.acquire(timeout=10)  # all ten wait, and no seat is taken
    visit("/")
    go.set()
    for one in crowd:
        one.join(10)
    assert most == 2


def test_a_stream_keeps_its_seat_until_it_is_closed_and_a_fault_gives_it_back():
    gate = turnstile(lambda: iter([b"a", b"b"]), 1)
    stream = gate({"PATH_INFO": "/"}, None)
    assert not gate._seats.acquire(blocking=False)
    assert list(stream) == [b"a", b"b"]
    stream.close()
    stream.close()
    assert gate._seats.acquire(blocking=False)
    assert not gate._seats.acquire(blocking=False)
    gate._seats.release()

    forgotten = gate({"PATH_INFO": "/"}, None)
    del forgotten
    assert gate._seats.acquire(blocking=False)
    gate._seats.release()
    # What was read to its end needs no closing either.
    assert list(gate({"PATH_INFO": "/"}, None)) == [b"a", b"b"]
    assert gate._seats.acquire(blocking=False)

    def fails():
        raise RuntimeError

    broken = turnstile(fails, 1)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            broken({"PATH_INFO": "/"}, None)


@pytest.mark.parametrize(
    ("status", "headers"),
    [("200 OK", [("Content-Length", "2")]), ("304 NOT MODIFIED", []), ("204 NO CONTENT", [])],
)
def test_what_is_whole_before_it_is_sent_keeps_no_seat(status, headers):
    def answer(_environ, start):
        start(status, headers)
        return [b"ok"]

    gate = Turnstile(answer, 1)
    kept = [gate({"PATH_INFO": "/"}, lambda *_: None) for _ in range(3)]
    assert len(kept) == 3


def test_images_do_not_take_the_seats_of_pages():
    gate = turnstile(list, 1)
    assert gate._seats.acquire(blocking=False)
    gate({"PATH_INFO": "/api/v1/charts/backlog.png"}, None)
    gate({"PATH_INFO": "/embed/x.svg"}, None)
