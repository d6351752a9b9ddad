"""Who somebody was a moment ago, for as long as the database cannot tell who they are.

They are shown what they were shown before, and may do nothing else (`app.lastshown`). It lies in
Redis for ten minutes, under the digest of what they prove themselves by.
"""

import time
from collections import OrderedDict
from dataclasses import asdict

import orjson

from app import cache
from app.auth.person import Person

KEEP_SECONDS = 600
AGAIN_SECONDS = 60.0
MOST_NOTED = 4_096

_noted: OrderedDict[str, float] = OrderedDict()


def note(digest: str, person: Person) -> None:
    """The database has said whose the proof with a digest is."""
    now = time.monotonic()
    if now - _noted.get(digest, -AGAIN_SECONDS) < AGAIN_SECONDS:
        return
    scopes = None if person.scopes is None else sorted(person.scopes)
    told = orjson.dumps({**asdict(person), "scopes": scopes}).decode()
    if not cache.remember(("person", digest), told, KEEP_SECONDS):
        return
    _noted[digest] = now
    while len(_noted) > MOST_NOTED:
        _noted.popitem(last=False)


def recall(digest: str) -> Person | None:
    """Whose it was when the database was last asked; None when that is too long ago."""
    kept = cache.known(("person", digest), surely=True)
    if not kept:
        return None
    told = orjson.loads(kept)
    scopes = told.pop("scopes")
    return Person(**told, scopes=None if scopes is None else frozenset(scopes))


def forget(digest: str) -> None:
    """It proves nothing any more."""
    _noted.pop(digest, None)
    cache.remember(("person", digest), "", 1)
