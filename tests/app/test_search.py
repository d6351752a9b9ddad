"""Search: in numbers, texts, comments, cards and bugs; mistyped words; what is no word; the past."""

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from app import database
from app.rows import records
from app.search import understood
from app.selection import rows
from app.version import data_version
from app.view import View
from etl.load import load
from etl.records import Fact, Observation, canonical_instant
from etl.runs import start_run
from tests.conftest import EMPTY, cloned

pytestmark = pytest.mark.database

BORN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = BORN + timedelta(days=10)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def fact(field, value, at=BORN):
    return Fact(field, value, at)


def case(number, summary, description="", **told):
    facts = {
        "created": canonical_instant(BORN),
        "status": "New",
        "summary": summary,
        "description": description,
        **told,
    }
    return Observation(1, number, tuple(fact(name, value) for name, value in facts.items()))


def comment(number, key, words, at=LATER):
    told = {"text": words, "author": "Ann", "created": canonical_instant(at)}
    return Observation(
        2, f"{number}|{key}", tuple(fact(n, v, at) for n, v in told.items()), "comment"
    )


def put(*records):
    with database.transaction() as connection:
        load(connection, start_run("test", "search"), "test", records)


@pytest.fixture(scope="module")
def desk():
    with cloned(EMPTY):
        put(
            case(
                "04000001",
                "Kernel panic on node-exporter restart",
                "It's in /var/log/messages, version 4.12.3",
            ),
            case("04000002", "Café in Zürich: résumé of naïve façade"),
            case("04000003", "网络中断，请尽快处理", "ネットワーク障害が発生"),
            case("04000004", "انقطاع الشبكة في الموقع"),
            case("04000005", "Disk full", "=1+1 <script>alert(1)</script> 100% \\ o'clock"),
            comment("04000005", "a", "The firmware update bricked the controller"),
            Observation(
                3,
                "FIELD-77",
                tuple(
                    fact(n, v)
                    for n, v in {
                        "created": canonical_instant(BORN),
                        "cases": '["04000001"]',
                        "summary": "x",
                        "status": "To Do",
                    }.items()
                ),
                "card",
            ),
            Observation(4, "04000002|bugzilla|1234567", (fact("linked", "true"),), "link"),
            Observation(
                5,
                "bugzilla|1234567",
                (fact("summary", "Flaky bootloader", BORN), fact("status", "NEW", BORN)),
                "bug",
            ),
        )
        yield


def found(q, as_of=None):
    view = View(q=q, state="all", sort=("number",), columns=("number",), as_of=as_of)
    return [number[-1] for number in database.read(rows(view, as_of or NOW))["number"]]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("04000001", ["1"]), ("0400000", ["1", "2", "3", "4", "5"]), ("kernel", ["1"]), ("KERN", ["1"]),
        ("panic kernel", ["1"]), ("kernel disk", []), ("node-exporter", ["1"]), ("exporter", ["1"]),
        ("messages", ["1"]), ("/var/log", ["1"]), ("4.12.3", ["1"]), ("4.12.9", []), ("it's", ["1"]),
        ("cafe", ["2"]), ("CAFÉ", ["2"]), ("zurich", ["2"]), ("resume", ["2"]), ("FIELD-77", ["1"]),
        ("field-7", ["1"]), ("1234567", ["2"]), ("bootloader", ["2"]), ("firmware", ["5"]),
        ("网络", ["3"]), ("中断", ["3"]), ("障害", ["3"]), ("网断", []), ("الشبكة", ["4"]),
        ("<script>", ["5"]), ("100%", ["5"]), ("%", []), ("_", []), ("'", []), ("\\", []), ("&|!():*", []),
        ("kernal", ["1"]), ("frimware", ["5"]), ("botloader", ["2"]), ("zzzzzzzz", []),
    ],
)  # fmt: skip
def test_every_word_must_occur_somewhere_in_the_case(desk, q, expected):
    assert found(q) == expected


def test_of_a_mistyped_word_it_is_told_what_was_looked_for(desk):
    told = understood("kernal panic", data_version())
    assert told.mended == (("kernal", ("kernel",)),)
    assert told.hits == 1
    assert understood("kernel", data_version()).mended == ()


def test_in_the_past_only_what_was_said_by_then_is_found(desk):
    assert found("firmware", LATER - timedelta(days=1)) == []
    assert found("firmware", LATER + timedelta(days=1)) == ["5"]
    assert found("kernel", BORN) == ["1"]


def test_what_is_said_no_longer_is_forgotten_and_what_is_new_is_found():
    with cloned(EMPTY):
        put(case("1", "alpha words"), comment("1", "a", "gamma"))
        assert found("gamma") == found("alpha") == ["1"]
        at = BORN + timedelta(days=20)
        put(
            Observation(
                1,
                "1",
                (fact("summary", "delta words", at), fact("updated", canonical_instant(at), at)),
            ),
            Observation(2, "1|a", (fact("gone", "true", at),), "comment"),
        )
        assert found("alpha") == found("gamma") == []
        assert found("delta") == ["1"]


@settings(max_examples=150)
@given(
    q=st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=60)
)
def test_no_text_breaks_a_search(desk, q):
    found(q.strip())
    understood(q.strip(), data_version())


def test_whole_texts_in_place_of_names_are_kept_and_break_no_index():
    import random

    chance = random.Random(5)
    text_ = "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(3_000))
    told = {name: f"{name} {text_}" for name in ("status", "account", "owner", "product", "group")}
    with cloned(EMPTY):
        put(
            case("04000001", text_ * 30, text_ * 30, **told),
            Observation(2, "04000001", (Fact("severity", "2", LATER, actor=text_),)),
            comment("04000001", "a", text_ * 30),
        )
        view = View(state="all", columns=("number", "account", "summary"))
        [row] = records(database.read(rows(view, NOW)))
        assert row["summary"] == text_ * 30
        assert row["account"] == f"account {text_}"[:60] + "…"
        assert found(text_[100:104]) == ["1"]


# What has a form of its own: marks, accents, words without spaces, and all that is one byte long.
spelled = st.text(
    st.characters(min_codepoint=1, max_codepoint=127)
    | st.sampled_from("Éé\u0301ßİıſ・、。·‘’“”日本語カナ한국어가ﬁ①½\u00a0\u2028😀")
    | st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"),
    max_size=80,
)


@pytest.fixture(scope="module")
def before(desk):
    """The form of search as it was made before it was made faster."""
    made = import_module("app.migrations.versions.0020_search_form").BEFORE
    with database.transaction() as connection:
        connection.execute(
            text(made.replace("function search_form", "function search_form_before"))
        )


@settings(max_examples=400)
@given(told=spelled)
@example(told="".join(map(chr, range(1, 128))))
@example(told="é" + "".join(map(chr, range(1, 128))))
def test_the_form_of_a_text_is_what_it_was(before, told):
    asked = select(func.search_form(told), func.search_form_before(told))
    [(form, wanted)] = database.fetch_rows(asked)
    assert form == wanted
