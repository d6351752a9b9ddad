"""Which of many alike buttons somebody has pressed."""

import dash


def pressed(name: str) -> int | None:
    """The id of a row, as the pressed button's own id names it; None where nobody has pressed one.

    Dash calls also when a page brings its buttons, and a caller may send anything.
    """
    told = dash.ctx.triggered_id
    if not isinstance(told, dict) or not dash.ctx.triggered[0]["value"]:
        return None
    number = told.get(name)
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    return number if 0 < number < 2**63 else None
