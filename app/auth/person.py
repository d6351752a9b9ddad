"""The person who looks.

Without a login (`CASEBOARD_AUTH=none`) there is one, everybody at this machine, who may do all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A person by the name that what they own is kept under."""

    name: str
    is_editor: bool


def current() -> Person:
    """The person whose request is being answered."""
    return Person("local", is_editor=True)
