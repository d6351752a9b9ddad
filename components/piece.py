"""Components as the plain values that Dash makes of them, for lists of hundreds.

To make a component takes ten times as long; what the browser gets is the same.
"""

from typing import Any

from dash.development.base_component import Component

Piece = dict[str, Any]


def piece(kind: type[Component], children: Any = None, **properties: Any) -> Piece:
    """A component of a kind, its properties unchecked; other pieces may be in it."""
    return {
        "type": kind._type,  # noqa: SLF001 - what Dash writes into its answers
        "namespace": kind._namespace,  # noqa: SLF001
        "props": {"children": children, **properties},
    }
