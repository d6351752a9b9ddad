"""Answers of the sandbox, before a fault may strike them."""

from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json"


@dataclass(slots=True)
class Answer:
    """A status, a body and headers."""

    status: int
    body: bytes
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(told: Any, status: int = 200, **headers: str) -> Answer:
    """JSON."""
    return Answer(status, orjson.dumps(told), headers=headers)
