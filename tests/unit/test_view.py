"""A View: every query string reads back to the same value, and nothing is ignored."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import iso
from app.columns import COLUMNS
from app.view import View
from app.view_fields import FIELDS, Contradiction, ParameterError, parse_instant, write_instant
from app.words import file_name

ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "America/New_York"]
words = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=30
).map(str.strip)
instants = st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))


def some(values, least=0):
    return st.lists(values, unique=True, min_size=least, max_size=4)


def ordered(*allowed):
    return some(st.sampled_from(allowed)).map(
        lambda chosen: tuple(sorted(chosen, key=allowed.index))
    )


between = (
    st.tuples(instants, instants).map(sorted).map(tuple).filter(lambda ends: ends[0] < ends[1])
)
columns = some(st.sampled_from(sorted(COLUMNS)), least=1)
views = st.builds(
    View,
    q=words,
    state=st.sampled_from(["open", "closed", "all", "gone"]),
    severity=some(st.integers(0, 4)).map(lambda chosen: tuple(sorted(chosen))),
    **{
        name: some(words).map(lambda chosen: tuple(sorted(chosen)))
        for name in (
            "status",
            "account",
            "engineer",
            "owner",
            "group",
            "product",
            "product_version",
            "bug",
            "tag",
            "label",
            "card_status",
        )
    },
    waiting_on=ordered("us", "customer", "engineering", "vendor", "unknown", "none"),
    card=ordered("none", "open", "done"),
    escalated=ordered("yes", "potential", "no"),
    crit_sit=ordered("yes", "no"),
    escalation=ordered("any"),
    sla=ordered("ok", "at_risk", "breached"),
    bugs=ordered("none", "untargeted", "any"),
    **{
        name: some(st.sampled_from(["..1h", "1h..1", "7..14", "any", "none", "none:30.."])).map(
            lambda chosen: tuple(sorted(chosen))
        )
        for name in ("days_to_relief", "days_to_resolution", "days_to_close")
    },
    closing=st.none() | between,
    reopened=st.none() | between,
    stale=st.none() | st.integers(0, 9999),
    recent=st.none() | st.integers(0, 9999),
    **{
        f"{verb}_{end}": st.none() | instants
        for verb in ("created", "closed", "updated")
        for end in ("from", "to")
    },
    as_of=st.none() | instants,
    sort=st.tuples(columns, st.lists(st.booleans(), min_size=4, max_size=4)).map(
        lambda pair: tuple(f"-{name}" if down else name for name, down in zip(*pair, strict=False))
    ),
    columns=columns.map(tuple),
    tz=st.sampled_from(ZONES),
)


@given(view=views)
def test_a_view_survives_the_way_through_its_url(view):
    query = view.to_query()
    assert View.from_query(query) == view
    assert View.from_query(f"?{query}").to_query() == query
    assert view.sentence()
    assert file_name(view.sentence()).isascii()


@given(query=st.text(max_size=200))
def test_any_text_is_a_view_or_a_fault_that_names_its_parameter(query):
    try:
        View.from_query(query)
    except ParameterError as error:
        assert error.name
        assert error.fault


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("severty=1", "severty", "did you mean severity?"),
        ("severity=5", "severity", "not one of 1, 2, 3, 4"),
        ("state=ajar", "state", "open, closed, all, gone"),
        ("state=open&state=closed", "state", "once only"),
        ("as_of=yesterday", "as_of", "ISO 8601"),
        ("as_of=2016-02-30", "as_of", "ISO 8601"),
        ("as_of=9999-12-31", "as_of", "between 1900 and 2200"),
        ("created_from=20160310", "created_from", "ISO 8601"),
        ("stale=-1", "stale", "number of days"),
        ("stale=١", "stale", "number of days"),
        ("sort=-nonsense", "sort", "is not a column"),
        ("sort=created,-created", "sort", "twice"),
        ("columns=", "columns", "is not a column"),
        ("tz=Mars", "tz", "IANA"),
        ("tz=europe/berlin", "tz", "did you mean Europe/Berlin?"),
        ("q=%00", "q", "NUL"),
        ("account=" + "x" * 301, "account", "longer than 300"),
        ("&".join(f"account={n}" for n in range(101)), "account", "more than 100"),
        ("q=" + "x" * 9000, "query", "longer than"),
    ],
)
def test_a_bad_parameter_is_named_with_what_it_may_be(query, name, words):
    with pytest.raises(ParameterError) as fault:
        View.from_query(query)
    assert fault.value.name == name
    assert words in fault.value.fault


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("as_of=2016-03-10", datetime(2016, 3, 10, tzinfo=UTC)),
        ("as_of=2016-03-10&tz=Asia/Tokyo", datetime(2016, 3, 9, 15, tzinfo=UTC)),
        ("as_of=2016-03-10T09:30&tz=America/New_York", datetime(2016, 3, 10, 14, 30, tzinfo=UTC)),
        ("as_of=2016-03-10T09:30:00Z&tz=Asia/Tokyo", datetime(2016, 3, 10, 9, 30, tzinfo=UTC)),
        ("as_of=2016-03-10T09:30:00%2B02:00", datetime(2016, 3, 10, 7, 30, tzinfo=UTC)),
        ("as_of=2016-03-10T09:30:00+02:00", datetime(2016, 3, 10, 7, 30, tzinfo=UTC)),
    ],
)
def test_instants_are_read_in_the_zone_of_the_view(query, expected):
    assert View.from_query(query).as_of == expected


def test_the_sentence_says_what_is_looked_at():
    view = View.from_query("account=Acme&severity=1&severity=2&as_of=2026-01-31")
    assert view.sentence() == "open cases of Acme, severity 1-2, as known on 31 January 2026"
    assert View(stale=7, q="boot").sentence() == "open cases, no update for 7 days, matching “boot”"
    assert file_name(view.sentence()) == (
        "open-cases-of-acme-severity-1-2-as-known-on-31-january-2026"
    )


def test_a_live_view_shares_one_instant_within_a_minute():
    early, late = (
        datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 12, 0, 59, tzinfo=UTC),
    )
    assert View().instant(early) == View().instant(late) == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_every_field_of_a_view_has_its_parser():
    import dataclasses

    assert [field.name for field in dataclasses.fields(View)] == list(FIELDS)


@given(text=st.from_regex(iso.INSTANT, fullmatch=True), zone=st.sampled_from(ZONES))
def test_every_instant_that_is_described_is_taken(text, zone):
    moment = parse_instant("as_of", text, zone)
    assert parse_instant("as_of", write_instant(moment), "UTC") == moment


@given(
    text=st.dates(date(1800, 1, 1), date(2300, 1, 1)).map(str)
    | st.from_regex(r"(19|20)\d\d-[01]\d-[0-3]\d", fullmatch=True)
)
def test_a_day_is_described_where_there_is_one(text):
    try:
        known = 1901 <= date.fromisoformat(text).year <= 2199
    except ValueError:
        known = False
    assert bool(re.fullmatch(iso.INSTANT, text, re.ASCII)) is known


@pytest.mark.parametrize(
    ("query", "name"),
    [("closing=2026-01-12/2026-01-05", "closing"), ("days_to_close=14..7", "days_to_close"),
     ("sort=-created,created", "sort")],
)  # fmt: skip
def test_what_cannot_hold_together_is_told_apart_from_what_cannot_be_read(query, name):
    with pytest.raises(Contradiction) as fault:
        View.from_query(query)
    assert fault.value.name == name
