"""What an API operation is, declared beside its route: the description and the checks read it.

    @blueprint.get("/facets")
    @described("Counts of values", "Cases", takes=VIEW, gives=Json(FACETS, example={...}))
    def facets() -> Response:
        '''What it does, in as many words as it needs: the description of the operation.'''

A route under `/api/v1` without a declaration fails a test. A parameter that is not declared is
refused before the route is reached.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Schema = Mapping[str, Any]
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the address: its name, what it means, and the JSON Schema of one value.

    `many` tells how several are given: the name once for each, or with commas between. `shared`
    ones are written once in the description, as they belong to many operations.
    """

    name: str
    told: str
    schema: Schema
    place: Literal["query", "path"] = "query"
    many: Literal["", "repeated", "listed"] = ""
    example: Any = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Json:
    """An answer or a body in JSON: its schema, and an example that fits it."""

    schema: Schema
    example: Any
    kind: str = "application/json"


@dataclass(frozen=True, slots=True)
class Text:
    """An answer of another kind, such as `text/csv`, with an example."""

    kind: str
    example: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})


CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `gives` by status is what it answers when all is well: one of these kinds.

    `faults` tells, by status, those faults that mean something of their own here. `versioned`: the
    answer depends on nothing but the address, the data version and the instant, so that it has an
    ETag. `told` is the docstring of its function.
    """

    summary: str
    tag: str
    told: str
    takes: tuple[Parameter, ...]
    body: Json | None
    gives: Mapping[int, Sequence[Json | Text]]
    faults: Mapping[int, str]
    versioned: bool

    def names(self) -> list[str]:
        """The parameters that the query string may have."""
        return [one.name for one in self.takes if one.place == "query"]


def described(
    summary: str,
    tag: str,
    *,
    takes: tuple[Parameter, ...] = (),
    body: Json | None = None,
    gives: Json | Text | Sequence[Text] | None,
    status: int = 200,
    faults: Mapping[int, str] | None = None,
    versioned: bool = False,
) -> Callable[[View], View]:
    """Declare what the function of a route takes and answers."""

    def declare(function: View) -> View:
        told = inspect.cleandoc(function.__doc__ or "")
        kinds = (gives,) if isinstance(gives, Json | Text) else gives or ()
        operation = Operation(
            summary, tag, told, takes, body, {status: kinds}, faults or {}, versioned
        )
        function.operation = operation  # type: ignore[attr-defined]
        return function

    return declare


def operation_of(function: Callable[..., Any] | None) -> Operation | None:
    """What a route's function has declared; None where it has not."""
    found = getattr(function, "operation", None)
    return found if isinstance(found, Operation) else None
