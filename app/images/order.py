"""What is to be drawn: a panel's answer in words and colours, ready for `picture.js`."""

from typing import Any

import orjson

from app.images.form import Form
from app.panel import Panel, answer, told_sentence
from app.scope import Scope
from app.theme import FONT, PALETTES, painted, template
from app.version import Version
from app.words import day_words

NOTHING = "No case to draw here."


def order(panel: Panel, scope: Scope, version: Version, form: Form) -> bytes:
    """The JSON of an order: title, sentence, data time, alternative text, figure, size, colours."""
    told = orjson.loads(answer(panel, scope, version))
    palette = PALETTES[form.theme]
    empty = not told["rows"] or not told["n"]
    sentence, foot = told_sentence(told), data_time(scope, version)
    asked: dict[str, Any] = {
        "kind": form.kind,
        "width": form.width,
        "height": form.height,
        "scale": form.scale,
        "title": panel.title,
        "sentence": sentence,
        "foot": foot,
        "words": f"{sentence}. {panel.question} {foot}.",
        "font": FONT,
        "colours": {name: palette[name] for name in ("card", "text", "secondary", "border")},
        "empty": NOTHING if empty else "",
        "figure": None if empty else _figure(told["figure"], form),
    }
    return orjson.dumps(asked)


def data_time(scope: Scope, version: Version) -> str:
    """What instant a picture shows, and how new the data were that it was drawn from, in words."""
    zone = scope.view.tz
    loaded = day_words(version.changed_at, zone) if version.changed_at else ""
    if not scope.view.as_of:
        return f"Data of {loaded}" if loaded else "No data yet"
    known = f"As known on {day_words(scope.instant, zone)}"
    return f"{known}; data of {loaded}" if loaded else known


def _figure(figure: dict[str, Any], form: Form) -> dict[str, Any]:
    coloured: dict[str, Any] = painted(figure, form.theme)
    look = {"layout": template(form.theme)}
    return {"data": coloured["data"], "layout": {**coloured["layout"], "template": look}}
