"""Old addresses that people have bookmarked, and where what they showed is now."""

from urllib.parse import parse_qs, quote, urlencode

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.view import View
from app.view_fields import ParameterError

blueprint = Blueprint("redirects", __name__)

# Each old path, and the path and query that show the same. What stood below some of them were
# combinations of filters.
MOVED = {
    "/home": ("/", ""),
    "/table": ("/cases", ""),
    "/table/all": ("/cases", "state=all"),
    "/table/<team>": ("/cases", ""),
    "/table/<team>/all": ("/cases", "state=all"),
    "/updates/<path:fossil>": ("/updates", ""),
    "/trends/<path:fossil>": ("/trending", ""),
    "/weekly_updates": ("/weekly", ""),
    "/weekly_updates/<path:fossil>": ("/weekly", ""),
    "/stats": ("/trends", ""),
}
PERMANENTLY = 301


def _moved(to: str, query: str, **_fossil: str) -> Response:
    """To where it is now; what the old link asked for is kept where a View can say it."""
    asked = request.query_string.decode("utf-8", "replace")
    try:
        View.from_query(asked)
    except ParameterError:
        asked = ""
    kept = parse_qs(query) | parse_qs(asked, keep_blank_values=True)
    return redirect(f"{to}?{urlencode(kept, doseq=True)}" if kept else to, PERMANENTLY)


for _number, (_old, (_to, _query)) in enumerate(MOVED.items()):
    blueprint.add_url_rule(
        _old,
        endpoint=f"old_{_number}",
        view_func=_moved,
        defaults={"to": _to, "query": _query},
        methods=["GET"],
    )


@blueprint.get("/account/<path:name>")
def account(name: str) -> Response:
    """The page of an account."""
    return _moved(f"/accounts/{quote(name, safe='')}", "")


@blueprint.get("/engineer/<path:name>")
def engineer(name: str) -> Response:
    """The page of an engineer."""
    return _moved(f"/engineers/{quote(name, safe='')}", "")
