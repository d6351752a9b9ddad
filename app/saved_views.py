"""Views that people gave a name: ready-made ones, their own, and those of the team.

A View is known by its id as text, a ready-made one by its name after `ready:`. Everybody pins what
they use most, and may choose the one that `/cases` opens with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from app.auth import audit
from app.auth.person import Person
from app.database import snapshot, transaction
from app.one_line import hides, tidy
from app.view import View

LONGEST_NAME = 80
LARGEST_LAYOUT = 8_000


class NotSaved(ValueError):
    """A View that cannot be saved, changed or deleted so; the message says why."""


class NotAllowed(NotSaved):
    """What the person may not do to a View."""


class Taken(NotSaved):
    """Another View has the name already."""


@dataclass(frozen=True, slots=True)
class NamedView:
    """A View with a name. `kind` is ready, own or team; `may_change` whether the person may.

    `layout` tells widths and pinned columns of the grid.
    """

    id: str
    name: str
    kind: str
    view: View
    pinned: bool = False
    opening: bool = False
    may_change: bool = False
    layout: Mapping[str, Any] = field(default_factory=dict, hash=False)


# The lists of the system that Caseboard succeeds.
READY_MADE: dict[str, tuple[str, str]] = {
    "recent": ("Recent updates", "state=all&recent=7"),
    "all": ("All cases", "state=all"),
    "severe": ("Prio-list or crit sit", "escalation=any"),
    "undone": ("Closed, card not done", "state=closed&card=open"),
    "potential": ("Potential escalations", "escalated=potential"),
    "untargeted": ("Untargeted bugs", "bugs=untargeted"),
    "trends": ("Label Trends", "state=all&label=Trends"),
}

ALL = """
select id, name, team, owner, query, layout from saved_views
where deleted_at is null and (team or owner = :person) order by lower(name), id
"""
MARKS = "select view, pinned, opening from view_marks where person = :person"
OPENING = "select view from view_marks where person = :person and opening"
ADD = """
insert into saved_views (owner, name, team, query, layout)
values (:person, :name, :team, :query, cast(:layout as jsonb)) returning id
"""
MAY = "owner = :person or (team and :editor)"
UPDATE = f"""
update saved_views set query = :query, layout = cast(:layout as jsonb),
    updated_at = clock_timestamp()
