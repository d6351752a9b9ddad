"""Answers of callbacks as finished JSON: made once, remembered, and sent on as they are.

Writing components down as JSON takes longer than to compute what they show.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from plotly.io.json import to_json_plotly

from app.cache import remembered


def finished(
    parts: tuple[str, ...], outputs: Callable[[], Sequence[Any]]
) -> tuple[orjson.Fragment, ...]:
    """The outputs of a callback, as Dash sends them; remembered for a key made of `parts`.

    `parts` must name all that the outputs depend on, the data version among it.
    """

    def compute() -> str:
        return orjson.dumps([to_json_plotly(one) for one in outputs()]).decode()

    return tuple(map(orjson.Fragment, orjson.loads(remembered(parts, compute))))
