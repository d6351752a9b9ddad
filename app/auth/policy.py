"""Who may do what: the one place that says it. What is not said here nobody may do.

A route is known by its method and rule, a callback by the function that answers it, a page by its
path. `tests/auth/test_matrix.py` walks all of them and fails on one that is missing here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody must have for one thing.

    `role` is the least role, None for everybody. `scope` is what a token must have; without one no
    token is taken. `limit` names the rate limit, `act` what the audit log calls it when it was
    done. `cross_site`: other sites may send it (it proves itself by a signature). `scraped`:
    whoever sends CASEBOARD_METRICS_TOKEN may have it too. `kept`: it only tells, and what it told a
    person last is told again while the database is away.
    """

    role: str | None
    scope: str | None = None
    limit: str | None = None
    act: str | None = None
    cross_site: bool = False
    scraped: bool = False
    kept: bool = False


OPEN = Need(None)
LOGIN = Need(None, limit="login")
POSTED_LOGIN = Need(None, limit="login", cross_site=True)
PAGE = Need("viewer", limit="page")
STATIC = Need("viewer")
# Whoever has the signed address; it proves itself, and no cookie is looked at.
EMBED = Need(None, limit="embed")
READ = Need("viewer", "read", "api", kept=True)
EXPORT = Need("viewer", "export", "export", act="export")
# A report brings many charts at once, and whoever may read them may draw them.
IMAGE = Need("viewer", "read", "image", act="export")
TOKENS = Need("viewer", "admin", "api")
NOTE = Need("editor", "write", "api")
OWN_EMBEDS = Need("editor", "read", "api")
EMBEDS = Need("editor", "write", "api")
OWN = Need("viewer", "write", "api")
FORWARD = Need("admin", limit="callback")
SCRAPE = Need("admin", "admin", "scrape", scraped=True)
AUDIT = Need("admin", "admin", "export", act="audit_export")

ROUTES: dict[tuple[str, str], Need] = {
    # Open: whether we live, and what the way in needs.
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/assets/<path:filename>"): OPEN,
    ("GET", "/_favicon.ico"): OPEN,
    ("GET", "/login"): LOGIN,
    ("POST", "/logout"): LOGIN,
    # The identity provider's side of the way in; each checks what it is given.
    ("GET", "/saml/metadata"): LOGIN,
    ("GET", "/saml/login"): LOGIN,
    ("POST", "/saml/acs"): POSTED_LOGIN,
    ("GET", "/saml/finish"): LOGIN,
    ("GET", "/saml/logout"): LOGIN,
    ("POST", "/saml/logout"): LOGIN,
    ("GET", "/saml/slo"): LOGIN,
    ("POST", "/saml/slo"): POSTED_LOGIN,
    # What other pages show; each address is signed, and checked by itself.
    ("GET", "/embed/plotly.js"): EMBED,
    ("GET", "/embed/<token>"): EMBED,
    ("GET", "/embed/<token>/data"): EMBED,
    ("GET", "/embed/<token>.png"): EMBED,
    ("GET", "/embed/<token>.svg"): EMBED,
    # For Prometheus; it tells numbers, and no text of any case.
    ("GET", "/metrics"): SCRAPE,
    # For a proxy in front: may they see what is for admins?
    ("GET", "/auth/admin"): FORWARD,
    # Pages; PAGES and CALLBACKS below say more.
    ("GET", "/"): PAGE,
    ("GET", "/<path:path>"): PAGE,
    # Old addresses, which lead to pages.
    ("GET", "/home"): PAGE,
    ("GET", "/table"): PAGE,
    ("GET", "/table/all"): PAGE,
    ("GET", "/table/<team>"): PAGE,
    ("GET", "/table/<team>/all"): PAGE,
    ("GET", "/updates/<path:fossil>"): PAGE,
    ("GET", "/trends/<path:fossil>"): PAGE,
    ("GET", "/weekly_updates"): PAGE,
    ("GET", "/weekly_updates/<path:fossil>"): PAGE,
    ("GET", "/stats"): PAGE,
    ("GET", "/account/<path:name>"): PAGE,
    ("GET", "/engineer/<path:name>"): PAGE,
    ("GET", "/_dash-layout"): PAGE,
    ("GET", "/_dash-dependencies"): PAGE,
    ("GET", "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"): STATIC,
    ("POST", "/_dash-update-component"): Need("viewer", limit="callback"),
    # The API.
    ("GET", "/api/v1/cases"): READ,
    ("GET", "/api/v1/openapi.json"): READ,
    ("GET", "/api/v1/docs"): READ,
    ("GET", "/api/v1/cases.csv"): EXPORT,
    ("GET", "/api/v1/cases/<number>"): READ,
    ("GET", "/api/v1/cases/<number>/history"): READ,
    ("GET", "/api/v1/facets"): READ,
    ("GET", "/api/v1/flow"): READ,
    ("GET", "/api/v1/accounts"): READ,
    ("GET", "/api/v1/engineers"): READ,
    ("GET", "/api/v1/sync"): READ,
    ("POST", "/api/v1/sync/<name>"): NOTE,
    ("GET", "/api/v1/views"): READ,
    ("POST", "/api/v1/views"): OWN,
    ("DELETE", "/api/v1/views/<view>"): OWN,
    ("GET", "/api/v1/stats"): READ,
    ("GET", "/api/v1/stats/daily"): READ,
    ("GET", "/api/v1/stats/daily.csv"): EXPORT,
    ("GET", "/api/v1/annotations"): READ,
    ("POST", "/api/v1/annotations"): NOTE,
    ("DELETE", "/api/v1/annotations/<int:number>"): NOTE,
    ("GET", "/api/v1/charts"): READ,
    ("GET", "/api/v1/charts/<name>.json"): READ,
    ("GET", "/api/v1/charts/<name>.csv"): EXPORT,
    ("GET", "/api/v1/charts/<name>.png"): IMAGE,
    ("GET", "/api/v1/charts/<name>.svg"): IMAGE,
    ("GET", "/api/v1/bugs"): READ,
    ("GET", "/api/v1/bugs.csv"): EXPORT,
    ("GET", "/api/v1/quality"): READ,
    ("GET", "/api/v1/quality/<name>"): READ,
    ("GET", "/api/v1/quality/<name>.csv"): EXPORT,
    ("GET", "/api/v1/report"): READ,
    ("GET", "/api/v1/report.<form>"): EXPORT,
    ("GET", "/api/v1/tokens"): TOKENS,
    ("POST", "/api/v1/tokens"): TOKENS,
    ("DELETE", "/api/v1/tokens/<int:number>"): TOKENS,
    ("GET", "/api/v1/embeds"): OWN_EMBEDS,
    ("POST", "/api/v1/embeds"): EMBEDS,
    ("DELETE", "/api/v1/embeds/<int:number>"): EMBEDS,
    ("GET", "/api/v1/audit.csv"): AUDIT,
}

