"""Reading dumps of the old system: whatever they hold, every record is accounted for."""

import gzip
import json
import time
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.cli import main
from etl.errors import FileRefused, Malformed
from etl.records import Observation, Rejected
from etl.sources import t5g_dump
from etl.sources.t5g import Reader
from etl.sources.t5g_cards import _as_written
from etl.sources.t5g_dump import Dump, read_dump, taken_at
from etl.sources.t5g_fields import read_moment
from etl.t5g_import import import_t5g
from tests.etl.t5g_world import DUMP, dump, written

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)


def read(told: dict[str, object]) -> tuple[Reader, list]:
    given = Dump("it", told, {})
    reader = Reader(given, taken_at(given, NOW), "PotentialEscalation")
    return reader, list(reader.records())


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "Closed", "unavailable", "\ud800", "\x00", "|", "x" * 3000, "2026-02-30", "20260607",
            "2026-02-01T00:00:00.1.000+0000", "9999-12-31T23:59:59-12:00", "1e999", 10**400,
            "01000001", "FE-1", "0001-01-01",
        ]
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(told: object, path: tuple = ()) -> list[tuple]:
    """Every place in a dump where something else could stand."""
    found = [path] if path else []
    inner = (
        told.items()
        if isinstance(told, dict)
        else enumerate(told)
        if isinstance(told, list)
        else ()
    )
    for name, value in inner:
        found += places(value, (*path, name))
    return found


PLACES = places(DUMP)


def changed(changes: list[tuple[tuple, object]]) -> dict:
    """The dump with other values in some places."""
    told = dump()
    for path, value in changes:
        inner = told
        try:
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = deepcopy(value)
        except (TypeError, KeyError, IndexError):
            # An earlier change took that place away.
            continue
    return told


@settings(max_examples=250)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=6))
@example(changes=[(("cases",), None), (("cards",), [])])
def test_no_value_anywhere_raises_or_goes_missing(changes):
    reader, records = read(changed(changes))
    assert reader.ledger.adds_up
    for kind, tally in reader.ledger.tallies.items():
        assert tally.read == sum(
            (tally.mapped, tally.mended, tally.repeated, tally.told, tally.aside)
        ), kind
    aside = sum(tally.aside for tally in reader.ledger.tallies.values())
    with_card = reader.ledger.tallies["comments"].reasons["set aside with their card"]
    rejected = [record for record in records if isinstance(record, Rejected)]
    assert len(rejected) == aside - with_card + reader.ledger.values
    for record in records:
        if isinstance(record, Observation):
            assert all(fact.at <= reader.taken for fact in record.facts)
            assert len(record.key) < 250


@pytest.mark.database
@settings(max_examples=12)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=5, max_size=40))
def test_whatever_is_read_can_be_loaded_and_once_only(empty, tmp_path, changes):
    told = changed(changes)
    # A dump that is older than the last one is refused, which others test.
    told["timestamp"] = None
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(told))
    try:
        import_t5g(str(path))
    except FileRefused as refused:
        assert "holds nothing" in str(refused) or "a later one" in str(refused)
        return
    again = import_t5g(str(path))
    assert again.counts is not None
    assert (again.counts.fresh, again.days) == (0, 0)


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-07-19T05:26:36.965106.000+0000", "2026-07-19T05:26:36.965106+00:00"),
        ("2026-07-19T05:26:36.965106.000", "2026-07-19T05:26:36.965106+00:00"),
        ("2026-07-19T05:26:36.000+0200", "2026-07-19T03:26:36+00:00"),
        ("2026-07-19T05:26:36Z", "2026-07-19T05:26:36+00:00"),
        ("2026-07-19 05:26", "2026-07-19T05:26:00+00:00"),
        ("2026-07-19", "2026-07-19T00:00:00+00:00"),
        (1_770_204_600_000, "2026-02-04T11:30:00+00:00"),
        ("1770204600000", "2026-02-04T11:30:00+00:00"),
    ],
)
def test_times_in_all_their_forms(told, moment):
    read_as, _ = read_moment(told, "it")
    assert read_as is not None
    assert read_as.isoformat() == moment


