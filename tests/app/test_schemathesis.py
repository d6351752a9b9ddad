"""Requests made up from the description, by the thousand: every check of schemathesis holds.

`SCHEMATHESIS_CASES=10000` makes it as long as you like; by default it is some hundreds.
"""

import json
import os
import subprocess
import sys
import threading

import pytest
from werkzeug.serving import make_server

from app import cache
from app.auth import limits
from app.settings import get_settings
from tests.auth.conftest import forget_limits
from tests.auth.people import token_of, with_login

pytestmark = pytest.mark.database

CASES = int(os.environ.get("SCHEMATHESIS_CASES", "600"))
# Checked once each for every operation, whatever the number of cases.
OPERATIONS = 34


@pytest.fixture
def served(app, own_log):
    """The address of the board, served to this machine."""
    cache.breaker.reset()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(10)


def run(address: str, folder, *more: str) -> dict:
    """What schemathesis found; the test fails with its own words."""
    report = folder / "report.json"
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/v1/openapi.json",
            "--checks", "all", "--max-examples", str(max(1, CASES // OPERATIONS)),
            "--continue-on-failure", "--warnings", "off", "--seed", "1", "--request-timeout", "20",
            "--report", "json", "--report-json-path", str(report), "--no-color", *more,
        ],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    return json.loads(report.read_text())


def test_whatever_is_made_up_from_the_description_is_answered_as_described(served, tmp_path):
    found = run(served, tmp_path)
    print(found)
