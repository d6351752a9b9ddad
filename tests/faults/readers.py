"""Readers who look at the board all the time, and note whether what they are shown can be true."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.faults.oracle import Oracle

PAUSE_SECONDS = 0.06
LONGEST_SECONDS = 20.0
PATHS = (
    "/api/v1/stats",
    "/api/v1/cases?state=open&limit=500",
    "/api/v1/charts/by_severity.json",
    "/",
    "/api/v1/stats",
    "/healthz",
)


@dataclass
class Phase:
    """What readers met during one fault: `wrong` says in words what was not true."""

    name: str
    fresh: int = 0
    stale: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0
    compared: int = 0


class Readers:
    """`number` readers of the board at an address, where always `openly` cases are open.

    Each load moves cases in pairs, one is closed and one is opened again, so that whoever sees half
    a load sees another number.
    """

    def __init__(self, address: str, oracle: Oracle, openly: int, number: int = 3) -> None:
        self.address, self.oracle, self.openly = address, oracle, openly
        self.phase = Phase("before")
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._read, args=(place,), daemon=True)
            for place in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, name: str) -> Phase:
        """From now on what is met belongs to another phase."""
        with self._lock:
            self.phase = Phase(name)
            return self.phase

    def stop(self) -> None:
        """Nobody reads any more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(LONGEST_SECONDS)

    def _read(self, place: int) -> None:
        session = requests.Session()
        session.trust_env = False
        latest, turn = 0, place
        while not self._ended.wait(PAUSE_SECONDS):
            path = PATHS[turn % len(PATHS)]
            turn += 1
            try:
                latest = self._look(session, path, latest)
            except (ValueError, LookupError, TypeError) as fault:
                self.phase.wrong.append(f"{path}: {fault!r}")

    def _look(self, session: requests.Session, path: str, latest: int) -> int:
        began, phase = time.monotonic(), self.phase
        try:
            answer = session.get(f"{self.address}{path}", timeout=LONGEST_SECONDS)
        except requests.RequestException as fault:
            with self._lock:
                phase.refused[type(fault).__name__] += 1
            return latest
        took = time.monotonic() - began
        with self._lock:
            phase.longest = max(phase.longest, took)
            if answer.status_code == 503:
                phase.refused["503"] += 1
                return latest
            if answer.status_code != 200:
                phase.wrong.append(f"{path} answered {answer.status_code}: {answer.text[:200]}")
                return latest
            stale = "Age" in answer.headers
            phase.stale += stale
            phase.fresh += not stale
            if not path.startswith("/api/"):
                return latest
            told = answer.json()
            phase.wrong += [f"{path}: {words}" for words in self._faults(path, told, phase)]
            version = int(told.get("version", 0))
            if version and not stale:
                if version < latest:
                    phase.wrong.append(f"version {version} after {latest}")
                latest = max(latest, version)
        return latest

    def _faults(self, path: str, told: dict[str, Any], phase: Phase) -> list[str]:
        """What cannot be true in an answer."""
        if "stats" in path:
            return self._stats(told, phase)
        if "cases" in path:
            numbers = [row["number"] for row in told["items"]]
            same = len(numbers) == len(set(numbers)) == told["total"] == self.openly
            return [] if same else [f"{told['total']} open, {len(set(numbers))} rows"]
        shown = sum(row[1] for row in told["rows"])
        return [] if shown == self.openly else [f"{shown} open"]

    def _stats(self, told: dict[str, Any], phase: Phase) -> list[str]:
        metrics = told["metrics"]
        found = []
        number = metrics["open_cases"]["value"]
        if number != self.openly:
            found.append(f"{number} open at version {told['version']}")
        groups = metrics["by_account"]["value"]
        known = self.oracle.known.get(int(told["version"]))
        if known is not None:
            phase.compared += 1
            shown = {name: count for name, count in groups.items() if count}
            if shown != {name: count for name, count in known.items() if count}:
                found.append(f"version {told['version']} by account: {shown}, not {known}")
        return found
