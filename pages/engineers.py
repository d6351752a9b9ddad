"""`/engineers`: every engineer with the numbers of its cases."""

from dash.development.base_component import Component

from app.version import Version
from app.view import View
from app.who import ENGINEERS
from components.whogrid import who_index
from pages.page import Page


def content(view: View, version: Version) -> list[Component]:
    """The filters and the index."""
    return who_index(ENGINEERS, view, version)


PAGE = Page("engineers", ENGINEERS.path, "Engineers", content)
