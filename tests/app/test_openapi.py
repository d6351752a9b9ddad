"""The description of the API: whole, valid, and true to the routes."""

import json
import re

import jsonschema
import pytest
from hypothesis import given
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.openapi import description, operations
from app.api.view_query import view_query
from app.auth import policy
from app.view import View
from tests.unit.test_view import views

pytestmark = pytest.mark.database

EXAMPLES = {
    "name": "by_severity", "number": "INC0000045", "form": "md", "view": "1",
}  # fmt: skip


def addresses(path: str) -> str:
    """An address of the log's board that an operation's path leads to."""
    if "/quality/" in path:
        path = path.replace("{name}", "no_card")
    for name, value in EXAMPLES.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.fixture(scope="module")
def told(app):
    with app.app_context():
        return json.loads(json.dumps(description(app)))


def test_every_route_of_the_api_is_described(app):
    silent = [f"{method} {path}" for method, path, _, found in operations(app) if found is None]
    assert not silent, "declare with @described beside the route: " + ", ".join(silent)


def test_no_route_of_the_api_takes_a_method_that_is_not_described(app):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1"):
            assert rule.methods <= {"GET", "HEAD", "POST", "DELETE"}, rule


def test_every_declared_need_is_an_operation(told):
    known = {
        (method.upper(), path) for path, methods in told["paths"].items() for method in methods
    }
    needed = {
        (method, path.replace("<int:", "{").replace("<", "{").replace(">", "}"))
        for method, path in policy.ROUTES
        if path.startswith("/api/v1")
    }
    assert known == needed


def test_the_document_is_openapi(told):
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []


def test_the_served_document_is_the_same(client, told):
    answer = client.get("/api/v1/openapi.json")
    assert answer.mimetype == "application/json"
    assert answer.json == told


def each(told):
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def resolved(told, one):
    if "$ref" not in one:
        return one
    _, _, kind, name = one["$ref"].split("/")
    return told["components"][kind][name]


def test_every_operation_tells_what_it_does_and_every_fault(told):
    names = [operation["operationId"] for _, operation in each(told)]
    assert len(set(names)) == len(names)
    for label, operation in each(told):
        assert len(operation["description"]) > 40, label
        assert {"400", "401", "403", "429", "500", "503"} <= set(operation["responses"]), label


def fits(told, schema, example):
    whole = {"components": told["components"], **schema}
    jsonschema.Draft202012Validator(whole).validate(example)


def test_every_answer_body_and_parameter_has_an_example_that_fits(told):
    for label, operation in each(told):
        contents = list(operation.get("requestBody", {}).get("content", {}).items())
        for status, answer in operation["responses"].items():
            found = resolved(told, answer).get("content", {})
            assert found or status in {"204", "304"}, (label, status)
            contents += found.items()
        for kind, content in contents:
            assert content["example"] not in (None, ""), (label, kind)
            if kind.endswith("json"):
                fits(told, content["schema"], content["example"])
        for one in operation["parameters"]:
            taken = resolved(told, one)
            if "example" in taken:
                fits(told, taken["schema"], taken["example"])


@given(view=views)
def test_every_view_is_a_query_as_described(view):
    query = view.to_query()
    jsonschema.validate(query, view_query())
    assert View.from_query(query) == view


def test_the_page_tells_every_operation_and_needs_nothing_from_elsewhere(log, client, told):
    page = client.get("/api/v1/docs").text
    for label, operation in each(told):
        _, path = label.split()
        assert f"<code>{path}</code>" in page, label
        assert f'id="{operation["operationId"]}"' in page, label
        assert f'href="#{operation["operationId"]}"' in page, label
    assert re.findall(r'<script src="([^"]+)"', page) == ["/assets/theme.js"]
    assert not re.search(r"<style|style=|<script>|onclick|javascript:", page)
    for address in re.findall(r'(?:href|src)="(/[^"#]*)"', page):
        assert client.get(address, buffered=True).status_code == 200, address


def test_the_page_holds_texts_as_texts(app, monkeypatch):
    from app.api import docs

    monkeypatch.setattr(docs, "description", lambda _server: {
        "info": {"description": "<b>`a<i>`</b>"},
        "components": {"parameters": {}},
        "paths": {"/x": {"get": {
            "operationId": "x", "tags": ["<u>"], "summary": "<s>", "description": "<em>",
            "parameters": [], "responses": {"204": {"description": "<q>"}},
        }}},
    })  # fmt: skip
    with app.test_request_context("/api/v1/docs"):
        page = docs.docs().get_data(as_text=True)
    for tag in ("<b>", "<i>", "<u>", "<s>", "<em>", "<q>"):
        assert tag not in page
    assert "<code>a&lt;i&gt;</code>" in page
