"""An embed as an image, for `<img>`: the panel's own, of the size and theme that were signed."""

from app.embeds.answer import Asked
from app.images.ask import image
from app.images.faults import NoImage
from app.images.form import Form, Kind
from app.theme import ThemeName


class NoPicture(NoImage):
    """There are no images of this."""

    status = 404


def picture(asked: Asked, kind: Kind) -> bytes:
    """The image; raises NoImage with the reason where there is none.

    An image cannot follow its reader's theme: where that was signed it is a light one.
    """
    claims = asked.claims
    if asked.panel is None:
        raise NoPicture("There are images of charts only; show the table in a frame.")
    width, height = claims.size
    theme: ThemeName = "dark" if claims.theme == "dark" else "light"
    # Twice as many pixels as the page has, so that it is sharp on good screens.
    form = Form(kind, width, height, scale=2 if kind == "png" else 1, theme=theme)
    return image(asked.panel, asked.scope, asked.version, form)
