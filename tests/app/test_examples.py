"""The examples of the documents run as they stand, against a board that is served."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import database
from app.selection import rows
from app.version import data_version
from app.view import View
from tests.auth.people import token_of, with_login

pytestmark = pytest.mark.database

EXAMPLES = Path(__file__).parent.parent.parent / "docs/examples"
QUERY = {"state": "all", "severity": [1, 2], "sort": "-severity,created", "as_of": "2016-06-01"}


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("example_client", EXAMPLES / "client.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_client_walks_reads_files_and_asks_only_for_what_changed(served, example):
    board = example.Board(served)
    found = list(board.cases(**QUERY, columns="number,severity"))
    view = View.from_values({
        name: [str(one) for one in (value if isinstance(value, list) else [value])]
        for name, value in QUERY.items()
    })  # fmt: skip
    whole = list(database.read(rows(view.but(columns=("number",)), view.as_of))["number"])
    assert [one["number"] for one in found] == whole
    assert len(whole) > 40
    lines = board.csv("cases.csv", **QUERY, columns="number").splitlines()
    assert lines[1:] == whole
    first = board.get("stats", as_of="2016-03-10")
    [(tag, _)] = [kept for address, kept in board._kept.items() if "/stats?" in address]
    assert tag.startswith('W/"')
    assert board.get("stats", as_of="2016-03-10") == first


def test_the_client_saves_deletes_and_tells_faults(served, example):
    with with_login():
        token = token_of("editor", "read", "write")["Authorization"].removeprefix("Bearer ")
        board = example.Board(served, token)
        made = board.post("views", name="Urgent", view="severity=1")
        assert made["query"] == "severity=1"
        board.delete(f"views/{made['id']}")
        with pytest.raises(example.Refused, match="severity: '9' is not one of") as fault:
            board.get("cases", severity=9)
        assert fault.value.problem["parameter"] == "severity"
        with pytest.raises(example.Refused, match="401"):
            example.Board(served).get("cases")


def run(code, served, *arguments, **variables):
    done = subprocess.run(
        [sys.executable, *code, *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "EXAMPLE_ADDRESS": served, **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_is_a_program(served):
    assert data_version().number
    told = run([str(EXAMPLES / "client.py")], served, served)
    assert all("  " in line for line in told.splitlines())


def test_the_notebook_runs_from_top_to_bottom(served):
    book = json.loads((EXAMPLES / "notebook.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in book["cells"] if cell["cell_type"] == "code")
    check = "assert len(cases) > 500 and len(daily) > 0 and {1, 2, 3} <= set(cases['severity'])"
    run(["-W", "error::FutureWarning", "-c", "\n".join([*cells, check])], served)
