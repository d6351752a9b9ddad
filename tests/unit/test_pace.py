"""A source is asked by few at a time, by fewer when it wants that, and waited for together."""

import threading
import time

from etl.pace import Pace


def most_at_once(pace: Pace, requests: int) -> int:
    """The most requests that were under way at the same time."""
    guard, under_way, most = threading.Lock(), 0, 0

    def request() -> None:
        nonlocal under_way, most
        with pace.turn():
            with guard:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.02)
            with guard:
                under_way -= 1

    threads = [threading.Thread(target=request) for _ in range(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return most


def test_so_many_are_under_way_and_half_as_many_after_each_time_the_source_asks_us_to_wait():
    pace = Pace(4, 60)
    assert most_at_once(pace, 12) == 4
    assert pace.grant(0.01, to_all=True)
    # What is told in the same breath is no further request to slow down.
    assert pace.grant(0.01, to_all=True)
    time.sleep(0.03)
    assert most_at_once(pace, 6) == 2
    for _ in range(3):
        assert pace.grant(0.0, to_all=True)
    assert most_at_once(pace, 3) == 1


def test_those_who_wait_at_the_same_time_cost_patience_once():
    pace = Pace(8, 10)
    assert all(pace.grant(9, to_all=False) for _ in range(8))
    assert not pace.grant(11, to_all=False)
    assert pace.pause() == (0.0, True)


def test_all_wait_when_the_source_asks_for_it_and_give_up_when_it_is_too_long():
    pace = Pace(8, 10)
    assert pace.grant(5, to_all=True)
    seconds, patient = pace.pause()
    assert (4 < seconds <= 5, patient) == (True, True)
    assert not pace.grant(600, to_all=True)
    seconds, patient = pace.pause()
    assert (599 < seconds <= 600, patient) == (True, False)
