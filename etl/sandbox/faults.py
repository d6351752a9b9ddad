"""Faults on demand: what a source may do wrong, for some requests or at random."""

import random
import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "401", "403", "404", "429", "500", "503",
    "timeout", "reset", "truncated", "html", "empty", "drip",
]  # fmt: skip
AT_RANDOM: tuple[Kind, ...] = ("429", "500", "503", "reset", "truncated", "html")


@dataclass(slots=True)
class Fault:
    """Do `kind` to requests whose path holds `path`: `times` times, after `after` good ones.

    `done`: what was asked for is done all the same before the answer goes wrong. `method` names the
    only method of requests that it strikes. `seconds` is what Retry-After says, or how long an
    answer takes; `as_date` tells Retry-After as a date.
    """

    kind: Kind
    path: str = ""
    times: int | None = 1
    after: int = 0
    seconds: float = 1.0
    as_date: bool = False
    done: bool = False
    method: str = ""
    hits: int = 0


@dataclass(slots=True)
class Faults:
    """The faults in force. `rate` is the share of requests that fail at random."""

    rate: float = 0.0
    seed: int = 0
    scripted: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _dice: random.Random | None = None

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self.scripted.append(fault)

    def clear(self) -> None:
        """Let everything be well."""
        with self._lock:
            self.scripted.clear()
            self.rate = 0.0

    def strike(self, path: str, method: str = "") -> Fault | None:
        """The fault of a request, None when it is answered well."""
        with self._lock:
            for fault in self.scripted:
                if fault.path not in path or fault.method not in {"", method}:
                    continue
                fault.hits += 1
                if fault.hits <= fault.after:
                    continue
                if fault.times is None or fault.hits <= fault.after + fault.times:
                    return fault
            self._dice = self._dice or random.Random(self.seed)  # noqa: S311 - repeatable
            if self.rate and self._dice.random() < self.rate:
                return Fault(self._dice.choice(AT_RANDOM), seconds=1)
            return None
