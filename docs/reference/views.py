"""The parameters and columns of a View, from `app/view_fields.py` and `app/columns.py`."""

from collections.abc import Mapping
from typing import Any

from app.api.view_words import WORDS
from app.columns import COLUMNS, DEFAULT_COLUMNS
from app.view_fields import FIELDS, Field
from docs.reference.markdown import code, page, prose, table

SOURCE = "app/view_fields.py and app/columns.py"
ABOUT = """\
A View is what somebody looks at. Its parameters are the same in the address of a page, in the
API, in files, embeds and `caseboard list --view`. An unknown name or a bad value is refused with
a message that names it."""
PARAMETERS = """\
Where several values are allowed, repeat the name for "any of"; `sort` and `columns` take a list
with commas. Instants are ISO 8601; a date alone is midnight in `tz`. Ranges are half-open: from
is in, to is not."""
LISTS = {
    "columns": "names of columns",
    "sort": "names of columns, `-` before one for descending",
    "tz": "name of an IANA zone",
}
KINDS = {
    "text": "text",
    "number": "number",
    "instant": "instant",
    "list": "list of texts",
    "flag": "yes or no",
}


def render() -> str:
    """The whole page."""
    parameters = (
        (code(name), prose(WORDS[name][0]), prose(_takes(name, one)), "yes" if one.many else "")
        for name, one in FIELDS.items()
    )
    columns = (
        (
            code(column.name),
            prose(column.label),
            KINDS[column.kind] + (f", {column.unit}" if column.unit else ""),
            "yes" if column.name in DEFAULT_COLUMNS else "",
        )
        for column in COLUMNS.values()
    )
    return page(
        "Parameters and columns",
        SOURCE,
        ABOUT,
        "## Parameters",
        PARAMETERS,
        table(("parameter", "meaning", "takes", "several"), parameters),
        "## Columns",
        "The same names in `columns`, in `sort`, in the API and in the header of a CSV.",
        table(("column", "title", "kind", "shown by default"), columns),
    )


def _takes(name: str, one: Field) -> str:
    """What a value looks like, in the words of people rather than as a pattern."""
    if name in LISTS:
        return LISTS[name]
    schema: Mapping[str, Any] = one.schema()
    if "enum" in schema:
        return ", ".join(code(value) if value else "empty" for value in schema["enum"])
    if schema["type"] == "integer":
        return f"whole number from {schema['minimum']} to {schema['maximum']}"
    if "maxLength" in schema:
        return "text"
    if name.startswith("days_"):
        return "length of time"
    return "interval" if name in {"closing", "reopened"} else "instant"
