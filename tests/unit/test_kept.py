"""A statement that is kept is written once for the names of what it is given, and run with any."""

from datetime import UTC, date, datetime

from sqlalchemy import literal, select

from app.kept import kept, once


def test_it_is_written_once_for_the_same_names_and_kinds_and_what_is_fixed():
    written = []

    def write(given, *fixed):
        written.append((set(given), fixed))
        return select(*(one.label(name) for name, one in given.items()), literal(str(fixed)))

    moment = datetime(2026, 5, 1, tzinfo=UTC)
    for values in ({"a": 1, "b": moment}, {"b": moment.replace(day=2), "a": 2}):
        told = kept(write, values, "x").compile().params
        assert {name: told[name] for name in values} == values
    kept(write, {"a": 3}, "x")
    kept(write, {"a": 4}, "y")
    kept(write, {"a": date(2026, 5, 1)}, "y")
    kept(write, {"a": 5}, "y")
    names = [{"a", "b"}, {"a"}, {"a"}, {"a"}]
    assert written == list(zip(names, [("x",), ("x",), ("y",), ("y",)], strict=True))


def test_its_values_come_along_into_a_statement_around_it():
    inner = kept(lambda given: select((given["a"] + 1).label("b")), {"a": 41})
    told = select(inner.subquery("told").c.b).compile().construct_expanded_state()
    assert told.parameters["a"] == 41


def test_what_is_written_once_only_may_stand_beside_another():
    told = select(once({"a": 1})["a"].label("x"), once({"a": 2})["a"].label("y")).compile()
    assert sorted(told.params.values()) == [1, 2]


def test_other_values_need_no_other_text():
    """SQLAlchemy keeps the text of a statement by this key."""
    keys = {kept(_one, {"a": number})._generate_cache_key().key for number in (1, 2)}
    assert len(keys) == 1


def _one(given):
    return select(given["a"])