PAGES: dict[str, str] = {
    "/": "viewer",
    "/cases": "viewer",
    "/cases/<number>": "viewer",
    "/trends": "viewer",
    "/flow": "viewer",
    "/accounts": "viewer",
    "/accounts/<of>": "viewer",
    "/engineers": "viewer",
    "/engineers/<of>": "viewer",
    "/bugs": "viewer",
    "/trending": "viewer",
    "/quality": "viewer",
    "/updates": "viewer",
    "/weekly": "viewer",
    "/sync": "viewer",
    "/tokens": "viewer",
    "/admin": "admin",
}

# What a page does by itself, again and again, is no sign of a person.
PULSE = "pulse.n_intervals"

SHOWN = Need("viewer", kept=True)

CALLBACKS: dict[str, Need] = {
    "dash.dash.update": SHOWN,
    "components.bugcard.show": SHOWN,
    "components.caselist.show": SHOWN,
    "components.panelcard.show": SHOWN,
    "components.panelcard.show_table": SHOWN,
    "components.dayspicker.choose": Need("viewer"),
    "components.timemachine.turn": Need("viewer"),
    "components.annotationlist.tell_notes": SHOWN,
    "components.annotationlist.add": Need("editor"),
    "components.annotationlist.act": Need("editor"),
    "components.periodpicker.choose": Need("viewer"),
    "components.whogrid.fill": SHOWN,
    "components.filterbar.offer": SHOWN,
    "components.filterbar.apply": Need("viewer"),
    "components.facetpanel.tell_facets": SHOWN,
    "components.freshness.look": Need("viewer"),
    "components.freshness.refresh": Need("editor"),
    "components.viewmenu.tell_views": SHOWN,
    "components.viewmenu.save": Need("viewer"),
    "components.viewmenu.act": Need("viewer"),
    "components.when.go_to": Need("viewer"),
    "components.when.set_zone": Need("viewer"),
    "components.shell.search": Need("viewer", limit="search"),
    "components.casedetail.tell_detail": SHOWN,
    "components.casegrid.rows_of_block": SHOWN,
    "components.tablehead.tell_count": SHOWN,
    "components.sample.look": SHOWN,
    "components.sample.load": Need("admin"),
    "pages.case.show_all": SHOWN,
    "pages.quality.choose": Need("editor"),
    "pages.quality.apply": Need("editor"),
    "pages.quality.end": Need("editor"),
    "pages.sync.look": Need("viewer"),
    "pages.sync.ask": Need("editor"),
    "pages.sync.retry": Need("admin"),
    "components.outboxtable.decide": Need("admin"),
    "components.embedlist.revoke": Need("editor"),
    "components.tokenlist.make": Need("viewer"),
    "components.tokenlist.revoke": Need("viewer"),
    "pages.admin.act": Need("admin"),
    "pages.admin.tell_audit": Need("admin"),
}


def route(method: str, rule: str) -> Need | None:
    """What a route asks for, None for one that nobody declared."""
    return ROUTES.get(("GET" if method == "HEAD" else method, rule))


def callback(function: object) -> Need | None:
    """What a callback asks for, by the function that answers it."""
    return CALLBACKS.get(callback_name(function))


def callback_name(function: object) -> str:
    """The name of a callback's function with its module, as CALLBACKS has it."""
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    return f"{module}.{name.rpartition('.')[2]}"


def page(path: str) -> str | None:
    """The least role that a page is shown to, by the page's own path; None: to nobody."""
    return PAGES.get(path)
