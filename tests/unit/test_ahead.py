"""Answers come in order, while the next ones are asked for, and no more than can be held."""

import threading
import time
from contextlib import closing

import pytest

from etl.ahead import WAITING, ahead


def test_answers_come_in_the_order_of_asking():
    asked = list(range(100))
    told = ahead(lambda n: time.sleep((n % 3) / 1e3) or n, asked, 7)
    assert list(told) == asked
    assert list(ahead(str, [], 3)) == []


def test_the_next_ones_are_asked_for_while_the_caller_is_busy_but_not_all_of_them():
    asked = []
    with closing(ahead(asked.append, range(10_000), 2)) as told:
        next(told)
        deadline = time.monotonic() + 5
        while len(asked) < 2 * WAITING and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(asked) == 2 * WAITING


def test_an_error_is_raised_in_its_place_and_ends_the_asking():
    asked, going, others = [], threading.Event(), set(threading.enumerate())

    def ask(number: int) -> int:
        asked.append(number)
        if number == 3:
            raise ValueError("three")
        if number > 3:
            going.wait(0.02)
        return number

    told = ahead(ask, range(1_000), 2)
    assert [next(told) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(told)
    assert len(asked) < 20
    assert set(threading.enumerate()) <= others
