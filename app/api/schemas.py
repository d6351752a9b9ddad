"""The JSON Schemas of what the API answers, made of the declarations that the answers come from."""

from collections.abc import Collection, Mapping
from typing import Any

from app.api.operation import Schema
from app.columns import COLUMNS, Column
from app.metric_words import formula
from app.metrics import METRICS, Breakdown, Duration, Metric

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
ANYTHING: Schema = {}
BYTES: Schema = {"type": "string", "format": "binary"}
PROBLEM_KIND = "application/problem+json"


def maybe(schema: Schema) -> Schema:
    """The schema, or null."""
    return {**schema, "type": [schema["type"], "null"]}


def many(schema: Schema) -> Schema:
    """A list of it."""
    return {"type": "array", "items": schema}


def record(members: Mapping[str, Schema], told: str = "", optional: Collection[str] = ()) -> Schema:
    """An object of just these members."""
    made: dict[str, Any] = {
        "type": "object",
        "properties": dict(members),
        "required": [name for name in members if name not in optional],
        "additionalProperties": False,
    }
    return {**made, "description": told} if told else made


def table(schema: Schema) -> Schema:
    """An object with any names, each with such a value."""
    return {"type": "object", "additionalProperties": schema}


def component(name: str) -> Schema:
    """One of the shared schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def cell(column: Column) -> Schema:
    """The value of a column of a case."""
    kinds: dict[str, Schema] = {
        "text": maybe(TEXT),
        "number": maybe(WHOLE if column.name == "severity" else NUMBER),
        "instant": maybe(INSTANT),
        "flag": maybe(FLAG),
        "list": {"type": ["array", "null"], "items": TEXT},
    }
    unit = f", in {column.unit}" if column.unit else ""
    return {**kinds[column.kind], "description": f"{column.label}{unit}"}


CELLS = {name: cell(column) for name, column in COLUMNS.items()}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
SPREAD = {"n": WHOLE, **dict.fromkeys(("mean", "p50", "p85", "p95"), maybe(NUMBER))}
SEVERITY: Schema = {"type": ["integer", "null"], "minimum": 1, "maximum": 4}


SPREAD_EXAMPLE = {"severity": 1, "n": 4, "mean": 3.0, "p50": 2.5, "p85": 5.0, "p95": 6.0}


def _value(metric: Metric) -> tuple[Schema, Any]:
    """What the value of a metric looks like, and an example."""
    if isinstance(metric, Breakdown):
        return table(WHOLE), {"Acme": 12}
    if isinstance(metric, Duration):
        return many(record({"severity": SEVERITY, **SPREAD})), [SPREAD_EXAMPLE]
    return WHOLE, 12


def _metric(metric: Metric) -> Schema:
    return record({"value": _value(metric)[0], "unit": TEXT}, f"{metric.label}: {formula(metric)}")


METRICS_EXAMPLE = {
    metric.name: {"value": _value(metric)[1], "unit": metric.unit} for metric in METRICS
}

COMPONENTS: dict[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "A fault (RFC 9457): what is wrong, which value, what to do.",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": WHOLE,
            "detail": TEXT,
            "parameter": {**TEXT, "description": "The parameter or member that is wrong"},
            "request_id": {**TEXT, "description": "What the log calls this request"},
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    },
    "Case": {
        "type": "object",
        "description": "A case: those columns that the View names.",
        "properties": CELLS,
        "additionalProperties": False,
    },
    "Metrics": record({metric.name: _metric(metric) for metric in METRICS}),
    "Link": record(
        {
            "tracker": TEXT,
            "key": TEXT,
            "linked_at": INSTANT,
            "summary": maybe(TEXT),
            "status": maybe(TEXT),
            "severity": maybe(TEXT),
            "target": maybe(TEXT),
            "assignee": maybe(TEXT),
            "restricted": FLAG,
        },
        "A bug or issue that a case is linked to.",
    ),
    "Event": record(
        {
            "at": INSTANT,
            "kind": {"type": "string", "enum": ["comments", "case", "cards", "bugs", "acts"]},
            "source": maybe(TEXT),
            "entity": TEXT,
            "key": TEXT,
            "field": TEXT,
            "before": ANYTHING,
            "after": ANYTHING,
            "actor": maybe(TEXT),
            "is_public": maybe(FLAG),
        },
        "Something that happened to a case, its cards or its bugs.",
    ),
    "Run": record(
        {
            "id": WHOLE,
            "sync": TEXT,
            "source": maybe(TEXT),
            "mode": maybe(TEXT),
            "state": TEXT,
            "attempt": WHOLE,
            "started_at": INSTANT,
            "finished_at": maybe(INSTANT),
            "seconds": maybe(NUMBER),
            "requests": WHOLE,
            "seen": WHOLE,
            "inserted": WHOLE,
            "updated": WHOLE,
            "unchanged": WHOLE,
            "gone": WHOLE,
            "rejected": WHOLE,
            "error": maybe(TEXT),
            "notes": ANYTHING,
        },
        "A run of a sync or an import.",
    ),
    "Annotation": record(
        {
            "id": maybe(WHOLE),
            "kind": {"type": "string", "enum": ["person", "gap", "policy", "import"]},
            "at": INSTANT,
            "until": maybe(INSTANT),
            "told": TEXT,
            "author": maybe(TEXT),
        },
        "What is noted of an instant.",
    ),
    "Token": record(
        {
            "id": WHOLE,
            "prefix": TEXT,
            "name": TEXT,
            "scopes": many(TEXT),
            "created_at": INSTANT,
            "expires_at": INSTANT,
            "used_at": maybe(INSTANT),
            "revoked_at": maybe(INSTANT),
            "expired": FLAG,
            "owner": TEXT,
        },
        "A personal access token, without what opens anything.",
    ),
    "SavedView": record(
        {
            "id": TEXT,
            "name": TEXT,
            "kind": {"type": "string", "enum": ["ready", "own", "team"]},
            "query": TEXT,
            "pinned": FLAG,
            "opening": FLAG,
            "may_change": FLAG,
        },
        "A View with a name.",
    ),
}
