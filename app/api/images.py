"""`/api/v1/charts/<name>.png` and `.svg`: a panel as a picture, for reports and documents."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.api.charts import CHART, NO_SUCH, refuse_period, unknown_chart
from app.api.operation import Parameter, Text, described
from app.api.parameters import COMPARED, VIEW
from app.api.requests import arguments, asked_scope, asked_version, problem
from app.api.schemas import BYTES
from app.images.ask import image, image_key
from app.images.faults import NoImage
from app.images.form import LEAST, MIMETYPES, MOST, SCALES, Form, Kind
from app.panel import Panel, asked_of
from app.panels import PANELS
from app.place import read_address
from app.scope import Scope
from app.theme import PALETTES
from app.version import Version
from app.words import file_name

blueprint = Blueprint("images", __name__, url_prefix="/api/v1")


TAG = "Numbers and charts"
PIXELS = {"type": "integer", "minimum": LEAST, "maximum": MOST}
SIZE = (
    Parameter("width", "Pixels; default: 800", PIXELS, example=800),
    Parameter("height", "Pixels; default: 450", PIXELS, example=450),
)
SCALE = Parameter(
    "scale",
    "So many pixels of the image for one of the page; default: 1",
    {"type": "integer", "minimum": SCALES[0], "maximum": SCALES[1]},
    example=2,
)
THEME = Parameter(
    "theme", "Default: light", {"type": "string", "enum": list(PALETTES)}, example="dark"
)
FAULTS = {
    **NO_SUCH,
    500: "It cannot be drawn",
    503: "Nothing that draws is at work, Redis is away, or too many wait",
    504: "It took too long",
}


@blueprint.get("/charts/<name>.png")
@described(
    "A chart as a PNG",
    TAG,
    takes=(CHART, *VIEW, *COMPARED, *SIZE, SCALE, THEME),
    gives=Text("image/png", "(bytes)", BYTES),
    faults=FAULTS,
)
def chart_png(name: str) -> Response:
    """The chart for a View as an image, with its title, sentence and data time in it.

    A new one is drawn by a worker and waited for; `Retry-After` tells when it may be worth asking
    again. `from`, `to` and `compare` are taken by charts of a period.
    """
    return _chart(name, "png")


@blueprint.get("/charts/<name>.svg")
@described(
    "A chart as an SVG",
    TAG,
    takes=(CHART, *VIEW, *COMPARED, *SIZE, THEME),
    gives=Text("image/svg+xml", "<svg>...</svg>"),
    faults=FAULTS,
)
def chart_svg(name: str) -> Response:
    """As the PNG, sharp at any size."""
    return _chart(name, "svg")


def _chart(name: str, kind: Kind) -> Response:
    panel = PANELS.get(name)
    if panel is None:
        return unknown_chart(name)
    values = arguments()
    form = Form.taken(kind, values)
    refuse_period(panel, values)
    scope = asked_scope(*read_address(urlencode(values, doseq=True), period=panel.period))
    return image_answer(panel, scope, asked_version(), form)


def image_answer(panel: Panel, scope: Scope, version: Version, form: Form) -> Response:
    """The answer with a panel's image; 304 when the reader has just that one. Raises NoImage."""
    tag = image_key(panel, scope, version, form)[:32]
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = Response(image(panel, scope, version, form), mimetype=MIMETYPES[form.kind])
        words = file_name(f"{panel.title} {asked_of(panel, scope).view.sentence()}")
        response.headers["Content-Disposition"] = f'inline; filename="{words}.{form.kind}"'
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def no_image(fault: NoImage) -> Response:
    """Why there is no image, as a problem; with the seconds after which to ask again, if any."""
    response = problem(fault.status, fault.title, str(fault))
    if fault.again is not None:
        response.headers["Retry-After"] = str(fault.again)
    return response
