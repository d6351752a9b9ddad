"""The form that an image is asked in: its kind, size and theme."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from app.theme import PALETTES, ThemeName
from app.view_fields import ParameterError

Kind = Literal["png", "svg"]
MIMETYPES: Mapping[Kind, str] = {"png": "image/png", "svg": "image/svg+xml"}
LEAST, MOST = 200, 2_000
SCALES = (1, 3)
PARAMETERS = ("width", "height", "scale", "theme")


@dataclass(frozen=True, slots=True)
class Form:
    """`width` and `height` are pixels of a page; a PNG has `scale` times as many of its own."""

    kind: Kind
    width: int = 800
    height: int = 450
    scale: int = 1
    theme: ThemeName = "light"

    @classmethod
    def taken(cls, kind: Kind, values: dict[str, list[str]]) -> Self:
        """Take it out of a request's parameters; ParameterError names the one that is wrong."""
        given = {name: values.pop(name) for name in PARAMETERS if name in values}
        for name, texts in given.items():
            if len(texts) > 1:
                raise ParameterError(name, "may be given once only")
        text = {name: texts[0] for name, texts in given.items() if texts[0]}
        if kind == "svg" and "scale" in text:
            raise ParameterError("scale", "is for PNG; an SVG is sharp at any size")
        theme = text.get("theme", "light")
        if theme not in PALETTES:
            raise ParameterError("theme", f"{theme[:40]!r} is not one of {', '.join(PALETTES)}")
        return cls(
            kind,
            _whole("width", text.get("width", "800"), LEAST, MOST),
            _whole("height", text.get("height", "450"), LEAST, MOST),
            _whole("scale", text.get("scale", "1"), *SCALES),
            theme,
        )

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this form from all others."""
        return (self.kind, str(self.width), str(self.height), str(self.scale), self.theme)


def _whole(name: str, text: str, least: int, most: int) -> int:
    digits = text.isascii() and text.isdigit() and len(text) < 6
    if not digits or not least <= int(text) <= most:
        raise ParameterError(name, f"{text[:40]!r} is not a whole number from {least} to {most}")
    return int(text)
