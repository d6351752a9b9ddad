"""How long something took, as addresses say it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lengths import DAY, HOUR, Length, lengths_between, narrowed, read_length

# What an address can say: whole hours, and days to four decimals.
amounts = st.integers(1, 5_000).map(lambda n: n * HOUR) | st.integers(1, 99_999).map(
    lambda n: n * (DAY / 10_000)
)
lengths = st.builds(Length, st.none() | amounts, st.none() | amounts, st.booleans()).filter(
    lambda one: one.start is None or one.end is None or one.start < one.end
)


@given(length=lengths)
def test_a_length_survives_the_way_through_its_text(length):
    assert read_length(length.text) == length
    assert length.words


@given(first=lengths, second=lengths, hours=st.integers(0, 6_000), reached=st.booleans())
def test_what_two_lengths_share_holds_what_both_hold(first, second, hours, reached):
    def holds(length):
        took = hours * HOUR
        return (
            length is not None
            and length.reached == reached
            and (length.start is None or took >= length.start)
            and (length.end is None or took < length.end)
        )

    assert holds(first.within(second)) == (holds(first) and holds(second))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("7..14", "7 to 14 days"),
        ("1h..8h", "1 to 8 hours"),
        ("8h..1", "8 hours to 1 day"),
        ("..1h", "under 1 hour"),
        ("240..", "240 days or more"),
        ("any", "reached"),
        ("none", "not yet"),
        ("none:30..", "not yet, for 30 days or more"),
        ("12.25..", "12.25 days or more"),
    ],
)
def test_lengths_are_told_in_words(text, words):
    assert read_length(text).words == words
    assert read_length(text).text == text


@pytest.mark.parametrize("text", ["", "7", "-1..", "7...8", "1e3..", "none:", "x"])
def test_what_is_no_length_is_none(text):
    assert read_length(text) is None


@pytest.mark.parametrize("text", ["14..7", "7..7", "none:24h..1"])
def test_a_length_that_ends_before_it_begins_is_nothing(text):
    assert read_length(text).is_nothing


def test_lengths_side_by_side_leave_no_gap():
    found = lengths_between([HOUR, DAY])
    assert [one.text for one in found] == ["..1h", "1h..1", "1.."]


def test_filters_narrow_each_other():
    assert narrowed((), [Length(DAY)]) == ("1..",)
    assert narrowed(("..7", "none"), [Length(DAY, 30 * DAY)]) == ("1..7",)
    assert narrowed(("none:14..",), [Length(), Length(reached=False)]) == ("none:14..",)
    assert narrowed(("..7",), [Length(timedelta(days=7))]) == ()
