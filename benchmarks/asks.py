"""Requests as a browser of the board makes them: pages, and the callbacks that fill them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.view import View

Json = Any
CALLBACK = "/_dash-update-component"
PAGE = "_pages_content.children"
ROWS = "grid.getRowsResponse"
COUNT = "row-count.data"
FACETS = "facets.children"
PANEL = '"type":"body"}.children'
BLOCK = 100


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: an address, and what is posted to it."""

    path: str
    body: bytes | None = None


def get(path: str, query: str = "") -> Ask:
    """An address that is only looked at."""
    return Ask(f"{path}?{query}" if query else path)


class Site:
    """The callbacks that the board has declared, and requests for them."""

    def __init__(self, dependencies: list[Json]) -> None:
        self._known = [one for one in dependencies if not one.get("clientside_function")]

    def page(self, path: str, query: str = "") -> Ask:
        """The content of a page, as Dash asks for it when somebody goes there."""
        address = [path, f"?{query}" if query else ""]
        return self._filled(self._named(PAGE), address, address)

    def rows(self, query: str, start: int = 0) -> Ask:
        """A block of the case table."""
        view = View.from_query(query)
        # Headers show what the address sorts by, as far as the columns are there.
        model = [
            {"colId": name, "sort": "desc" if descending else "asc"}
            for name, descending in ((one.removeprefix("-"), one[0] == "-") for one in view.sort)
            if name in view.columns
        ]
        span = {"startRow": start, "endRow": start + BLOCK, "sortModel": model}
        return self._filled(self._named(ROWS), [span], [query])

    def count(self, query: str) -> Ask:
        """How many rows the case table has."""
        return self._filled(self._named(COUNT), [query], [])

    def facets(self, query: str) -> Ask:
        """The facets beside the case table."""
        return self._filled(self._named(FACETS), [True, query], [])

    def panel(self, name: str, query: str = "") -> Ask:
        """A chart, as its card asks for it."""
        asked = {"panel": name, "query": query}
        return self._filled(self._named(PANEL), [asked], [None], {"name": name})

    def first(self, root: Json, content: Json) -> list[Ask]:
        """What a browser asks by itself once a page's content has come."""
        shown, everything = dict(components(content)), dict(components(root))
        everything |= shown
        asks = []
        for one in self._known:
            if one.get("prevent_initial_call") or PAGE in one["output"]:
                continue
            for match in _matches(one["output"], shown):
                values = [_values(told, match, everything) for told in one["inputs"]]
                if all(value is not _MISSING for value in values):
                    states = [_values(told, match, everything) for told in one["state"]]
                    states = [None if value is _MISSING else value for value in states]
                    asks.append(self._filled(one, values, states, match))
        return asks

    def _named(self, part: str) -> Json:
        [found] = [one for one in self._known if part in one["output"]]
        return found

    @staticmethod
    def _filled(
        told: Json, values: Sequence[Json], states: Sequence[Json], match: Json | None = None
    ) -> Ask:
        inputs = [_part(*one, match) for one in zip(told["inputs"], values, strict=True)]
        first = inputs[0][0] if isinstance(inputs[0], list) and inputs[0] else inputs[0]
        changed = []
        if isinstance(first, dict):
            own = first["id"]
            own = own if isinstance(own, str) else json.dumps(own, separators=(",", ":"))
            changed = [f"{own}.{first['property']}"]
        names = _names(told["output"])
        outputs = [{"id": _own(own, match), "property": prop} for own, prop in names]
        body = {
            "output": told["output"],
            "outputs": outputs if told["output"].startswith("..") else outputs[0],
            "inputs": inputs,
            "state": [_part(*one, match) for one in zip(told["state"], states, strict=True)],
            "changedPropIds": changed,
        }
        return Ask(CALLBACK, json.dumps(body).encode())


_MISSING = object()


def components(node: Json) -> Iterator[tuple[str, Json]]:
    """Every component with an id: the id as text, and its properties."""
    if isinstance(node, list):
        for part in node:
            yield from components(part)
    elif isinstance(node, dict):
        props = node.get("props")
        if isinstance(props, dict) and "id" in props:
            yield _text(props["id"]), props
        for part in node.values():
            if isinstance(part, list | dict):
                yield from components(part)


def _text(own: Json) -> str:
    return own if isinstance(own, str) else json.dumps(own, sort_keys=True, separators=(",", ":"))


def _names(output: str) -> list[tuple[str, str]]:
    names = output[2:-2].split("...") if output.startswith("..") else [output]
    parts = [name.rpartition(".") for name in names]
    return [(own, prop.split("@", maxsplit=1)[0]) for own, _, prop in parts]


def _own(declared: str, match: Json | None) -> Json:
    """The id of one component: that of the declaration, or its pattern filled in."""
    if not declared.startswith("{"):
        return declared
    return {
        name: (match or {})[name] if isinstance(part, list) else part
        for name, part in json.loads(declared).items()
    }


def _matches(output: str, shown: dict[str, Json]) -> list[Json]:
    """For which components of a page a callback is called: once, or for each that fits."""
    for own, _ in _names(output):
        if not own.startswith("{"):
            if own in shown:
                return [{}]
            continue
        pattern = json.loads(own)
        found = [json.loads(told) for told in shown if told.startswith("{")]
        fitting = [one for one in found if _fits(one, pattern)]
        if fitting:
            return [
                {n: one[n] for n, p in pattern.items() if isinstance(p, list)} for one in fitting
            ]
    return []


def _fits(own: Json, pattern: Json) -> bool:
    return set(own) == set(pattern) and all(
        isinstance(part, list) or own[name] == part for name, part in pattern.items()
    )


def _values(told: Json, match: Json, known: dict[str, Json]) -> Json:
    """The value of an input: its component's, or of `ALL` those of each that fits."""
    declared = told["id"]
    if declared.startswith("{") and '["ALL"]' in declared:
        return []
    props = known.get(_text(_own(declared, match)))
    return _MISSING if props is None else props.get(told["property"])


def _part(told: Json, value: Json, match: Json | None) -> Json:
    if told["id"].startswith("{") and '["ALL"]' in told["id"]:
        return []
    return {"id": _own(told["id"], match), "property": told["property"], "value": value}
