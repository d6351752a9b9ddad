"""Requests made up from the description, by the thousand: every check of schemathesis holds.

`SCHEMATHESIS_CASES=10000` makes it as long as you like, boundary values of everything included; by
default it is a few hundred.
"""

import os
import re
import subprocess
import sys

import pytest

from app.auth import limits
from tests.auth.conftest import forget_limits
from tests.auth.people import token_of, with_login

pytestmark = pytest.mark.database

CASES = int(os.environ.get("SCHEMATHESIS_CASES", "0"))
# The boundary values alone are some 30,000 requests.
PHASES = "examples,coverage,fuzzing,stateful" if CASES else "examples,fuzzing"
OPERATIONS = 34


def run(address: str, folder, *more: str) -> int:
    """How many requests were made; the test fails with the words of schemathesis."""
    command = [
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
        # Nobody draws here, so that images are a 503, which is told as a fault of the server.
        address, "--exclude-path-regex", r"\.(png|svg)$", "--checks", "all", "--continue-on-failure", "--suppress-health-check", "too_slow", "--warnings", "off", "--seed", "1",
        "--request-timeout", "30", "--no-color", *more,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    told = "\n".join(line[:400] for line in done.stdout.splitlines())
    assert done.returncode == 0, told[-8_000:] + done.stderr[-2_000:]
    return int(re.search(r"([\d,]+) generated", told)[1].replace(",", ""))


def test_whatever_the_description_allows_is_answered_as_it_says(served, tmp_path):
    most = max(3, CASES // OPERATIONS)
    made = run(
        f"{served}/api/v1/openapi.json", tmp_path, "--phases", PHASES, "--max-examples", str(most)
    )
    assert made >= max(150, CASES)


def test_nobody_gets_in_without_a_token(app, served, tmp_path, monkeypatch):
    """What revokes tokens is left out: it would revoke the one that asks."""
    for kind in limits.LIMITS:
        monkeypatch.setitem(limits.LIMITS, kind, limits.parse("1000000/second"))
    forget_limits(app)
    with with_login():
        headers = token_of("admin", "read", "export", "write", "admin")
        made = run(
            f"{served}/api/v1/openapi.json", tmp_path, "--phases", "examples", "-H",
            f"Authorization: {headers['Authorization']}", "--exclude-operation-id", "deleteTokensNumber",
        )  # fmt: skip
    assert made >= 30
