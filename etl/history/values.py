"""The roll-up of open cases by the values of some fields, hour by hour.

`step` is how many open cases got a value less how many lost it; a value that is missing is the
empty text. Months also tell in `entered` how often it was got anew, so that a value is known there
of which as many cases came as went.
"""

from app.models import ALL_CASES, VALUE_FIELDS
from etl.history.rollup import OF_DAY, Level, RollUp

KEY = ("field", "value")
STEPS = ("step", "entered")
# Of these fields spells tell, which are fewer than versions, and of all open cases together.
SPELLED = ("account", "engineer", "product")


def _moments(fields: dict[str, int], until: str, also: str = "") -> str:
    values = [
        f"({number}::smallint, coalesce({name}, '') collate \"C\")"
        for name, number in fields.items()
    ]
    return f"""
select at, field, value, step, (step > 0)::int, {{sign}}
from {{versions}}
cross join lateral (values {", ".join([*values, *([also] if also else [])])}) fields (field, value)
cross join lateral (values (valid_from, 1), ({until}, -1)) moments (at, step)
where is_open and {until} is not null
"""


_OF_SPELLS = {name: number for name, number in VALUE_FIELDS.items() if name in SPELLED}
_OF_VERSIONS = {name: number for name, number in VALUE_FIELDS.items() if name not in SPELLED}

HOURS = Level("value_steps", (*KEY, "hour"), "hour", "hour", ("step",))
DAYS = Level("value_steps_by_day", (*KEY, "day"), "day", OF_DAY, ("step",))
MONTHS = Level(
    "value_steps_by_month",
    ("field", "month", "value"),
    "month",
    "date_trunc('month', hour, 'UTC')",
    STEPS,
)
ROLL_UP = RollUp(
    key=KEY,
    steps=STEPS,
    levels=(HOURS, DAYS, MONTHS),
    moments=(
        _moments(_OF_SPELLS, "spell_to", f"({ALL_CASES}::smallint, '' collate \"C\")"),
        _moments(_OF_VERSIONS, "valid_to"),
    ),
)
