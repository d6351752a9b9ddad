"""An embed as an image, for `<img>`: the panel's own, of the size and theme that were signed."""

from typing import Literal

from app.embeds.answer import Asked

Kind = Literal["png", "svg"]


class NoPicture(Exception):
    """There is no image of it; the message says why."""


def picture(asked: Asked, kind: Kind) -> bytes:
    """The image; NoPicture where there can be none."""
    if asked.panel is None:
        raise NoPicture("There are images of charts only; show the table in a frame.")
    del kind
    raise NoPicture("No renderer of images is installed.")
