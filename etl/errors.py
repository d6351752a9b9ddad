"""What can go wrong on the way in, named by what to do next. Every message is for people."""


class FileRefused(Exception):
    """A file that cannot be imported at all; nothing of it was."""


class Malformed(Exception):
    """One record that cannot be understood; the others go on. The message is the reason."""


# What reading a record can end in: it says something wrong, or is not formed as was promised.
UNREADABLE = (Malformed, AttributeError, KeyError, TypeError, ValueError)


def reason(fault: Exception) -> str:
    """Why a record could not be read."""
    told = str(fault)
    return told if isinstance(fault, Malformed) else f"is not formed as expected ({told[:200]})"


class Later(Exception):
    """A source that cannot answer now; asking again later may help.

    `after` is how many seconds the source asks us to wait, None when it does not say. `undone`:
    what was asked for was surely not done, so that a write may be tried again.
    """

    def __init__(self, message: str, after: float | None = None, *, undone: bool = False) -> None:
        super().__init__(message)
        self.after = after
        self.undone = undone


class Unsure(Exception):
    """Nobody knows whether something was sent; it must not be sent again by itself."""


class Refused(Exception):
    """A source that will not answer as things are: a setting or a right has to be mended."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Missing(Exception):
    """What was asked for is not there, or not for us (sources do not tell which)."""


class RunLost(Exception):
    """The run is no longer ours: it was given up as silent, and must not write any more."""
