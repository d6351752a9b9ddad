"""Chance that is the same in every run: each thing has a generator named after it."""

import random
import zlib


def chance(*name: object) -> random.Random:
    """The generator of what `name` tells; equal names give equal sequences."""
    return random.Random("/".join(map(str, name)))  # noqa: S311 a repeatable world, not a secret


def fixed(*name: object) -> int:
    """A 32-bit number that only depends on `name`."""
    return zlib.crc32("/".join(map(str, name)).encode())
