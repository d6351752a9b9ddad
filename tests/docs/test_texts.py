"""The documents name only what there is: files, commands, settings, addresses."""

import re
from pathlib import Path

import pytest

from app.cli import _parser
from app.settings import declared, variable
from app.view_fields import FIELDS

ROOT = Path(__file__).parent.parent.parent
TEXTS = [ROOT / "README.md", ROOT / "samples/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = (
    "app",
    "etl",
    "components",
    "pages",
    "assets",
    "deploy",
    "tests",
    "samples",
    "benchmarks",
    "docs",
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)<?([^)\s>]+)>?\)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_links_and_images_lead_to_files(path):
    for target in LINK.findall(without_blocks(path.read_text())):
        file, _, place = target.partition("#")
        found = path.parent / file
        assert found.exists(), target
        if place:
            titles = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert place in {
                re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in titles
            }


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_files_that_are_named_are_there(path):
    named = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w./-]+)`", path.read_text())
    missing = [one for one in named if not (ROOT / one.removesuffix("/")).exists()]
    # What people put there themselves.
    assert set(missing) <= {"deploy/nginx/tls", "deploy/saml"}


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_settings_that_are_named_are_settings(path):
    known = {variable(item.name) for item in declared()}
    named = set(re.findall(r"\bCASEBOARD_[A-Z_]*[A-Z]\b", path.read_text()))
    assert {one.removesuffix("_FILE") for one in named} <= known


def commands(text: str) -> set[str]:
    """What follows `caseboard` where it is typed: in code and in blocks."""
    code = re.findall(r"`[^`]+`", text) + re.findall(r"```.*?```", text, re.DOTALL)
    return {found for one in code for found in re.findall(r"(?<![\w./-])caseboard ([a-z]+)", one)}


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_commands_that_are_named_are_commands(path):
    known = {
        name for one in _parser()._actions for name in (one.choices or ()) if "up" in one.choices
    }
    assert "doctor" in known
    assert commands(path.read_text()) <= known


def test_targets_of_make_that_are_named_are_there():
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in TEXTS:
        code = " ".join(re.findall(r"`[^`]*`|```.*?```", path.read_text(), re.DOTALL))
        assert set(re.findall(r"\bmake ([a-z]+)\b", code)) <= there, path.name


def test_every_parameter_is_in_the_api_page():
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs/api.md").read_text()))
    assert set(FIELDS) <= told


def test_the_readme_names_the_rooms_that_exist():
    named = re.findall(r"`(\w+)/`", (ROOT / "README.md").read_text())
    assert set(ROOMS) - {"samples", "benchmarks"} <= set(named)
