"""Answers of callbacks as finished JSON: made once, remembered, and sent on as they are.

Writing components down as JSON takes longer than to compute what they show.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from dash.development.base_component import Component

from app.cache import remembered

# As plotly writes it, without a look into each value first.
AS_PLOTLY = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def finished(
    parts: tuple[str, ...], outputs: Callable[[], Sequence[Any]]
) -> tuple[orjson.Fragment, ...]:
    """The outputs of a callback, as Dash sends them; remembered for a key made of `parts`.

    `parts` must name all that the outputs depend on, the data version among it.
    """

    def compute() -> str:
        return orjson.dumps([_written(one) for one in outputs()]).decode()

    return tuple(map(orjson.Fragment, orjson.loads(remembered(parts, compute))))


def _written(output: Any) -> str:
    return orjson.dumps(output, default=_plain, option=AS_PLOTLY).decode()


def _plain(value: Any) -> Any:
    """A component as plain values, for its JSON."""
    if isinstance(value, Component):
        return value.to_plotly_json()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