@pytest.mark.parametrize("told", ["soon", "20260607", 0, True, [], {}, "0000-00-00", float("nan")])
def test_what_is_no_time_is_refused(told):
    with pytest.raises(Malformed):
        read_moment(told, "it")


def test_links_of_the_old_system_are_as_in_jira_again():
    link = "<a href=\"https://a/b?c=1&d\" target='_blank'>{}</a>"
    assert _as_written(link.format("https://a/b?c=1&d")) == "https://a/b?c=1&d"
    assert _as_written(f"x {link.format('log')}!") == "x [log|https://a/b?c=1&d]!"
    # Anything else stays the text that it is.
    other = '<a href="javascript:1">x</a> <b>bold</b>'
    assert _as_written(other) == other


def test_a_dump_is_as_old_as_the_latest_that_it_tells_of():
    given = Dump("it", {"cases": {"1": {"createdate": "2026-02-01T00:00:00Z"}}}, {})
    assert taken_at(given, NOW) == datetime(2026, 2, 1, tzinfo=UTC)
    later = Dump("it", {"stats": {"2026-02-20": {}}, "cases": {"1": {"x": "2099-01-01"}}}, {})
    assert taken_at(later, NOW) == datetime(2026, 2, 20, tzinfo=UTC)
    assert taken_at(Dump("it", {}, {}), NOW) == NOW


def test_values_as_redis_gave_them_say_the_same(tmp_path):
    texts = {key: json.dumps(value) for key, value in DUMP.items()}
    given = read_dump(written(tmp_path, texts))
    assert dict(given.keys) == DUMP


CUT = gzip.compress(json.dumps(DUMP).encode())
BAD = {
    "empty": (b"", "is empty"),
    "blank": (b" \n ", "is empty"),
    "empty gzip": (gzip.compress(b""), "is empty"),
    "cut": (CUT[:-20], "is cut short"),
    "damaged": (CUT[:40] + b"\x00\x00\x00" + CUT[43:], "is damaged"),
    "cut JSON": (b'{"cases": {', "is not JSON"),
    "text": (b"case,severity\n1,2\n", "does not begin with {"),
    "binary": (b"\x7fELF\x00\x00", "does not begin with {"),
    "list": (b"[1, 2]", "does not begin with {"),
    "bytes": (b'{"cases": "\xff"}', "is not JSON"),
    "deep": (b'{"cases":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is not JSON"),
    "huge number": (b'{"cases": ' + b"9" * 10_000 + b"}", "is not JSON"),
    "other keys": (b'{"rows": []}', "holds nothing of the old system"),
    "other shapes": (b'{"cases": [], "cards": "x"}', "holds nothing of the old system"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_in_a_sentence(name, tmp_path):
    content, words = BAD[name]
    path = tmp_path / "dump.json.gz"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=words):
        read_dump(str(path))


def test_a_bad_file_is_told_before_any_server_is_started(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("CASEBOARD_DATABASE_URL", raising=False)
    path = tmp_path / "dump.json"
    path.write_bytes(b"{")
    asked = ["import", "t5g", str(path), "--data-dir", str(tmp_path / "data")]
    assert main(asked) == 1
    told = capsys.readouterr().err
    assert "is not JSON" in told
    assert "Traceback" not in told
    assert not (tmp_path / "data").exists()


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(FileRefused, match="There is no file"):
        read_dump(str(tmp_path / "none"))
    with pytest.raises(FileRefused, match="is a folder"):
        read_dump(str(tmp_path))


@pytest.mark.parametrize("filling", [b" ", b'{"cases": "'], ids=["blanks", "a text"])
def test_a_bomb_is_refused_before_it_fills_the_memory(filling, tmp_path, monkeypatch):
    monkeypatch.setattr(t5g_dump, "MOST_BYTES", 8 * 1024 * 1024)
    path = tmp_path / "dump.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(filling)
        for _ in range(200):
            file.write(b" " * 1024 * 1024)
    begun = time.monotonic()
    with pytest.raises(FileRefused, match="holds more than 8 MB"):
        read_dump(str(path))
    assert time.monotonic() - begun < 5
