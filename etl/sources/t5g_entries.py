"""Where in a dump of the old system the records of each kind lie, and how many there are."""

from collections.abc import Iterator

from etl.sources.t5g_dump import KEYS, LISTS, MAPS, STATISTICS, WORKING, Dump
from etl.sources.texts import clean

BUGS = ("bugs", "case_bz")
ISSUES = ("issues",)


def counted(dump: Dump) -> dict[str, int]:
    """How many records of each kind a dump has."""
    cards = dump.mapping("cards").values()
    return {
        "cases": len(dump.mapping("cases")),
        "details": len(dump.mapping("details")),
        "escalations": len(dump.listing("escalations") or []),
        "cards": len(dump.mapping("cards")),
        "comments": sum(len(comments_of(card)) for card in cards),
        "bugs": len(list(linked_items(dump, BUGS, "bugzilla"))),
        "issues": len(list(linked_items(dump, ISSUES, "issues"))),
        "statistics": sum(len(dump.mapping(key)) for key in STATISTICS),
        "users": len(dump.mapping("users")),
        "others": sum(
            key not in KEYS or key in WORKING or key == "watchlist" or misshapen(key, told)
            for key, told in dump.keys.items()
        ),
    }


def misshapen(key: str, told: object) -> bool:
    """Whether a known key is neither of its shape nor empty."""
    shape = dict if key in MAPS else list if key in LISTS else object
    return told is not None and not isinstance(told, shape)


def comments_of(card: object) -> list[object]:
    """The comments on a card."""
    return _items(card.get("comments")) if isinstance(card, dict) else []


def linked_items(dump: Dump, keys: tuple[str, ...], on_card: str) -> Iterator[tuple[str, object]]:
    """Bugs or issues by the name of their case: those under some keys, and those on cards."""
    for key in keys:
        for name, told in dump.mapping(key).items():
            yield from ((name, item) for item in _items(told))
    for card in dump.mapping("cards").values():
        if isinstance(card, dict):
            number = str(clean(card.get("case_number")))
            yield from ((number, item) for item in _items(card.get(on_card)))


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
