"""The rooms of the house: who may import whom, and where some things may stand at all."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("app", "components", "pages", "etl")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
COMPOSITION_ROOTS = {
    "app/server.py", "app/cli.py", "app/cli_attachments.py", "app/cli_doctor.py", "app/cli_import.py", "app/cli_report.py", "app/cli_sync.py",
    "app/cli_watchers.py", "app/cli_outbound.py",
}  # fmt: skip
# A report and a View are plain values; what is sent must be what the page shows. What goes on
# writes down the SLA policy that counts from then on. All of us log alike.
ETL_MAY_USE = {
    "app.settings", "app.setting_values", "app.message_values", "app.database", "app.models", "app.metrics", "app.metric_values",
    "app.version",
    "app.report", "app.revisions", "app.team_values", "app.view", "app.view_fields", "app.sla", "app.logs",
}  # fmt: skip
LONGEST_FILE = 300


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def forbidden(path: Path) -> Iterator[str]:
    here, used = name(path), set(imports(path))
    if here in COMPOSITION_ROOTS:
        return
    for module in sorted(used):
        if here.startswith("app/") and room(module) in {"etl", "components", "pages"}:
            yield f"{module}: app answers questions; it knows neither sources nor screens"
        if here.startswith("etl/") and room(module) in {"components", "pages", "dash", "flask"}:
            yield f"{module}: what gets data in must work without any screen"
        if here.startswith("components/") and room(module) in {"pages", "etl"}:
            yield f"{module}: pieces of screen know no page and no source"
        if here.startswith("pages/") and room(module) == "etl":
            yield f"{module}: a page asks app, never a source"
        if here.startswith("app/panels/") and room(module) in {"dash", "flask"}:
            yield f"{module}: a panel is SQL and a pure figure, usable without a screen"
        if here.startswith(("app/view", "app/words", "app/columns")) and room(module) in {
            "dash", "flask", "sqlalchemy", "pandas"
        }:  # fmt: skip
            yield f"{module}: a View is a plain value"
    if here.startswith("etl/"):
        whole = {module for module in used if module.count(".") == 1 and room(module) == "app"}
        for module in sorted(whole - ETL_MAY_USE):
            yield f"{module}: etl uses of app only {', '.join(sorted(ETL_MAY_USE))}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_arrows_go_one_way(path):
    faults = list(forbidden(path))
    assert not faults, f"{name(path)} imports " + "; ".join(faults)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_has_one_purpose(path):
    lines = len(path.read_text().splitlines())
    # Tables and settings are one subject each, and easier to read on one page.
    if "migrations" not in path.parts and name(path) not in {"app/models.py", "app/settings.py"}:
        assert lines <= LONGEST_FILE, f"{name(path)} has {lines} lines; what else does it do?"


ONLY_IN = (
    (r"os\.environ", {"app/settings.py", "app/processes.py"},
     "the environment is read once, in settings; processes hand it on to children"),
    (r"^(import|from) (requests|httpx|urllib\.request)", {"app/up.py", "app/sandbox.py", "app/cli_healthy.py", "etl/http.py", "etl/sources/portal.py",
      "etl/sources/jira_answers.py", "etl/sources/bugzilla.py"},
     "HTTP goes out through one door (sources take types from requests); `up` asks its children, a health check its own machine"),
    (r"dangerously_allow_(html|code)", set(), "texts of sources must stay inert"),
    (r"\bpickle\b", {"app/cache.py"}, "what Redis holds must never become code (cache says so)"),
    (r"^\s*(import|from) saml2", set(), "pysaml2 is the identity provider of the tests"),
    (r"datetime\.(utcnow|now\(\))", set(), "instants carry their zone"),
    (r"TODO|FIXME|XXX", set(), "unfinished work belongs into an issue"),
)  # fmt: skip


@pytest.mark.parametrize(("pattern", "allowed", "reason"), ONLY_IN, ids=[p for p, _, _ in ONLY_IN])
def test_some_things_stand_in_one_place(pattern, allowed, reason):
    found = {name(path) for path in FILES if re.search(pattern, path.read_text(), re.MULTILINE)}
    assert found <= allowed, f"{sorted(found - allowed)}: {reason}"


def test_names_promise_something():
    vague = {"utils", "helpers", "common", "constants", "misc"}
    assert not [name(path) for path in FILES if path.stem in vague]
