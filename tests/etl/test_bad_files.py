"""A bad file is refused in a sentence; a bad row is kept with its line and costs only itself."""

import gzip
import random

import pytest
from sqlalchemy import func, select

from app import database
from app.models import Change, Reject, SyncRun
from etl.errors import FileRefused
from etl.events_import import SAMPLE, import_events

pytestmark = pytest.mark.database

HEAD = (
    "number,incident_state,sys_mod_count,opened_at,sys_updated_by,sys_updated_at,location,category,"
    "subcategory,u_symptom,priority,assignment_group,assigned_to,resolved_at\n"
)


def row(number="INC1", state="New", count="0", opened="01-03-2016 10:00", updated="01-03-2016 10:05",
        place="Acme", priority="3 - Moderate", symptom="It hurts"):  # fmt: skip
    return (
        f"{number},{state},{count},{opened},Ann,{updated},{place},Router,R1,{symptom},"
        f"{priority},Group 1,Bob,?\n"
    )


@pytest.fixture
def file(tmp_path):
    def write(content: bytes | str, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rejects() -> list[tuple[int, str]]:
    frame = database.read(select(Reject.position, Reject.reason).order_by(Reject.position))
    return list(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (HEAD.encode(), "a header and no rows"),
        (b"a,b,c\n1,2,3\n", "lacks the columns number"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 50, "lacks|binary"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00 number\n" * 50, "binary"),
        (gzip.compress((HEAD + row() * 5000).encode())[:-40], "cut short after line"),
        (b"\x1f\x8b" + b"not gzip at all" * 20, "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_leaves_nothing(empty, file, content, words):
    path = file(content)
    with pytest.raises(FileRefused, match=words) as refusal:
        import_events(path)
    assert path.name in str(refusal.value)
    assert database.read(select(func.count().label("n")).select_from(Change))["n"].iloc[0] == 0
    runs = database.read(select(SyncRun.state, SyncRun.error))
    assert all(runs["state"] == "failed")


def test_a_gzip_with_one_wrong_byte_is_refused(empty, file):
    packed = bytearray(SAMPLE.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(FileRefused, match=r"damaged|cut short|lacks"):
        import_events(file(bytes(packed)))


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_no_file_at_all_is_told(empty, tmp_path, name):
    with pytest.raises(FileRefused, match=r"no file|folder"):
        import_events(tmp_path / name)


BAD_ROWS = {
    "missing number": (row(number="?"), "number is missing"),
    "impossible date": (row(updated="30-02-2016 10:00"), "sys_updated_at '30-02-2016"),
    "month first": (row(opened="2016-03-01T10:00"), "opened_at '2016-03-01T10:00'"),
    "year zero": (row(opened="01-03-0000 10:00"), "opened_at '01-03-0000"),
    "no such severity": (row(priority="9 - Never"), "priority '9 - Never' is not a severity"),
    "severity in words": (row(priority="Huge"), "not a severity"),
    "too few cells": ("INC1,New\n", "has 2 cells where the header has 14"),
    "too many cells": (row().strip() + ",1,2\n", "has 16 cells"),
    "a NUL byte": (row(symptom="a\x00b"), "NUL byte"),
    "a sequence that is no number": (row(count="1.5"), "sys_mod_count '1.5'"),
    "a sequence too large": (row(count="9" * 30), "not a whole number"),
    "a number too long": (row(number="N" * 300), "longer than 200"),
    "an unclosed quote": (row(symptom='"open'), "is not CSV|cells where"),
}


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_kept_with_its_line_and_reason_and_the_others_load(empty, file, kind):
    bad, words = BAD_ROWS[kind]
    path = file(HEAD + row("INC1") + row("INC2") + bad + row("INC3") + row("INC4"))
    report = import_events(path)
    assert (report.read, report.inserted, report.rejected) == (5, 4, 1)
    ((line, reason),) = rejects()
    assert line == 4
    import re

    assert re.search(words, reason), reason


def test_lines_in_another_encoding_are_kept_apart(empty, file):
    latin = row("INC2", place="Zürich").encode("latin-1")
    path = file(HEAD.encode() + row("INC1", place="Zürich").encode() + latin + row("INC3").encode())
    report = import_events(path)
    assert (report.inserted, report.rejected) == (2, 1)
    assert "not UTF-8: byte 0xfc" in rejects()[0][1]


def test_quoted_cells_may_hold_line_breaks_commas_and_quotes(empty, file):
    path = file(HEAD + row(symptom='"first, ""so""\nsecond\nthird"') + row("INC2"))
    report = import_events(path)
    assert report.inserted == 2
    summary = database.read(
        select(Change.value).where(Change.field == "summary", Change.key == "INC1")
    )
    assert summary["value"].iloc[0] == 'first, "so"\nsecond\nthird'


def test_importing_a_bad_file_again_keeps_each_reject_once(empty, file):
    path = file(HEAD + row() + row(number="?"))
    assert import_events(path).rejected == import_events(path).rejected == 1
    assert len(rejects()) == 1


def test_one_percent_of_poison_costs_one_percent(empty, file):
    chance = random.Random(7)
    kinds = [bad for bad, _ in BAD_ROWS.values()]
    lines, poison = [], 0
    for number in range(5_000):
        if chance.random() < 0.01:
            lines.append(chance.choice(kinds))
            poison += 1
        lines.append(row(f"INC{number}"))
    report = import_events(file(HEAD + "".join(lines)))
    assert (report.inserted, report.rejected) == (5_000, poison)
    assert len(rejects()) == poison


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[columns", "not TOML"),
        ("[columns]\nnumber = 'a'\nfoo = 'b'\n", "foo is not a field.*created is missing"),
        ("[source]\ntime_zone = 'Mars/Olympus'\n", "Mars/Olympus"),
    ],
)
def test_a_map_that_cannot_be_followed_lists_its_faults(empty, file, content, words):
    import re

    with pytest.raises(FileRefused) as refusal:
        import_events(SAMPLE, mapping=file(content, "map.toml"))
    assert re.search(words, str(refusal.value), re.DOTALL)


def test_a_log_of_other_columns_is_read_through_a_map(empty, file):
    told = file(
        "Ticket;When;Seen;State;Prio;Who\n7;2026-03-29T02:30:00;2026-03-29T04:00:00+02:00;Offen;hoch;Ünal\n",
        "tickets.csv",
    )
    how = file(
        """
[source]
name = "tickets"
time_zone = "Europe/Berlin"
delimiter = ";"
[columns]
number = "Ticket"
created = "When"
updated = "Seen"
status = "State"
severity = "Prio"
owner = "Who"
[severity]
hoch = 2
""",
        "map.toml",
    )
    assert import_events(told, mapping=how).inserted == 1
    facts = database.read(select(Change.field, Change.value)).set_index("field")["value"]
    assert facts["severity"] == "2"
    assert facts["owner"] == "Ünal"
    assert facts["updated"] == "2026-03-29T02:00:00+00:00"
