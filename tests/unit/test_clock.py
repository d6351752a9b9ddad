"""The SLA clock: its stretches follow each other and add up, whatever happened."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.clock import stretches, waited
from app.mismatch import mismatch, severity_of

BORN = datetime(2026, 1, 1, tzinfo=UTC)
PARTIES = ["us", "customer", "engineering", "vendor", "unknown"]


def version(start: int, end: int | None, **told):
    return {
        "valid_from": BORN + timedelta(hours=start),
        "valid_to": None if end is None else BORN + timedelta(hours=end),
        "created_date": BORN, "closed_at": None, "is_open": True, "status": "New", "severity": 3,
        "waiting_on": "us", "target": 90.0, **told,
    }  # fmt: skip


@st.composite
def lives(draw):
    hours = sorted(draw(st.sets(st.integers(1, 2_000), max_size=8)))
    starts, found, closed = [0, *hours], [], None
    for place, start in enumerate(starts):
        is_open = place == 0 or draw(st.booleans())
        was_open = not found or found[-1]["is_open"]
        if not is_open and was_open:
            closed = BORN + timedelta(hours=start)
        end = starts[place + 1] if place + 1 < len(starts) else None
        found.append(
            version(
                start,
                end,
                is_open=is_open,
                closed_at=closed,
                waiting_on=draw(st.sampled_from(PARTIES)),
                severity=draw(st.integers(1, 4)),
            )
        )
    return found, BORN + timedelta(hours=starts[-1] + draw(st.integers(0, 500)))


@given(life=lives())
def test_stretches_follow_each_other_and_add_up_to_the_age(life):
    versions, instant = life
    parts = stretches(versions, instant)
    last = versions[-1]
    end = instant if last["is_open"] else last["closed_at"]
    assert sum(((part.end - part.start) for part in parts), timedelta()) == max(
        end - BORN, timedelta()
    )
    for before, after in pairwise(parts):
        assert before.end == after.start
        assert before != after
    closed = sum(part.days for part in parts if part.waiting_on == "none")
    assert abs(sum(waited(parts).values()) + closed - sum(part.days for part in parts)) < 1e-9


def test_what_happens_after_the_closing_does_not_count():
    closed = version(48, 72, is_open=False, closed_at=BORN + timedelta(hours=48))
    later = version(72, None, is_open=False, closed_at=BORN + timedelta(hours=48))
    parts = stretches([version(0, 48), closed, later], BORN + timedelta(days=30))
    assert [(part.days, part.waiting_on) for part in parts] == [(2.0, "us")]
    assert stretches([], BORN) == []


def test_trackers_words_of_severity_are_compared_with_the_case_s():
    assert [
        severity_of(word)
        for word in ("Urgent", "critical", " High ", "moderate", "LOW", "", None, "odd")
    ] == [1, 1, 2, 3, 4, None, None, None]
    assert mismatch("low", 1)
    assert not mismatch("urgent", 1)
    assert not mismatch("unspecified", 1)
    assert not mismatch("low", None)
