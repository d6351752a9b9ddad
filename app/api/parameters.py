"""The parameters that several operations take."""

from app import iso
from app.api.operation import Parameter, Schema
from app.api.view_words import view_parameters
from app.ranking import CHOICES, SORTS

INSTANT_GIVEN: Schema = {"type": "string", "pattern": f"^(?:{iso.INSTANT})$"}

VIEW = view_parameters()
ZONE = view_parameters("tz")
PERIOD = (
    Parameter("from", "The period's start; a date is midnight in `tz`", INSTANT_GIVEN, shared=True),
    Parameter("to", "The period's end, which is not part of it", INSTANT_GIVEN, shared=True),
)
COMPARED = (
    *PERIOD,
    Parameter("compare", "The period beside it: the one just before, or a year earlier",
              {"type": "string", "enum": ["previous", "year", ""]}, shared=True),
)  # fmt: skip
BUG_WORDS = {
    "tracker": "Only bugs of this tracker",
    "target": "Only bugs without a target",
    "mismatch": "Only bugs whose severity differs from that of a case",
    "restricted": "Only bugs that not everybody may see",
}
# What a list of bugs is sorted by are a bug's columns, not a case's.
RANKING = (
    *(one for one in VIEW if one.name != "sort"),
    Parameter("sort", "Columns of a bug to sort by, `-` for descending",
              {"type": "string", "enum": [sign + name for name in SORTS for sign in ("", "-")]},
              many="listed", example=["-days_waited"]),
    *(Parameter(name, BUG_WORDS[name], {"type": "string", "enum": list(allowed)})
      for name, allowed in CHOICES.items()),
)  # fmt: skip


def limit(most: int, default: str) -> Parameter:
    """How many items one answer holds at most."""
    told = f"At most so many items; default: {default}"
    return Parameter("limit", told, {"type": "integer", "minimum": 1, "maximum": most}, example=50)


def choice(name: str, told: str, allowed: list[str], example: str) -> Parameter:
    """A part of the path that must be one of some names."""
    return Parameter(name, told, {"type": "string", "enum": allowed}, "path", example=example)


def number(told: str) -> Parameter:
    """A part of the path that is an id."""
    schema = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
    return Parameter("number", told, schema, "path", example=7)
