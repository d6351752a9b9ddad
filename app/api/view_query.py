"""What the query string of a View looks like, as one regular expression of a JSON Schema.

It is put together from the declarations of the parameters, in the order in which addresses have
them; values are percent-encoded.
"""

from functools import lru_cache
from typing import Any

from app.iso import instant_like
from app.lengths import span_like
from app.view import MAX_QUERY_LENGTH
from app.view_fields import FIELDS, Field

COLON, SIGN, SLASH, COMMA = "(?::|%3A)", "(?:%2B|-)", "(?:/|%2F)", "(?:,|%2C)"
TEXT = r"(?:[^&%#\u0000]|%[1-9A-Fa-f][0-9A-Fa-f]|%0[1-9A-Fa-f])*"
INSTANT = instant_like(COLON, SIGN)
LIKE = {
    "days_to_relief": span_like(COLON),
    "days_to_resolution": span_like(COLON),
    "days_to_close": span_like(COLON),
    "closing": f"{INSTANT}{SLASH}{INSTANT}",
    "reopened": f"{INSTANT}{SLASH}{INSTANT}",
}


@lru_cache(maxsize=1)
def view_query() -> dict[str, Any]:
    """The JSON Schema of a query string such as `severity=1&account=Acme`."""
    pairs = "".join(
        f"(?:{name}=(?:{_value(name, field)})(?:&|$)){'*' if field.many == 'repeated' else '?'}"
        for name, field in FIELDS.items()
    )
    return {
        "type": "string",
        "maxLength": MAX_QUERY_LENGTH,
        "pattern": rf"^\??&*{pairs}$",
        "description": "The query string of a View, as an address of the board has it.",
    }


def _value(name: str, field: Field) -> str:
    schema = field.schema()
    if "enum" in schema:
        one = "|".join(value.replace("+", "%2B").replace("/", SLASH) for value in schema["enum"])
        return f"(?:{one})(?:{COMMA}(?:{one}))*" if field.many == "listed" else one
    if schema["type"] == "integer":
        return "[0-9]{1,4}"
    if "maxLength" in schema:
        return TEXT
    return LIKE.get(name, INSTANT)
