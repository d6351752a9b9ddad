"""The documents say what the code does."""

import re
from pathlib import Path

from app.settings import declared, variable
from app.view_fields import FIELDS

ROOT = Path(__file__).parent.parent.parent


def test_every_setting_is_in_the_table():
    told = set(
        re.findall(
            r"^\| `(CASEBOARD_\w+)`",
            (ROOT / "docs/reference/settings.md").read_text(),
            re.MULTILINE,
        )
    )
    assert told == {variable(item.name) for item in declared()}


def test_every_parameter_is_in_the_api_page():
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs/api.md").read_text()))
    assert set(FIELDS) <= told


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "samples/README.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_names_the_rooms_that_exist():
    named = re.findall(r"`(\w+)/`", (ROOT / "README.md").read_text())
    for room in ("app", "etl", "components", "pages", "assets", "tests", "docs"):
        assert room in named
