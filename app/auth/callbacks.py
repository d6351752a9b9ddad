"""Callback requests of the pages: only those that a page could have sent come through.

Dash runs what it is told: any known output, with whatever ids, properties and values. So a request
must name a callback that there is, with exactly the inputs and states that it declares.
"""

import json
from collections.abc import Mapping
from typing import Any

LONGEST_ID = 300
LONGEST_NAME = 2_000
WILDCARDS = ("ALL", "MATCH", "ALLSMALLER")
# What a browser sends for these properties, besides null, whatever their component is.
KINDS: dict[str, type | tuple[type, ...]] = {
    "pathname": str,
    "search": str,
    "n_clicks": (int, float),
    "n_submit": (int, float),
    "n_intervals": (int, float),
}


class BadCallback(ValueError):
    """A request that no page of ours has sent; the message says what is wrong with it."""


def declared(body: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    """The function that a callback's request asks for; BadCallback when it is not a proper one.

    `known` is Dash's map of output to callback, with `inputs`, `state` and `callback`.
    """
    if not isinstance(body, dict):
        raise BadCallback("it is not an object")
    output = body.get("output")
    found = known.get(output) if isinstance(output, str) else None
    if found is None or "callback" not in found:
        raise BadCallback("there is no such output")
    _given(body.get("inputs"), found["inputs"], "inputs")
    _given(body.get("state") or [], found["state"], "state")
    _outputs(body.get("outputs"), str(output))
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(_is_input(one, found["inputs"]) for one in changed):
        raise BadCallback("changedPropIds names what is not an input")
    return found["callback"]


def _is_input(name: Any, wanted: list[dict[str, Any]]) -> bool:
    """Whether `id.property` is what the callback declares; the page may have lost it meanwhile."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        return False
    own, _, prop = name.rpartition(".")
    try:
        given = json.loads(own) if own.startswith("{") else own
    except (ValueError, RecursionError):
        return False
    return any(prop == one["property"] and _fits(given, _pattern(one["id"])) for one in wanted)


def _given(told: Any, wanted: list[dict[str, Any]], what: str) -> None:
    """BadCallback unless the properties given are the declared ones."""
    if not isinstance(told, list) or len(told) != len(wanted):
        raise BadCallback(f"{what} are not those of the callback")
    for one, declaration in zip(told, wanted, strict=True):
        pattern = _pattern(declaration["id"])
        several = isinstance(pattern, dict) and any(w in (["ALL"], ["ALLSMALLER"])
                                                    for w in pattern.values())  # fmt: skip
        for part in _parts(one, what, several=several):
            if part.get("property") != declaration["property"] or not _fits(
                part.get("id"), pattern
            ):
                raise BadCallback(f"{what} are not those of the callback")
            told_value, kind = part.get("value"), KINDS.get(declaration["property"])
            if kind is not None and told_value is not None and not isinstance(told_value, kind):
                raise BadCallback(f"a value of {what} has another type")


def _parts(one: Any, what: str, *, several: bool) -> list[dict[str, Any]]:
    parts = one if several and isinstance(one, list) else [one]
    if (several and not isinstance(one, list)) or not all(isinstance(part, dict) for part in parts):
        raise BadCallback(f"{what} have another form")
    return parts


def _outputs(told: Any, output: str) -> None:
    """BadCallback unless the outputs are those that the callback's name says."""
    names = output[2:-2].split("...") if output.startswith("..") else [output]
    parts = told if output.startswith("..") else [told]
    if not isinstance(parts, list) or len(parts) != len(names):
        raise BadCallback("outputs are not those of the callback")
    for name, one in zip(names, parts, strict=True):
        wanted, _, prop = name.rpartition(".")
        for part in one if isinstance(one, list) else [one]:
            given = part.get("property") if isinstance(part, dict) else None
            if not isinstance(given, str) or given.split("@")[0] != prop.split("@")[0]:
                raise BadCallback("outputs are not those of the callback")
            if not _fits(part.get("id"), _pattern(wanted)):
                raise BadCallback("outputs are not those of the callback")


def _pattern(declared_id: Any) -> Any:
    """A declared id: a text, or an object in which lists stand for wildcards."""
    if isinstance(declared_id, str) and declared_id.startswith("{"):
        return json.loads(declared_id)
    return declared_id


def _fits(given: Any, pattern: Any) -> bool:
    if not isinstance(pattern, dict):
        return isinstance(given, str) and given == pattern
    if not isinstance(given, dict) or set(given) != set(pattern):
        return False
    return all(_fits_part(given[name], wanted) for name, wanted in pattern.items())


def _fits_part(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list) and wanted and wanted[0] in WILDCARDS:
        short = not isinstance(value, str) or len(value) <= LONGEST_ID
        return isinstance(value, str | int | float) and short
    return bool(value == wanted)
