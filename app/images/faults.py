"""Why there is no image: each reason with the words and the status that the reader is told."""

LACKING = (
    "no Chromium is installed where images are drawn: install the package chromium (Debian, "
    "Fedora) or Google Chrome, or name one with CASEBOARD_CHROMIUM, and restart the image worker"
)


class NoImage(Exception):
    """There is no image; the message is for people.

    `again` is after how many seconds it may be worth asking again, None where somebody must act.
    """

    status = 503
    title = "No image"
    again: int | None = None


class NoRenderer(NoImage):
    """Nothing that draws is installed, or at work."""

    title = "No renderer"

    def __init__(self, told: str, *, again: int | None = None) -> None:
        super().__init__(told)
        self.again = again


class Busy(NoImage):
    """More images are asked for than are worth waiting for."""

    title = "Busy drawing"
    again = 1

    def __init__(self) -> None:
        super().__init__("More images are asked for than can be waited for; try again soon.")


class TooLate(NoImage):
    """It took too long, to be drawn or until its turn came."""

    status = 504
    title = "Took too long"
    again = 5


class NotDrawn(NoImage):
    """Drawing failed; for a while it is not tried again."""

    status = 500
    title = "Not drawn"
    again = 20


class RedisAway(NoImage):
    """Images are ordered and handed over through Redis, which does not answer."""

    title = "Redis away"
    again = 5

    def __init__(self) -> None:
        super().__init__("Images are handed over through Redis, which does not answer.")
