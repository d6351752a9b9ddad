"""A coherent, deterministic world of any size, put into an empty database by COPY.

Cases, cards and bugs come with their facts, so that their history can be derived anew with the same
result; of comments only the rows are made, as the facts would be most of the world.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from datetime import datetime
from multiprocessing import get_context

import orjson
from sqlalchemy import text

from app import database
from app.database import transaction
from etl.history import spans, steps
from etl.history.cases import parameters
from etl.runs import finish_run, start_run
from etl.seed.copying import copy_chunk, index_again, index_away
from etl.seed.versions import Rules
from etl.seed.world import world

CHUNK = 5_000
PROCESSES = 2

FILLED = "select exists (select from changes) or exists (select from cases)"
COUNTED = "update sync_runs set seen = :cases, inserted = :cases where id = :run_id"
BUMP = """
update data_version set version = version + 1, changed_at = clock_timestamp(),
    latest = greatest(
        (select max(valid_from) from case_versions),
        (select greatest(max(linked_at), max(unlinked_at)) from case_bugs),
        (select max(valid_from) from bug_versions))
"""


class NotEmpty(ValueError):
    """The database holds cases already."""


def seed(
    cases: int, seed: int, until: datetime, progress: Callable[[int, int], None] | None = None
) -> None:
    """Fill the empty database with `cases` cases up to an instant (UTC); the same again for same.

    NotEmpty when it holds anything. Readers see nothing of it before it is whole.
    """
    with transaction() as connection:
        if connection.execute(text(FILLED)).scalar_one():
            raise NotEmpty(
                "The database holds cases, or an earlier seed that was interrupted; a world is "
                "seeded into an empty database only."
            )
    made = world(cases, seed, until)
    run_id = start_run("seed", "seed")
    rules = _rules()
    in_all = -(-cases // CHUNK)
    away = index_away()
    try:
        # The children make engines of their own; ours must not be open across a fork.
        database.reset()
        with ProcessPoolExecutor(min(PROCESSES, in_all), get_context("spawn")) as pool:
            chunks = [
                pool.submit(copy_chunk, made, rules, run_id, number, in_all)
                for number in range(in_all)
            ]
            for done, chunk in enumerate(as_completed(chunks), start=1):
                chunk.result()
                if progress:
                    progress(done, in_all + 1)
    finally:
        index_again(away)
    with ThreadPoolExecutor(1) as beside, transaction() as connection:
        spanned = beside.submit(_fill_spans)
        connection.execute(text("set local statement_timeout = 0"))
        steps.fill(connection, spanned.result)
        connection.execute(text(COUNTED), {"cases": cases, "run_id": run_id})
        finish_run(connection, run_id)
        connection.execute(text(BUMP))
    if progress:
        progress(in_all + 1, in_all + 1)


def _fill_spans() -> None:
    with transaction() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        spans.fill(connection)


def _rules() -> Rules:
    told = parameters()
    return Rules(
        waiting=orjson.loads(told["waiting"]),
        closed=frozenset(told["closed"]),
        card_statuses=orjson.loads(told["card_statuses"]),
        potential=told["potential"],
        browse=told["browse"],
    )
