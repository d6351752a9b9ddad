"""The rows of a frame as plain values, None for what is missing."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows of a frame as plain values by column, None for what is missing."""
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in plain_rows(frame)]


def plain_rows(frame: "pd.DataFrame") -> list[list[Any]]:
    """The rows of a frame as plain values in the order of its columns, None for what is missing."""
    columns = (_plain_column(frame.iloc[:, place]) for place in range(frame.shape[1]))
    return [list(row) for row in zip(*columns, strict=True)]


def _plain_column(column: "pd.Series[Any]") -> list[Any]:
    values = column.tolist()
    if column.dtype.kind in "iub":
        return values
    # What is missing (NaN, NaT) differs from itself.
    return [None if value is None or value != value else value for value in values]  # noqa: PLR0124
