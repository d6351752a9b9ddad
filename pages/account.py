"""`/accounts/<name>`: one account: numbers, charts, bugs and cases."""

from dash.development.base_component import Component

from app.version import Version
from app.view import View
from app.who import ACCOUNTS
from components.profile import profile
from pages.page import Page


def content(view: View, version: Version, of: str) -> list[Component]:
    """Everything about the account of the name."""
    return profile(ACCOUNTS, of, view, version)


def sentence(view: View) -> str:
    """What is looked at; whose it is stands above as the title."""
    return f"Account: {view.but(account=()).sentence()}"


PAGE = Page("account", f"{ACCOUNTS.path}/<of>", "Account", content, sentence, heading=lambda of: of)
