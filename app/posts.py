"""Posts: rows of an order whose number is known, so that any block begins at one (keyset).

The post of a number is the sort keys of the row before it. Each block leaves one for the block that
follows. A jump to where there is none surveys the order once, up to there, and leaves posts all the
way. All is remembered by (View, data version), and by the instant where the order depends on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from app.cache import known, remember
from app.version import Version
from app.view import View

Key = tuple[Any, ...]
# Keys of every so manieth row among the first so many.
Survey = Callable[[int, int], list[Key]]

# The grid's blocks begin at hundreds. A chapter is what is remembered and surveyed together.
EVERY = 100
CHAPTER = 10_000


@dataclass(frozen=True, slots=True)
class Posts:
    """The posts of a View at an instant."""

    view: View
    instant: datetime
    version: Version

    def at(self, start: int) -> Key | None:
        """The key of the row before the `start`th, where a block has left it."""
        told = known(self._name("post", start))
        return None if told is None else tuple(orjson.loads(told))

    def set(self, start: int, key: Key) -> None:
        """Remember the key of the row before the `start`th."""
        remember(self._name("post", start), orjson.dumps(key).decode())

    def before(self, start: int, survey: Survey) -> tuple[Key | None, int]:
        """The nearest post up to `start` (at least `EVERY`), and how far from it `start` is.

        None where the rows end before. `survey` is asked where nobody has surveyed yet.
        """
        chapter, place = divmod(start // EVERY - 1, CHAPTER // EVERY)
        told = known(self._name("chapter", chapter))
        keys = self._survey(chapter, survey) if told is None else orjson.loads(told)
        return (tuple(keys[place]) if place < len(keys) else None), start % EVERY

    def _survey(self, chapter: int, survey: Survey) -> list[Key]:
        size = CHAPTER // EVERY
        keys = survey(EVERY, (chapter + 1) * CHAPTER)
        chapters = [keys[first : first + size] for first in range(0, len(keys), size)]
        for number, held in enumerate(chapters):
            remember(self._name("chapter", number), orjson.dumps(held).decode())
        return chapters[chapter] if chapter < len(chapters) else []

    def _name(self, kind: str, number: int) -> tuple[str, ...]:
        """What a post is remembered by; columns only show what is there."""
        view = self.view.but(columns=View().columns)
        moment = self.version.moment(self.instant, by_time=view.goes_by_time)
        return (kind, view.to_query(), moment, self.version.key, str(number))
