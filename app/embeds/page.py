"""The pages of embeds, drawn by the server alone: no Dash, no cookie, no script inline.

What is asked for stands in attributes; `assets/embed.js` reads them and draws.
"""

from flask import Response, g
from markupsafe import Markup

from app.embeds import plotlyjs
from app.view import View

SHELL = Markup("""<!DOCTYPE html>
<html lang="en" data-wanted="{theme}" data-bs-theme="{first}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">{again}
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/00-bootstrap-reboot.min.css">
<link rel="stylesheet" href="/assets/10-palette.css">
<link rel="stylesheet" href="/assets/embed.css">
<script src="/assets/embed.js"></script>{scripts}
</head>
<body>
{body}
</body>
</html>
""")
SHOWN = Markup("""<main id="embed" data-source="{source}" data-every="{every}">
<header>
<h1 dir="auto">{title}</h1>
<p id="sentence" class="secondary" dir="auto">{sentence}</p>
</header>
<div id="shown" aria-busy="true"><div class="skeleton"></div></div>
<footer><p id="time" class="secondary" role="status">{time}</p>
<a href="{board}" target="_blank" rel="noopener noreferrer">Open on the board</a></footer>
<noscript>This is drawn by a script, which your browser does not run.</noscript>
</main>""")
NOTICE = Markup("""<main class="notice"><div role="alert"><span class="mark"></span>
<h1>{title}</h1>
<p class="secondary">{told}</p></div></main>""")
PLOTLY_SCRIPT = Markup('\n<script src="{}" defer></script>')
AGAIN = Markup('\n<meta http-equiv="refresh" content="60">')
# How often a page that is looked at asks whether there is something new.
EVERY_SECONDS = 60

# Why an embed is not shown, for whoever reads the page that it stands in: title and what to do.
ASK = "Ask whoever put it here for a new one."
REFUSALS = {
    "expired": ("This has run out", f"It was shared for a time that is over. {ASK}"),
    "revoked": ("This is no longer shared", f"The link to it was taken back. {ASK}"),
    "maker": ("This is no longer shared", f"Whoever shared it has left the board. {ASK}"),
    "unknown": ("This is no longer shared", f"It is not known any more. {ASK}"),
    "gone": ("This is no longer shared", f"What it showed is not there any more. {ASK}"),
    "ancestor": (
        "Not for this page",
        "It may be shown by the pages that were named when it was shared, and this is none.",
    ),
}
NOT_VALID = (
    "This link is not valid",
    f"It was cut or changed on the way, or signed with a key that is out of use. {ASK}",
)


def shown(
    *, title: str, sentence: str, time: str, theme: str, source: str, rows: View, draws: bool
) -> Response:
    """The page of an embed: what it is at once, and from `source` what it shows.

    `rows` is the View whose cases the board shows; `draws` tells that there is a chart.
    """
    query = rows.to_query() or "state=open"
    body = SHOWN.format(source=source, every=EVERY_SECONDS, title=title, sentence=sentence,
                        time=time, board=f"/cases?{query}")  # fmt: skip
    scripts = PLOTLY_SCRIPT.format(plotlyjs.address()) if draws else ""
    return _page(200, title, body, theme=theme, scripts=scripts)


def refused(code: str) -> Response:
    """403 in plain words, as whoever reads it need not know what an embed is."""
    title, told = REFUSALS.get(code, NOT_VALID)
    return _page(403, title, NOTICE.format(title=title, told=told))


def away() -> Response:
    """503: the database does not answer; the page tries again by itself."""
    title, told = "Not to be reached at the moment", "It tries again by itself, once a minute."
    response = _page(503, title, NOTICE.format(title=title, told=told), again=AGAIN)
    response.headers["Retry-After"] = str(EVERY_SECONDS)
    return response


def framed_by(ancestors: str) -> None:
    """Let the answer be shown by these pages (`app.auth.headers` writes the policy)."""
    g.frame_ancestors = ancestors


def _page(
    status: int,
    title: str,
    body: Markup,
    *,
    theme: str = "auto",
    scripts: str = "",
    again: str = "",
) -> Response:
    first = theme if theme in {"light", "dark"} else "light"
    page = SHELL.format(theme=theme, first=first, title=title, body=body, scripts=scripts,
                        again=again)  # fmt: skip
    return Response(page, status, mimetype="text/html")
