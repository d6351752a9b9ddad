"""Texts of one line that people type: names and notes, without what nobody can see."""

import re

# Control characters, marks that turn or hide text, ends of lines and halves of pairs.
_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_HALVES = r"\ud800-\udfff"
_SPACE = r"\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_SEEN = f"[^{_UNSEEN}]"
_INK = f"[^{_UNSEEN}{_SPACE}]"

# For descriptions: a text of which something can be seen, and one of which all can.
SOME_SEEN = _INK
ALL_SEEN = f"^{_SEEN}*{_INK}{_SEEN}*$"

_HIDDEN = re.compile(f"[{_UNSEEN}{_HALVES}]")


def tidy(text: str) -> str:
    """The text with single spaces for any space; what cannot be seen counts as one."""
    return " ".join(_HIDDEN.sub(" ", text).split())


def hides(text: str) -> bool:
    """Whether a text holds anything that cannot be seen."""
    return _HIDDEN.search(text) is not None
