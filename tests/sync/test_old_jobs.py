"""The jobs that scripts did: lists, a sprint summed up, watchers of a case."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from app import cli
from app.settings import use
from etl.sandbox.world import World
from tests.sync.conftest import Clock, Desk, desk_of

pytestmark = pytest.mark.database


def answer(capsys, *arguments: str) -> list[dict[str, str]]:
    assert cli.main(["list", *arguments]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


@pytest.fixture(scope="module")
def filled() -> Iterator[Desk]:
    """A small board filled once; of one case only the card is left over."""
    clock = Clock()
    start = clock() - timedelta(days=365)
    world = World(cases=120, days=365, start=start, clock=clock, frozen=True)
    with desk_of(world) as desk:
        number = desk.world.add_case()
        desk.world.add_card(number)
        desk.world.close_case(number)
        desk.fill()
        yield desk


def test_what_was_opened_and_closed_in_a_period(filled, capsys):
    start = datetime.now(UTC) - timedelta(days=120)
    end = start + timedelta(days=30)
    period = ["--from", start.isoformat(), "--to", end.isoformat()]
    truth = filled.world.truth()
    for which, field in (("opened", "created"), ("closed", "closed")):
        wanted = {case["number"] for case in truth if case[field] and start <= case[field] < end}
        assert wanted, which
        assert {row["number"] for row in answer(capsys, which, *period)} == wanted
    some = min({case["account"] for case in truth if case["account"]})
    rows = answer(capsys, "opened", *period, "--view", urlencode({"account": some}))
    assert {row["account"] for row in rows} <= {some}
    assert cli.main(["list", "opened", "--from", "2026-02-01", "--to", "2026-01-01"]) == 2
    assert "--from: is not before --to" in capsys.readouterr().err
    assert cli.main(["list", "no-card", "--to", "2026-01-01"]) == 2
    assert cli.main(["list", "opened", "--view", "colour=red"]) == 2
    assert "colour" in capsys.readouterr().err


def test_closed_cases_with_open_cards(filled, capsys):
    wanted = filled.rows(
        "select case_number, card from case_versions where valid_to = 'infinity' and not is_open "
        "and not gone and card is not null and card_status is distinct from 'Done'"
    )
    assert wanted
    rows = answer(capsys, "closed-open-card")
    assert {(row["number"], row["card"]) for row in rows} == {tuple(row) for row in wanted}


def test_a_sprint_is_summed_up(filled, capsys):
    sprint, cards = filled.one(
        "select sprint, count(*) from jira_cards where kind = 'tracking' and gone_at is null "
        "and sprint is not null group by 1 order by max(updated_at) desc limit 1"
    )
    assert cli.main(["sprint"]) == 0
    told = capsys.readouterr().out
    assert f"{sprint}: {cards} cards, " in told
    assert cli.main(["sprint", sprint]) == 0
    assert capsys.readouterr().out == told
    assert cli.main(["sprint", "no such"]) == 1
    assert "No card is in the sprint no such" in capsys.readouterr().err


def test_watchers_are_listed_and_changed_only_when_writing_is_allowed(desk, capsys):
    number = desk.world.add_case(notified=["Alice Moreau"])

    def run(*arguments: str) -> tuple[int, str]:
        status = cli.main(["watchers", *arguments])
        told = capsys.readouterr()
        return status, told.out + told.err

    assert run("list", number) == (0, "user00\n")
    assert cli.main(["sprint"]) == 1
    assert "No card is in any sprint" in capsys.readouterr().err
    status, told = run("add", number, "user01")
    assert status == 1
    assert "CASEBOARD_READ_ONLY is true; nothing was sent" in told
    assert run("remove", number, "user00")[0] == 1
    assert run("list", number) == (0, "user00\n")
    use({"CASEBOARD_READ_ONLY": "false"})
    assert run("add", number, "user01", "user00") == (
        0, f"user01: now watching case {number}.\nuser00: watching it already.\n",
    )  # fmt: skip
    assert run("list", number) == (0, "user00\nuser01\n")
    assert run("remove", number, "user00", "user09") == (
        0, f"user00: no longer watching case {number}.\nuser09: not watching it.\n",
    )  # fmt: skip
    assert run("list", number) == (0, "user01\n")
    status, told = run("add", number, "nobody-knows")
    assert status == 1
    assert "did not add nobody-knows" in told
    assert run("list", "00000000")[0] == 1
    assert run("add", number)[0] == 2
    assert run("list", "../search")[0] == 2
    acts = desk.rows("select act, outcome from audit_log where act like 'watcher%' order by id")
    assert [tuple(row) for row in acts] == [
        ("watcher_add", "refused"), ("watcher_remove", "refused"), ("watcher_add", "done"),
        ("watcher_remove", "done"), ("watcher_add", "refused"),
    ]  # fmt: skip
    for name in ("cases", "details"):
        desk.run(name)
    assert desk.case(number).notified_users == ["user01"]


def test_without_a_portal_it_says_what_to_set(empty, capsys):
    use({"CASEBOARD_PORTAL_URL": ""})
    assert cli.main(["watchers", "list", "01"]) == 1
    assert "CASEBOARD_PORTAL_URL" in capsys.readouterr().err
