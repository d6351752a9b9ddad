"""Rubbish: values of JSON that are not what they should be, and bytes that are not what they were."""

import copy
import random
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, float("inf"), 2**63, -(2**70), "", " ", "\x00", "a\x00b",
    "\ud800", "0" * 5_000, "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
    "1700000000000", 1_700_000_000_000, 10**18, "-5", "<script>", "%00", "' or 1=1 --", "|", "a|b",
    [], {}, [None], [[]], [{}], {"": None}, {"name": None}, {"name": {}}, ["x"] * 300, {"a": {"b": []}},
    "２０２６", "٢٠٢٦-01-01", "🙂" * 50, "2026-01-01T00:00:00+25:00", "NaN", "1e400",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value inside a value."""
    found = [path]
    parts = value.items() if isinstance(value, dict) else ()
    parts = enumerate(value) if isinstance(value, list) else parts
    for key, part in parts:
        found += places(part, (*path, key))
    return found


def mutated(value: Any, dice: random.Random) -> Any:
    """A copy of a value in which one to three things are not what they were."""
    made = copy.deepcopy(value)
    for _ in range(dice.randint(1, 3)):
        ways = places(made)
        way = dice.choice(ways[1:] or ways)
        if not way:
            return dice.choice(ODD)
        holder = made
        for key in way[:-1]:
            holder = holder[key]
        match dice.randrange(4):
            case 0 if isinstance(holder, dict):
                del holder[way[-1]]
            case 1 if isinstance(holder[way[-1]], str):
                holder[way[-1]] = noisy(holder[way[-1]], dice)
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[way[-1]]))
            case _:
                holder[way[-1]] = copy.deepcopy(dice.choice(ODD))
    return made


def noisy(text: str, dice: random.Random) -> str:
    """A text with some characters gone, doubled or other."""
    made = list(text)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(made) + 1)
        match dice.randrange(3):
            case 0:
                made.insert(place, chr(dice.choice((0, 10, 34, 39, 44, 92, 0x202E, 0xD7FF, 65))))
            case 1:
                del made[place : place + dice.randint(1, 8)]
            case 2:
                made += made[: dice.randint(0, 30)]
    return "".join(made)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Bytes of which some are gone, doubled or other."""
    made = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        if not made:
            break
        place = dice.randrange(len(made))
        match dice.randrange(4):
            case 0:
                made[place] = dice.randrange(256)
            case 1:
                del made[place : place + dice.randint(1, 200)]
            case 2:
                made[place:place] = made[: dice.randint(1, 60)]
            case 3:
                del made[place:]
    return bytes(made)
