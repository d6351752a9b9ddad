"""`/cases`: the case table."""

from dash import html
from dash.development.base_component import Component

from app.place import Place
from app.version import Version
from app.view import View
from components.casedetail import detail_panel
from components.casegrid import case_grid
from components.facetpanel import facet_panel
from components.filterbar import filter_bar
from components.sample import first_minute
from components.tablehead import help_dialog, stores, table_head
from components.viewmenu import view_menu
from pages.page import Page

PATH = "/cases"


def content(view: View, version: Version) -> list[Component]:
    """The tools and the grid; rows, count and facets come by themselves, each when it is ready."""
    if version.number == 0:
        return [first_minute()]
    return [
        *stores(view),
        html.Div([view_menu(), filter_bar(view, Place(PATH))], className="tools"),
        table_head(view),
        html.Div(id="table-note", className="table-note"),
        html.Div(
            [
                facet_panel(),
                html.Div(case_grid(view), className="grid-box", id="table-body"),
                detail_panel(),
            ],
            className="desk",
        ),
        help_dialog(),
    ]


PAGE = Page("cases", PATH, "Cases", content)