where id = :id and deleted_at is null and ({MAY})
returning name, team
"""  # noqa: S608 - composed of the part above
DELETE = f"""
update saved_views set deleted_at = clock_timestamp()
where id = :id and deleted_at is null and ({MAY})
returning name, team
"""  # noqa: S608
RESTORE = f"""
update saved_views set deleted_at = null
where id = :id and deleted_at is not null and ({MAY})
returning name, team
"""  # noqa: S608
PIN = """
insert into view_marks (person, view, pinned) values (:person, :view, true)
on conflict (person, view) do update set pinned = not view_marks.pinned
"""
OPEN_NO_MORE = "update view_marks set opening = false where person = :person and opening"
OPEN_WITH = """
insert into view_marks (person, view, opening) values (:person, :view, true)
on conflict (person, view) do update set opening = true
"""


def views_of(person: Person) -> list[NamedView]:
    """All Views that a person can choose, ready-made first, then by name."""
    with snapshot() as connection:
        saved = connection.execute(text(ALL), {"person": person.name}).mappings().all()
        marks = {
            row["view"]: row
            for row in connection.execute(text(MARKS), {"person": person.name}).mappings()
        }

    def marked(name: str, /, **told: Any) -> NamedView:
        mark = marks.get(name)
        pinned, opening = (mark["pinned"], mark["opening"]) if mark else (False, False)
        return NamedView(id=name, pinned=pinned, opening=opening, **told)

    ready = [
        marked(f"ready:{name}", name=label, kind="ready", view=View.from_query(query))
        for name, (label, query) in READY_MADE.items()
    ]
    return ready + [
        marked(
            str(row["id"]),
            name=row["name"],
            kind="team" if row["team"] else "own",
            view=View.from_query(row["query"]),
            may_change=row["owner"] == person.name or (row["team"] and person.is_editor),
            layout=row["layout"],
        )
        for row in saved
    ]


def opening_view(person: Person) -> NamedView | None:
    """The View that `/cases` opens with for a person, None where they chose none."""
    with snapshot() as connection:
        chosen = connection.execute(text(OPENING), {"person": person.name}).scalar()
    return next((one for one in views_of(person) if one.id == chosen), None) if chosen else None


def save(person: Person, name: str, view: View, layout: Mapping[str, Any], *, team: bool) -> str:
    """Save a View under a name and tell its id; NotSaved when the name is empty or taken."""
    if not name.strip() or len(name) > LONGEST_NAME or hides(name):
        raise NotSaved(f"Give the view a name of 1 to {LONGEST_NAME} characters.")
    if team and not person.is_editor:
        raise NotAllowed("Only editors save views for the team.")
    name = tidy(name)
    told = {"person": person.name, "name": name, "team": team, "query": _kept(view).to_query()}
    try:
        with transaction() as connection:
            added = connection.execute(text(ADD), {**told, "layout": _layout(layout)})
            number = str(added.scalar_one())
            if team:
                _note("save", person, number, name, connection)
            return number
    except IntegrityError:
        whose = "The team has" if team else "You have"
        raise Taken(f"{whose} a view named {name} already; choose another name.") from None


def update(person: Person, name: str, view: View, layout: Mapping[str, Any]) -> None:
    """Let a saved View show what is shown now; NotSaved where the person may not."""
    told = {"query": _kept(view).to_query(), "layout": _layout(layout)}
    _change(person, name, "change", UPDATE, told)


def delete(person: Person, name: str) -> str:
    """Delete a saved View and tell its name; `restore` brings it back."""
    return _change(person, name, "delete", DELETE, {})


def restore(person: Person, name: str) -> str:
    """Bring a deleted View back and tell its name; NotSaved when its name was taken meanwhile."""
    try:
        return _change(person, name, "restore", RESTORE, {})
    except IntegrityError:
        raise NotSaved("Another view has its name by now.") from None


def pin(person: Person, name: str) -> None:
    """Pin a View to the top, or no longer."""
    _known(person, name)
    with transaction() as connection:
        connection.execute(text(PIN), {"person": person.name, "view": name})


def open_with(person: Person, name: str) -> None:
    """Let `/cases` open with a View; with the one it opens with already, with none any more."""
    chosen = _known(person, name)
    with transaction() as connection:
        connection.execute(text(OPEN_NO_MORE), {"person": person.name})
        if not chosen.opening:
            connection.execute(text(OPEN_WITH), {"person": person.name, "view": name})


def differs(saved: NamedView, view: View) -> bool:
    """Whether what is shown differs from what was saved; zone and instant belong to the reader."""
    return _kept(saved.view) != _kept(view)


def shown(saved: NamedView, view: View) -> View:
    """A saved View as somebody sees it: in their zone, at their instant."""
    return saved.view.but(tz=view.tz, as_of=view.as_of)


def _kept(view: View) -> View:
    return view.but(tz="UTC", as_of=None)


def _known(person: Person, name: str) -> NamedView:
    found = next((one for one in views_of(person) if one.id == name), None)
    if found is None:
        raise NotSaved("That view is no longer there.")
    return found


def _change(person: Person, name: str, act: str, statement: str, told: Mapping[str, Any]) -> str:
    """Do it to a View and tell its name; what is done to one of the team is recorded."""
    if not (name.isascii() and name.isdigit() and len(name) < 18):
        raise NotAllowed("A ready-made view cannot be changed; save it under a name of your own.")
    bound = {"id": int(name), "person": person.name, "editor": person.is_editor, **told}
    with transaction() as connection:
        changed = connection.execute(text(statement), bound).one_or_none()
        if changed is None:
            raise NotSaved("That view is no longer there, or is not yours to change.")
        if changed.team:
            _note(act, person, name, changed.name, connection)
    return str(changed.name)


def _note(act: str, person: Person, number: str, name: str, connection: Connection) -> None:
    audit.record(
        f"team_view_{act}",
        outcome="done",
        actor=person,
        target=number,
        detail={"name": name},
        connection=connection,
    )


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _layout(layout: Mapping[str, Any]) -> str:
    """The layout of a grid: widths in pixels and pinned sides by column; nothing else is kept."""
    widths, pinned = _table(layout.get("widths")), _table(layout.get("pinned"))
    kept = {
        "widths": {
            name: int(width)
            for name, width in widths.items()
            if isinstance(width, int | float) and 30 <= width <= 2_000
        },
        "pinned": {name: side for name, side in pinned.items() if side in {"left", "right"}},
    }
    told = orjson.dumps(kept).decode()
    return told if len(told) <= LARGEST_LAYOUT else "{}"
