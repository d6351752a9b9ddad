"""`/api/v1/docs`: the description of the API as a page, drawn by the server alone."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app
from markupsafe import Markup, escape

from app.api.openapi import TAG, description
from app.api.operation import Text, described
from app.api.parameters import INSTANT_GIVEN
from app.settings import get_settings
from app.view_fields import FIELDS

blueprint = Blueprint("docs", __name__, url_prefix="/api/v1")

PAGE = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>API · Caseboard</title>
<link rel="icon" href="/assets/favicon.svg">
<link rel="stylesheet" href="/assets/00-bootstrap-reboot.min.css">
<link rel="stylesheet" href="/assets/10-palette.css">
<link rel="stylesheet" href="/assets/52-apidocs.css">
<script src="/assets/theme.js"></script>
</head>
<body class="apidocs">
<nav aria-label="Operations"><a class="brand" href="/">Caseboard</a>{contents}</nav>
<main><h1>API</h1>{about}<p><a href="/api/v1/openapi.json">openapi.json</a> says the same to
programs. <a href="/tokens">My tokens</a> makes what a program sends.</p>
{view}{operations}</main>
</body>
</html>
""")
SECTION = Markup('<section id="{id}"><h2>{title}</h2>{body}</section>')
OPERATION = Markup("""<article id="{id}"><h3><span class="method {method}">{method}</span>
<code>{path}</code></h3><p class="summary">{summary}</p>{told}{takes}{curl}{answers}{faults}
</article>""")
TABLE = Markup(
    '<div class="scroll"><table><thead><tr><th scope="col">{first}</th><th scope="col">Means</th>'
    '<th scope="col">Value</th></tr></thead><tbody>{rows}</tbody></table></div>'
)
ROW = Markup('<tr><th scope="row"><code>{name}</code></th><td>{told}</td><td>{value}</td></tr>')
CODE = Markup('<pre tabindex="0"><code>{}</code></pre>')
MOST_CHOICES = 12
VIEW = "the-view"
# What people would rather read than a regular expression.
PATTERNS = {
    INSTANT_GIVEN["pattern"]: "date or instant (ISO 8601)",
    FIELDS["closing"].schema()["pattern"]: "two dates or instants with / between",
    FIELDS["days_to_close"].schema()["pattern"]: "days or hours, such as 7..14 or 1h..8h",
}


@blueprint.get("/docs")
@described(
    "This description, to be read",
    TAG,
    gives=Text("text/html", '<!DOCTYPE html><html lang="en">...</html>'),
)
def docs() -> Response:
    """A page with every operation, its parameters, a curl line, answers and faults."""
    told = description(current_app)
    tags = _by_tag(told)
    page = PAGE.format(
        contents=_contents(tags),
        about=_prose(told["info"]["description"]),
        view=_view(told),
        operations=_joined(_section(tag, found, told) for tag, found in tags.items()),
    )
    return Response(page, mimetype="text/html")


