"""Whatever happens at the sources, in whatever order it is read: the board ends equal to them."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.sandbox.faults import Fault
from etl.sandbox.model import WANTED_TAG
from etl.sandbox.world import World
from tests.sync.conftest import SOURCES, Clock, desk_of

pytestmark = [pytest.mark.database, pytest.mark.long]

STATUSES = ("New", "To Do", "In Progress", "Code Review", "Done", "Closed")


@pytest.fixture(scope="module")
def desk():
    clock = Clock()
    world = World(cases=40, start=clock() - timedelta(days=365), clock=clock, frozen=True)
    with desk_of(world, jira_kind="datacenter") as desk:
        desk.clock = clock
        desk.fill()
        yield desk


def happen(desk, what: str, roll: int) -> None:
    """Something happens at a source; `roll` chooses to whom."""
    world = desk.world
    numbers = sorted(world.cases.by_number)
    number = numbers[roll % len(numbers)]
    cards = sorted(k for k in world.issues.by_key if k.startswith("FE-"))
    key = cards[roll % len(cards)]
    bug = sorted(world.bugs.by_id)[roll % len(world.bugs.by_id)]
    case = world.cases.get(number)
    match what:
        case "change":
            world.change_case(number, severity=roll % 4 + 1, owner=f"Owner {roll}")
        case "close":
            world.close_case(number)
        case "reopen":
            world.reopen_case(number)
        case "retag":
            world.retag(number, [] if WANTED_TAG in case.tags else [WANTED_TAG, f"tag{roll % 3}"])
        case "comment":
            world.add_comment(number, f"Comment {roll}")
        case "uncomment" if case.comments:
            world.delete_comment(number, case.comments[roll % len(case.comments)].id)
        case "link":
            world.link_bug(number, bug)
        case "unlink" if case.bugs:
            world.unlink_bug(number, min(case.bugs))
        case "move":
            world.change_issue(key, status=STATUSES[roll % len(STATUSES)])
        case "retitle" if roll % 3 == 0:
            taken = {i.case for i in world.issues.by_project["FE"].values()}
            free = [n for n in numbers if n not in taken]
            if free and world.issues.get(key).summary[:8].isdigit():
                world.retitle_card(key, free[roll % len(free)])
        case "restrict":
            world.restrict_bug(bug, restricted=not world.bugs.get(bug).restricted)
        case "new":
            world.add_case(summary=f"New {roll}", created=desk.clock())


EVENTS = ("change", "close", "reopen", "retag", "comment", "uncomment", "link", "unlink", "move", "retitle", "restrict", "new")  # fmt: skip
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(EVENTS), st.integers(0, 999)),
        st.tuples(st.sampled_from([f"sync {name}" for name in SOURCES]), st.integers(0, 5)),
        st.tuples(
            st.sampled_from(["fault 500", "fault reset", "fault truncated", "fault 403"]),
            st.integers(0, 6),
        ),
        st.tuples(st.just("wait"), st.integers(1, 4000)),
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=25)
@given(steps=steps)
def test_the_board_ends_equal_to_its_sources(desk, steps):
    for what, roll in steps:
        desk.clock.pass_(seconds=2)
        kind, _, rest = what.partition(" ")
        if kind == "sync":
            desk.run(rest, full=roll == 0)
        elif kind == "fault":
            desk.sandbox.faults.add(Fault(rest, times=1, after=roll))
        elif kind == "wait":
            desk.clock.pass_(seconds=roll)
        else:
            happen(desk, what, roll)
    desk.sandbox.faults.clear()
    # What happens to be more than a fifth of so small a board is allowed to go.
    for name in SOURCES:
        assert desk.run(name, full=True, allow_drop=True).state == "finished"
    assert desk.disagreements() == []
    before = desk.contents()
    desk.fill()
    assert desk.contents() == before
    for number, count in desk.rows(
        "select case_number, count(*) from case_versions where valid_to = 'infinity' group by 1"
    ):
        assert count == 1, number
