"""`/api/v1/charts/<name>.png` and `.svg`: a panel as a picture, for reports and documents."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from app.api.charts import unknown_chart
from app.api.requests import arguments, problem
from app.images.ask import image, image_key
from app.images.faults import NoImage
from app.images.form import MIMETYPES, Form, Kind
from app.panel import Panel, asked_of
from app.panels import PANELS
from app.place import read_address
from app.scope import Scope
from app.version import Version, data_version
from app.words import file_name

blueprint = Blueprint("images", __name__, url_prefix="/api/v1")


@blueprint.get("/charts/<name>.png")
def chart_png(name: str) -> Response:
    """One panel for a View as a PNG: `width`, `height`, `scale`, `theme` beside its parameters."""
    return _chart(name, "png")


@blueprint.get("/charts/<name>.svg")
def chart_svg(name: str) -> Response:
    """One panel for a View as an SVG: `width`, `height`, `theme` beside its parameters."""
    return _chart(name, "svg")


def _chart(name: str, kind: Kind) -> Response:
    panel = PANELS.get(name)
    if panel is None:
        return unknown_chart(name)
    values = arguments()
    form = Form.taken(kind, values)
    view, period = read_address(urlencode(values, doseq=True), period=panel.period)
    version = data_version()
    instant = view.instant(datetime.now(UTC), version.changed_at)
    return image_answer(panel, Scope.of(view, instant, version, period), version, form)


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
