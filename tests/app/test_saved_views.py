"""Saved Views: whose they are, what they keep, and what nobody may do with them."""

import pytest

from app.auth.person import Person
from app.saved_views import (
    READY_MADE,
    NotSaved,
    delete,
    differs,
    open_with,
    opening_view,
    pin,
    restore,
    save,
    update,
    views_of,
)
from app.view import View

pytestmark = pytest.mark.database

ANA = Person("ana", "Ana", None, "viewer")
BEN = Person("ben", "Ben", None, "editor")
ACME = View.from_query("account=Acme&sort=severity,-updated&tz=Asia/Tokyo&as_of=2026-01-01")


def names(person: Person, kind: str) -> list[str]:
    return [one.name for one in views_of(person) if one.kind == kind]


def test_a_saved_view_is_private_unless_it_is_the_team_s(empty):
    mine = save(ANA, "Acme", ACME, {}, team=False)
    save(BEN, "Everything", View(state="all"), {}, team=True)
    assert names(ANA, "own") == ["Acme"]
    assert names(BEN, "own") == []
    assert names(ANA, "team") == names(BEN, "team") == ["Everything"]
    assert names(ANA, "ready") == [label for label, _ in READY_MADE.values()]
    with pytest.raises(NotSaved, match="not yours"):
        delete(BEN, mine)
    with pytest.raises(NotSaved, match="not yours"):
        update(BEN, mine, View(), {})
    team = next(one for one in views_of(ANA) if one.kind == "team")
    assert not team.may_change
    with pytest.raises(NotSaved, match="not yours"):
        delete(ANA, team.id)
    with pytest.raises(NotSaved, match="editors"):
        save(ANA, "For all", View(), {}, team=True)


def test_it_keeps_filters_sort_and_columns_but_not_the_reader_s_zone_and_instant(empty):
    number = save(
        ANA,
        "Acme",
        ACME,
        {"widths": {"number": 90, "x": "wide"}, "pinned": {"summary": "left"}},
        team=False,
    )
    [kept] = [one for one in views_of(ANA) if one.id == number]
    assert kept.view == ACME.but(tz="UTC", as_of=None)
    assert kept.layout == {"widths": {"number": 90}, "pinned": {"summary": "left"}}
    assert not differs(kept, ACME)
    assert differs(kept, ACME.but(severity=(1,)))
    update(ANA, number, ACME.but(severity=(1,)), {})
    [kept] = [one for one in views_of(ANA) if one.id == number]
    assert kept.view.severity == (1,)


def test_a_deleted_view_comes_back_unless_its_name_was_taken(empty):
    number = save(ANA, "Acme", ACME, {}, team=False)
    assert delete(ANA, number) == "Acme"
    assert names(ANA, "own") == []
    assert restore(ANA, number) == "Acme"
    assert names(ANA, "own") == ["Acme"]
    delete(ANA, number)
    save(ANA, "ACME", View(), {}, team=False)
    with pytest.raises(NotSaved, match="name"):
        restore(ANA, number)


def test_names_are_taken_once_and_are_never_empty(empty):
    save(ANA, "Acme", ACME, {}, team=False)
    for name in ("", "   ", "acme", " ACME ", "x" * 81, "a\x00b"):
        with pytest.raises(NotSaved):
            save(ANA, name, ACME, {}, team=False)
    save(BEN, "acme", ACME, {}, team=False)


def test_one_view_opens_the_table_and_any_number_are_pinned(empty):
    assert opening_view(ANA) is None
    number = save(ANA, "Acme", ACME, {}, team=False)
    for name in (number, "ready:recent", "ready:severe"):
        pin(ANA, name)
        open_with(ANA, name)
    assert [one.id for one in views_of(ANA) if one.pinned] == [
        "ready:recent",
        "ready:severe",
        number,
    ]
    assert opening_view(ANA).id == "ready:severe"
    open_with(ANA, "ready:severe")
    pin(ANA, "ready:severe")
    assert opening_view(ANA) is None
    assert opening_view(BEN) is None
    for wrong in ("ready:none", "999", "'; drop table cases", ""):
        with pytest.raises(NotSaved):
            pin(ANA, wrong)
        with pytest.raises(NotSaved):
            open_with(ANA, wrong)
    open_with(ANA, number)
    delete(ANA, number)
    assert opening_view(ANA) is None


def test_ready_made_views_cannot_be_changed(empty):
    for act in (delete, restore):
        with pytest.raises(NotSaved, match="ready-made"):
            act(BEN, "ready:all")
