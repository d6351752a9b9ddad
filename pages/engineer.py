"""`/engineers/<name>`: one engineer: numbers, charts, bugs and cases."""

from dash.development.base_component import Component

from app.version import Version
from app.view import View
from app.who import ENGINEERS
from components.profile import profile
from pages.page import Page


def content(view: View, version: Version, of: str) -> list[Component]:
    """Everything about the engineer of the name."""
    return profile(ENGINEERS, of, view, version)


def sentence(view: View) -> str:
    """What is looked at; whose it is stands above as the title."""
    return f"Engineer: {view.but(engineer=()).sentence()}"


PAGE = Page(
    "engineer", f"{ENGINEERS.path}/<of>", "Engineer", content, sentence, heading=lambda of: of
)
