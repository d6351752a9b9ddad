"""A page of its own for those who are outside: a few calm words and what to do next.

It needs no style sheet, no script and no session.
"""

from dataclasses import dataclass

from flask import Response
from markupsafe import Markup

STYLE = Markup("""
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --border: #e3e6eb; --text: #1b2330;
  --secondary: #5b6675; --accent: #2f6fb3; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #0f141b; --card: #171e27; --border: #2a3440;
  --text: #e6eaf0; --secondary: #9aa7b6; --accent: #6fa8e6; --on-accent: #0f141b; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page);
  color: var(--text); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  sans-serif; }
main { box-sizing: border-box; width: min(440px, calc(100vw - 32px)); margin: 32px 0; padding: 32px;
  background: var(--card); border: 1px solid var(--border); border-radius: 10px; }
.brand { margin: 0 0 24px; color: var(--secondary); font-size: 12px; font-weight: 600; }
h1 { margin: 0 0 8px; font-size: 20px; font-weight: 600; line-height: 1.3; }
p { margin: 0 0 8px; overflow-wrap: anywhere; }
.act { display: inline-block; min-height: 40px; margin-top: 16px; padding: 0 16px; border: 0;
  border-radius: 6px; background: var(--accent); color: var(--on-accent); cursor: pointer;
  font: 600 14px/40px inherit; font-family: inherit; text-decoration: none; }
.act:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.small { margin: 24px 0 0; color: var(--secondary); font-size: 12px;
  font-variant-numeric: tabular-nums; }
""")
PAGE = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">{refresh}
<title>{title} · Caseboard</title>
<style>{style}</style>
</head>
<body>
<main>
<p class="brand">Caseboard</p>
<h1>{title}</h1>
{words}{act}{small}
</main>
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class Act:
    """What the reader can do next: follow a link, or with `post` send a form."""

    label: str
    address: str
    post: bool = False


def notice(
    title: str,
    *words: str,
    act: Act | None = None,
    small: str | None = None,
    status: int = 200,
    then: str | None = None,
) -> Response:
    """The page; with `then` the browser goes on to that address by itself."""
    page = PAGE.format(
        title=title,
        style=STYLE,
        refresh=Markup('\n<meta http-equiv="refresh" content="0; url={}">').format(then)
        if then
        else "",
        words=Markup("").join(Markup("<p>{}</p>\n").format(text) for text in words),
        act=_act(act) if act else "",
        small=Markup('\n<p class="small">{}</p>').format(small) if small else "",
    )
    response = Response(page, status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


def _act(act: Act) -> Markup:
    if act.post:
        return Markup(
            '<form method="post" action="{}"><button class="act">{}</button></form>'
        ).format(act.address, act.label)
    return Markup('<a class="act" href="{}">{}</a>').format(act.address, act.label)
