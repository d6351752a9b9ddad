"""The files of a case: listed from the portal as they are now, or a sentence why not."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from app import cli
from app.lock import Servers, held, note
from app.settings import use
from etl.sandbox.answers import Answer, json_answer
from etl.sandbox.faults import Fault
from etl.sandbox.server import Sandbox
from etl.sandbox.world import World
from tests.conftest import own_settings
from tests.sync.conftest import Clock

PATH = "/attachments/"


@pytest.fixture
def portal() -> Iterator[Sandbox]:
    """A sandbox that the settings connect to; no database."""
    clock = Clock()
    world = World(cases=40, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with own_settings(), Sandbox(world) as sandbox:
        use(sandbox.environment())
        use({"CASEBOARD_SOURCE_TIMEOUT": "0.3", "CASEBOARD_SOURCE_PATIENCE": "1"})
        yield sandbox


@pytest.fixture
def ask(capsys, tmp_path):
    def asked(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["attachments", *arguments, "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return asked


def test_the_files_of_a_case_in_the_zone_asked(portal, ask):
    number = portal.world.add_case(contact="Ana Pérez")
    before = json.loads(ask(number, "--json")[1])
    portal.world.add_attachment(number, "must-gather.tar.gz", 782_530_560, "application/gzip")
    portal.world.clock.pass_(minutes=30)
    portal.world.add_attachment(number, "notes.txt", 999, "text/plain", "Kavya Rao", internal=True)
    status, table, fault = ask(number, "--tz", "Asia/Tokyo")
    assert (status, fault) == (0, "")
    assert "when (Asia/Tokyo)" in table.splitlines()[0]
    rows = table.splitlines()[-2:]
    late = portal.world.now()
    for row, name, size, who, at in (
        (rows[0], "must-gather.tar.gz", "782.5 MB", "Ana Pérez", late - timedelta(minutes=30)),
        (rows[1], "notes.txt", "999 B", "Kavya Rao", late),
    ):
        there = at + timedelta(hours=9)
        for words in (name, size, who, f"{there:%Y-%m-%d %H:%M}", f"/cases/{number}/attachments/"):
            assert words in row, words
    assert "internal" in rows[1]
    assert "internal" not in rows[0]
    told = json.loads(ask(number, "--json")[1])
    assert told[:-2] == before
    assert told[-1] == {
        "uuid": told[-1]["link"].rsplit("/", 1)[1],
        "name": "notes.txt",
        "type": "text/plain",
        "size": 999,
        "description": None,
        "by": "Kavya Rao",
        "at": f"{late:%Y-%m-%dT%H:%M:%SZ}",
        "link": f"https://attachments.example.com/hydra/rest/cases/{number}/attachments/{told[-1]['uuid']}",
        "private": True,
        "restricted": False,
    }


def test_the_sandbox_has_the_same_files_in_every_run(portal, ask):
    numbers = list(portal.world.cases.by_number)
    told = {number: json.loads(ask(number, "--json")[1]) for number in numbers}
    assert {len(files) for files in told.values()} >= {0, 1, 2}
    assert all(file["at"] <= f"{portal.world.now():%Y-%m-%dT%H:%M:%SZ}"
               for files in told.values() for file in files)  # fmt: skip
    for files in told.values():
        assert [file["at"] for file in files] == sorted(file["at"] for file in files)
    nothing = next(number for number, files in told.items() if not files)
    assert nothing in portal.world.cases.by_number
    assert ask(nothing)[:2] == (0, f"Case {nothing} has no attachments.\n")
    with Sandbox(World(cases=40, start=portal.world.start, frozen=True)) as other:
        use(other.environment())
        assert {number: json.loads(ask(number, "--json")[1]) for number in numbers} == told


def test_only_reading_passes_and_only_to_the_portal(portal, ask):
    number = next(iter(portal.world.cases.by_number))
    portal.paths.clear()
    assert ask(number)[0] == 0
    assert dict(portal.requests) == {"portal": 2}
    assert [path for path in portal.paths if "token" not in path] == [
        f"/hydra/rest/cases/{number}/attachments/"
    ]


def test_a_portal_that_tells_them_under_v1(portal, ask):
    number = next(iter(portal.world.cases.by_number))
    told = ask(number, "--json")
    portal.faults.add(Fault("404", f"/rest/cases/{number}", times=None))
    portal.paths.clear()
    assert ask(number, "--json") == told
    assert portal.paths[f"/hydra/rest/v1/cases/{number}/attachments/"] == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("404", PATH, times=None), "does not give us case NUMBER: it answered 404"),
        (Fault("403", PATH, times=None), "does not give us case NUMBER: it answered 403"),
        (Fault("401", PATH, times=None), "does not accept our token for the attachments of case"),
        (Fault("500", PATH, times=None), "answered 500 (tried"),
        (Fault("429", PATH, times=None, seconds=90), "It asks us to come back in 90 s"),
        (Fault("html", PATH, times=None), "sent a web page where data were asked for"),
        (Fault("truncated", PATH, times=None), "sent JSON that cannot be read"),
        (Fault("timeout", PATH, times=None, seconds=0.5), "did not answer in time"),
        (Fault("reset", PATH, times=None), "broke off the connection"),
        (Fault("401", "openid-connect/token", times=None), "gives no access token"),
    ],
    ids=lambda value: value.kind + value.path[:4] if isinstance(value, Fault) else "",
)  # fmt: skip
def test_a_fault_is_told_in_a_sentence(portal, ask, fault, words):
    number = portal.world.add_case()
    portal.world.add_attachment(number, "a.log", 1)
    portal.faults.add(fault)
    status, told, sentence = ask(number)
    assert (status, told) == (1, "")
    assert words.replace("NUMBER", number) in sentence
    assert "Traceback" not in sentence
    portal.faults.clear()
    assert "a.log" in ask(number)[1]


def test_a_passing_fault_does_not_show(portal, ask):
    number = portal.world.add_case()
    portal.world.add_attachment(number, "a.log", 1)
    for kind in ("401", "500"):
        portal.faults.add(Fault(kind, PATH))
    portal.portal.expire_tokens()
    assert "a.log" in ask(number)[1]


def test_no_such_case_no_number_no_zone_no_portal(portal, ask):
    status, _, told = ask("00000000")
    assert status == 1
    assert "does not give us case 00000000: it answered 404" in told
    assert ask("../search")[0] == 2
    status, _, told = ask("01", "--tz", "Mars/Olympus")
    assert status == 2
    assert "'Mars/Olympus' is not an IANA time zone" in told
    use({"CASEBOARD_PORTAL_OFFLINE_TOKEN": "worn-out"})
    status, _, told = ask("01")
    assert status == 1
    assert "set CASEBOARD_PORTAL_OFFLINE_TOKEN" in told
    use({"CASEBOARD_PORTAL_URL": ""})
    status, _, told = ask("01")
    assert status == 1
    assert "not connected; set CASEBOARD_PORTAL_URL" in told


def test_the_sandbox_of_a_running_caseboard_is_asked(portal, ask, tmp_path):
    number = next(iter(portal.world.cases.by_number))
    wanted = ask(number)
    sources = portal.environment()
    use(dict.fromkeys(sources, ""))
    assert ask(number)[0] == 1
    (tmp_path / "secret_key").write_text("of no use here")
    with held(tmp_path) as lock:
        note(lock, Servers(1, "", "", "", sources=sources))
        assert ask(number) == wanted


def test_entries_that_cannot_be_read_cost_only_themselves(portal, ask, monkeypatch):
    good = {"fileName": "late.log", "createdDate": 1767225600000, "sizeKB": 2.5}
    odd = [
        {"uuid": "u"},
        "text",
        {"fileName": "a", "createdDate": "soon"},
        {"fileName": "b", "size": "big"},
        {"fileName": "c", "size": True},
        good,
        {"fileName": "\x1b[31mred\x1b]0;mine\x07 \u202egpj.exe", "link": "javascript:alert(1)"},
    ]
    monkeypatch.setattr(portal.portal, "_attachments", lambda _: json_answer(odd))
    status, table, told = ask("01")
    assert status == 1
    assert len(told.splitlines()) == 5
    for words in ("entry 1 has no fileName", "entry 3 createdDate 'soon'", "entry 4 size 'big'"):
        assert words in told
    assert "2.6 kB" in table
    assert "2026-01-01 00:00" in table
    assert not {"\x1b", "\x07", "\u202e"} & set(table)
    assert "javascript" not in table
    assert [row["name"] for row in json.loads(ask("01", "--json")[1])][1] == "late.log"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (json_answer({"attachments": [{"fileName": "in-a-box.txt"}]}), "in-a-box.txt"),
        (Answer(204, b""), "Case 01 has no attachments."),
        (json_answer({}), "answered the attachments of case 01 with none"),
        (json_answer("none"), "answered the attachments of case 01 with none"),
        (json_answer(None), "answered the attachments of case 01 with none"),
        (json_answer([], 410), "no longer has the attachments of case 01"),
    ],
)  # fmt: skip
def test_other_forms_of_an_answer(portal, ask, monkeypatch, answer, words):
    monkeypatch.setattr(portal.portal, "_attachments", lambda _: answer)
    status, told, fault = ask("01")
    assert words in told + fault
    assert status == (0 if told else 1)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_951, "1.0 MB"),
     (10**9, "1.0 GB"), (10**12, "1.0 TB"), (5 * 10**15, "5,000.0 TB")],
)  # fmt: skip
def test_sizes_in_words(portal, ask, size, words):
    number = portal.world.add_case(number="77")
    portal.world.add_attachment(number, "one.bin", size)
    row = next(line for line in ask(number)[1].splitlines() if "one.bin" in line)
    assert f" {words} " in row
