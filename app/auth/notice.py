"""A page for those who stand at the door: a few calm words and what to do next, without Dash."""

from dataclasses import dataclass

from flask import Response
from markupsafe import Markup

PAGE = Markup("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">{onward}
<title>{title} · Caseboard</title>
<link rel="stylesheet" href="/assets/00-bootstrap-reboot.min.css">
<link rel="stylesheet" href="/assets/10-palette.css">
<link rel="stylesheet" href="/assets/50-door.css">
<script src="/assets/theme.js"></script>
</head>
<body class="door">
<main>
<div class="brand"><span class="mark"></span><span>Caseboard</span></div>
<h1>{title}</h1>
{told}{act}{small}
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
    *told: str,
    act: Act | None = None,
    small: str | None = None,
    status: int = 200,
    onward: str | None = None,
) -> Response:
    """The page with a title and sentences; with `onward` the browser goes there by itself."""
    refresh = Markup('\n<meta http-equiv="refresh" content="0; url={}">')
    page = PAGE.format(
        title=title,
        onward=refresh.format(onward) if onward else "",
        told=Markup("").join(Markup("<p>{}</p>\n").format(sentence) for sentence in told),
        act=_button(act) if act else "",
        small=Markup('\n<p class="secondary">{}</p>').format(small) if small else "",
    )
    return Response(page, status, mimetype="text/html")


def _button(act: Act) -> Markup:
    if act.post:
        return Markup(
            '<form method="post" action="{}"><button class="enter">{}</button></form>'
        ).format(act.address, act.label)
    return Markup('<a class="enter" href="{}">{}</a>').format(act.address, act.label)
