"""A small client of Caseboard's API; it needs nothing but Python.

    from client import Board

    board = Board("http://127.0.0.1:8050", token="cb_...")   # no token where there is no login
    print(board.get("stats", as_of="2026-01-31")["metrics"]["open_cases"])
    for case in board.cases(severity=[1, 2], sort="-severity,created"):
        print(case["number"], case["account"])

Run as a program it prints the urgent cases of a board:

    python client.py http://127.0.0.1:8050 cb_...
"""

import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen


class Refused(Exception):
    """A fault that the board tells: `problem` holds its status, title, detail and parameter."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem['status']} {problem['title']}: {problem['detail']}")
        self.problem = problem


class Board:
    """A board, asked with a token. Answers are kept, and asked for again only if changed."""

    def __init__(self, address: str, token: str | None = None) -> None:
        self._root = f"{address.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._kept: dict[str, tuple[str, bytes]] = {}

    def get(self, path: str, **view: Any) -> Any:
        """The JSON answer of a path for the parameters of a View; a list means "any of"."""
        return json.loads(self._ask("GET", path, view))

    def csv(self, path: str, **view: Any) -> str:
        """The text of a file such as `cases.csv`."""
        return self._ask("GET", path, view).decode()

    def cases(self, **view: Any) -> Iterator[dict[str, Any]]:
        """All cases of a View, as the board stood when the first page was asked for."""
        page = self.get("cases", limit=1000, **view)
        yield from page["items"]
        while page["next"]:
            page = self.get("cases", limit=1000, cursor=page["next"], **view)
            yield from page["items"]

    def post(self, path: str, **body: Any) -> Any:
        """What the board answers to a JSON body."""
        return json.loads(self._ask("POST", path, {}, json.dumps(body).encode()) or "null")

    def delete(self, path: str) -> None:
        """Delete or revoke something."""
        self._ask("DELETE", path, {})

    def _ask(
        self, method: str, path: str, view: dict[str, Any], body: bytes | None = None
    ) -> bytes:
        address = f"{self._root}/{path}?{urlencode(view, doseq=True)}"
        headers = {**self._headers, "Content-Type": "application/json"}
        tag, known = self._kept.get(address, ("", b"")) if method == "GET" else ("", b"")
        if tag:
            headers["If-None-Match"] = tag
        try:
            request = Request(address, body, headers, method=method)
            with urlopen(request, timeout=60) as answer:
                told: bytes = answer.read()
                if answer.headers["ETag"]:
                    self._kept[address] = (answer.headers["ETag"], told)
                return told
        except HTTPError as fault:
            with fault:
                if fault.code == 304:
                    return known
                raise Refused(json.load(fault)) from None


if __name__ == "__main__":
    board = Board(*sys.argv[1:3])
    for case in board.cases(severity=1, columns="number,account,summary,age_days"):
        print(f"{case['number']}  {case['age_days']:>4.0f} d  {case['account']}: {case['summary']}")
