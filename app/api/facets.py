"""`/api/v1/facets`: how many cases of a View each value of its fields has."""

from flask import Blueprint, Response

from app.api.cases import TAG
from app.api.operation import Json, Parameter, described
from app.api.parameters import VIEW
from app.api.requests import Values, arguments, as_json, asked_instant, asked_version
from app.api.schemas import INSTANT, TEXT, WHOLE, many, record, table
from app.facets import ALONE, TOGETHER, number_of_rows, values_of
from app.view import View
from app.view_fields import ParameterError, write_instant

blueprint = Blueprint("facets", __name__, url_prefix="/api/v1")

FIELDS = (*TOGETHER, *ALONE)
FIELD = Parameter(
    "field",
    f"Fields to count; default: {', '.join(TOGETHER)}",
    {"type": "string", "enum": list(FIELDS)},
    many="repeated",
    example=["severity", "account"],
)


@blueprint.get("/facets")
@described(
    "Counts of the values of a View's fields",
    TAG,
    takes=(*VIEW, FIELD),
    gives=Json(
        record(
            {
                "as_of": INSTANT,
                "total": WHOLE,
                "facets": table(many(record({"value": TEXT, "cases": WHOLE}))),
            }
        ),
        {
            "as_of": "2026-01-31T09:30:00Z",
            "total": 3,
            "facets": {"severity": [{"value": "2", "cases": 2}, {"value": "1", "cases": 1}]},
        },
    ),
    versioned=True,
)
def facets() -> Response:
    """Of each field its values with their cases under all *other* filters of the View, most first.

    The count is the number of rows that choosing this value alone would show. Values are as
    parameters take them; the empty text is "not set". `total` counts the rows of the View.
    """
    values = arguments()
    chosen = _fields(values)
    view, version = View.from_values(values), asked_version()
    instant = asked_instant(view)
    told = {
        name: [
            {"value": value, "cases": cases}
            for value, cases in values_of(view, instant, version, name)
        ]
        for name in chosen
    }
    total = number_of_rows(view, instant, version)
    return as_json({"as_of": write_instant(instant), "total": total, "facets": told})


def _fields(values: Values) -> list[str]:
    texts = values.pop("field", [])
    unknown = [text for text in texts if text not in FIELDS]
    if unknown:
        raise ParameterError("field", f"{unknown[0][:40]!r} is not one of {', '.join(FIELDS)}")
    return list(dict.fromkeys(texts)) or list(TOGETHER)
