"""Paging: nothing is missed however much there is and however it moves meanwhile."""

import os
import random
from datetime import timedelta

import pytest

from etl.sandbox.model import WANTED_TAG
from etl.sandbox.world import World
from tests.sync.conftest import Clock, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

# What a source shows of one search at most is 10,000; `make faults` goes far beyond it.
WHOLE = os.environ.get("TEST_FAULTS") == "whole"
MANY, MOVING = (25_000, 20_000) if WHOLE else (12_000, 6_000)


def bare_world(clock, count: int, spread: timedelta) -> World:
    """Many small cases, created evenly over a span of time."""
    world = World(cases=1, days=1, start=clock() - timedelta(days=2), clock=clock, frozen=True)
    for place in range(count):
        at = clock() - spread + spread * place / max(1, count)
        world.add_case(
            number=f"{5_000_000 + place:08d}", created=at, place=(place * 7919) % 100_003
        )
    return world


def test_many_cases_come_through_a_window_of_10_000():
    clock = Clock()
    with desk_of(bare_world(clock, MANY, timedelta(days=3000))) as desk:
        ran = desk.run("cases")
        assert ran.state == "finished"
        assert desk.value("select count(*) from cases where source = 'portal'") >= MANY
        assert {told["number"] for told in desk.world.truth() if told["matches"]} == {
            row[0] for row in desk.rows("select case_number from cases")
        }
        # 25,000 cases in pages of 500 are 50 requests; windows of time never fit exactly.
        assert ran.requests < MANY / 500 * 2 + 20


def test_many_records_with_five_changes_per_page_while_paging():
    clock = Clock()
    world = bare_world(clock, MOVING, timedelta(days=400))
    dice = random.Random(4)
    with desk_of(world) as desk:

        def disturb(world: World, source: str, path: str) -> None:
            if path.endswith("/search/cases"):
                clock.pass_(seconds=2)
                for _ in range(5):
                    number = f"{5_000_000 + dice.randrange(MOVING):08d}"
                    world.change_case(number, owner=f"Owner {dice.random()}")

        # Both while everything is enumerated and while only changes are asked for.
        desk.sandbox.hooks.append(disturb)
        assert desk.run("cases").state == "finished"
        for _ in range(40):
            disturb(world, "portal", "/search/cases")
        clock.pass_(minutes=30)
        for number in dice.sample(range(MOVING), MOVING // 5):
            world.change_case(f"{5_000_000 + number:08d}", severity=1)
        ran = desk.run("cases")
        assert ran.state == "finished", ran.error
        desk.sandbox.hooks.clear()
        assert desk.run("cases").state == "finished"
        owners = {
            told["number"]: (told["owner"], told["severity"])
            for told in world.truth()
            if told["matches"]
        }
        board = {
            r.case_number: (r.owner, r.severity)
            for r in desk.rows("select case_number, owner, severity from cases")
        }
        assert board == owners


def test_cases_of_one_second_at_the_edge_of_a_page():
    clock = Clock()
    world = World(cases=1, days=1, start=clock() - timedelta(days=2), clock=clock, frozen=True)
    moment = clock() - timedelta(days=30)
    for place in range(1_300):
        # Far more than a page in one second, and others a second before and after.
        at = moment + timedelta(seconds=(place % 13 == 0) - (place % 17 == 0))
        world.add_case(
            number=f"{5_000_000 + place:08d}", created=at, place=(place * 7919) % 100_003
        )
    with desk_of(world) as desk:
        assert desk.run("cases").state == "finished"
        assert desk.value("select count(*) from cases where case_number like '05%'") == 1_300
        assert desk.disagreements("cases") == []


def test_cases_that_come_and_go_between_pages_do_not_hide_others():
    clock = Clock()
    world = bare_world(clock, 3_000, timedelta(days=60))
    with desk_of(world) as desk:
        assert desk.run("cases").state == "finished"
        dice = random.Random(7)

        def disturb(world: World, source: str, path: str) -> None:
            if path.endswith("/search/cases"):
                number = f"{5_000_000 + dice.randrange(1_000):08d}"
                tagged = WANTED_TAG in world.cases.get(number).tags
                world.retag(number, ["away"] if tagged else [WANTED_TAG])

        desk.sandbox.hooks.append(disturb)
        for _ in range(3):
            desk.run("cases", full=True)
        desk.sandbox.hooks.clear()
        assert desk.run("cases", full=True).state == "finished"
        assert desk.disagreements("cases") == []


@pytest.mark.parametrize("kind", ["cloud", "datacenter"])
def test_cards_that_change_and_vanish_between_pages(kind):
    clock = Clock()
    world = World(cases=450, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    dice = random.Random(3)
    with desk_of(world, jira_kind=kind) as desk:
        assert desk.run("cases").state == "finished"

        def disturb(world: World, source: str, path: str) -> None:
            if source == "jira" and "/search" in path:
                keys = sorted(world.issues.by_key)
                clock.pass_(seconds=30)
                for key in dice.sample(keys, 5):
                    world.change_issue(key, assignee=f"Engineer {dice.random()}")
                card = next(k for k in dice.sample(keys, len(keys)) if k.startswith("FE-"))
                world.delete_issue(card)

        desk.sandbox.hooks.append(disturb)
        assert desk.run("cards").state == "finished"
        desk.sandbox.hooks.clear()
        assert desk.run("cards", full=True).state == "finished"
        told = {
            i.key: i.assignee for i in world.issues.by_project["FE"].values() if "field" in i.labels
        }
        assert {
            r.key: r.assignee
            for r in desk.rows(
                "select key, assignee from jira_cards where kind = 'tracking' and gone_at is null"
            )
        } == told


def test_changelogs_and_comments_longer_than_a_search_shows():
    clock = Clock()
    world = World(cases=40, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    key = next(iter(world.issues.by_project["FE"].values())).key
    for place in range(130):
        clock.pass_(minutes=1)
        world.change_issue(
            key, status="Open" if place % 2 else "In Progress", assignee=f"Engineer {place}"
        )
        world.comment_card(key, f"Comment {place}")
    with desk_of(world) as desk:
        desk.fill()
        assert desk.disagreements() == []
        changes = desk.value(
            "select count(*) from changes where entity = 'card' and key = :k and field = 'assignee'",
            k=key,
        )
        assert changes >= 130
        assert desk.value("select count(*) from jira_comments where card_key = :k", k=key) >= 130