def _by_tag(told: Mapping[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append((method, path, operation))
    return found


def _contents(tags: Mapping[str, list[tuple[str, str, dict[str, Any]]]]) -> Markup:
    link = Markup(
        '<li><a href="#{id}"><span class="method {method}">{method}</span> {path}</a></li>'
    )
    group = Markup("<h2>{tag}</h2><ul>{links}</ul>")
    view = Markup('<ul><li><a href="#{}">The parameters of a View</a></li></ul>').format(VIEW)
    return view + _joined(
        group.format(
            tag=tag,
            links=_joined(
                link.format(
                    id=operation["operationId"],
                    method=method.upper(),
                    path=path.removeprefix("/api/v1"),
                )
                for method, path, operation in found
            ),
        )
        for tag, found in tags.items()
    )


def _view(told: Mapping[str, Any]) -> Markup:
    shared = told["components"]["parameters"]
    rows = _joined(_row(shared[name]) for name in FIELDS if name in shared)
    about = Markup("<p>What is looked at; the address of every page has them too.</p>")
    body = about + TABLE.format(first="Parameter", rows=rows)
    return SECTION.format(id=VIEW, title="The parameters of a View", body=body)


def _section(
    tag: str, found: list[tuple[str, str, dict[str, Any]]], told: Mapping[str, Any]
) -> Markup:
    drawn = _joined(_operation(method, path, one, told) for method, path, one in found)
    return SECTION.format(id=re.sub(r"\W+", "-", tag.lower()), title=tag, body=drawn)


def _operation(
    method: str, path: str, operation: Mapping[str, Any], told: Mapping[str, Any]
) -> Markup:
    takes = [_resolved(one, told) for one in operation["parameters"]]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return OPERATION.format(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        told=_prose(operation["description"]),
        takes=_takes(takes, operation) + (_members(body["schema"]) if body else Markup()),
        curl=CODE.format(_curl(method, path, takes, body)),
        answers=_answers(operation, told),
        faults=_faults(operation, told),
    )


def _takes(takes: list[dict[str, Any]], operation: Mapping[str, Any]) -> Markup:
    """What is its own; the View's parameters are told once."""
    shared = {f"#/components/parameters/{name}" for name in FIELDS}
    whole = sum(one.get("$ref") in shared for one in operation["parameters"]) > 1
    own = [
        one
        for one, sent in zip(takes, operation["parameters"], strict=True)
        if not (whole and sent.get("$ref") in shared)
    ]
    view = Markup('<p>Takes <a href="#{}">the parameters of a View</a>.</p>').format(VIEW)
    table = TABLE.format(first="Parameter", rows=_joined(map(_row, own))) if own else Markup()
    return (view if whole else Markup()) + table


def _members(schema: Mapping[str, Any]) -> Markup:
    required = schema.get("required", [])
    rows = _joined(
        ROW.format(
            name=name,
            told=_marked(("" if name in required else "Optional. ") + one.get("description", "")),
            value=_value(one),
        )
        for name, one in schema["properties"].items()
    )
    return TABLE.format(first="Member of the body", rows=rows)


def _row(one: Mapping[str, Any]) -> Markup:
    return ROW.format(
        name=one["name"], told=_marked(one["description"]), value=_value(one["schema"])
    )


def _value(schema: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if schema["type"] == "array":
        return f"{_value(schema['items'])}; several"
    choices = schema.get("enum")
    if choices:
        shown = [one or "(empty)" for one in choices if not str(one).startswith("-")]
        more = f", and {len(shown) - MOST_CHOICES} more" if len(shown) > MOST_CHOICES else ""
        return f"{', '.join(shown[:MOST_CHOICES])}{more}"
    if "minimum" in schema and schema.get("maximum", 2**63) < 2**53:
        return f"{schema['minimum']} to {schema['maximum']}"
    if schema.get("pattern") in PATTERNS:
        return PATTERNS[schema["pattern"]]
    return {"string": "text", "integer": "number", "boolean": "true or false"}[schema["type"]]


def _curl(
    method: str, path: str, takes: list[dict[str, Any]], body: Mapping[str, Any] | None
) -> str:
    """A line for a shell that asks with the examples."""
    for one in takes:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(one["example"]))
    # Two are enough to see how it goes.
    asked = [one for one in takes if one["in"] == "query" and "example" in one][:2]
    query = urlencode([(one["name"], one["example"]) for one in asked], doseq=True)
    address = f"{get_settings().base_url.rstrip('/')}{path}{'?' if query else ''}{query}"
    parts = ["curl", "-H 'Authorization: Bearer cb_...'"]
    if method != "get":
        parts.append(f"-X {method.upper()}")
    if body:
        parts += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(body['example'])}'"]
    return " \\\n  ".join([" ".join(parts[:2]), *parts[2:], f"'{address}'"])


def _answers(operation: Mapping[str, Any], told: Mapping[str, Any]) -> Markup:
    drawn = []
    for status, answer in operation["responses"].items():
        if not status.startswith("2"):
            continue
        for kind, one in _resolved(answer, told).get("content", {}).items():
            example = one["example"]
            text = example if isinstance(example, str) else json.dumps(example, indent=2)
            head = Markup("<p class='answer'>{status} <code>{kind}</code></p>")
            drawn.append(head.format(status=status, kind=kind) + CODE.format(text))
        if "content" not in answer:
            drawn.append(Markup("<p class='answer'>{} without a body</p>").format(status))
    return _joined(drawn)


def _faults(operation: Mapping[str, Any], told: Mapping[str, Any]) -> Markup:
    found = [
        f"{status} {_resolved(answer, told)['description']}"
        for status, answer in operation["responses"].items()
        if not status.startswith("2")
    ]
    return Markup('<p class="faults">Otherwise: {}</p>').format("; ".join(found))


def _resolved(one: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" not in one:
        return dict(one)
    _, _, kind, name = one["$ref"].split("/")
    found: dict[str, Any] = told["components"][kind][name]
    return found


def _prose(text: str) -> Markup:
    return _joined(Markup("<p>{}</p>").format(_marked(part)) for part in text.split("\n\n"))


def _marked(text: str) -> Markup:
    """A text whose `code` is set as code."""
    escaped = str(escape(text))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped))  # noqa: S704 - escaped above


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup().join(parts)
