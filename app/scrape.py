"""`/metrics` for Prometheus: what the web processes counted, and what the database and Redis tell.

How syncs stand, what was rejected and which version the data have is true in PostgreSQL, so it is
read there at each scrape, whichever process answers. What cannot be had is left out, and
`caseboard_database_up` or `caseboard_redis_up` says why.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app import away, queue, serving
from app.board import Board
from app.cache import remembered
from app.database import current_revision, fetch_rows, head_revision, replica, snapshot
from app.health import redis_state
from app.metrics import COUNTS
from app.series import series
from app.settings import shared_folder
from app.standing import BACKUP, REJECTS
from app.syncs import syncs
from app.version import Version, data_version
from app.view import View
from app.view_fields import write_instant

log = logging.getLogger(__name__)

blueprint = Blueprint("scrape", __name__)

STANDINGS = ("fresh", "late", "partial", "running", "failed", "held", "lost", "never")
OF_RUNS = ("seen", "inserted", "updated", "unchanged", "gone", "rejected", "requests")

OF_COMPARISONS = ("shown", "held", "lost", "loaded", "surplus")
COMPARED = text(f"select kind, {', '.join(OF_COMPARISONS)} from recounts order by kind")  # noqa: S608

LAG = """
select case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
    else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) end,
    (select version from data_version)
"""
TOLD = text(f"""
select pg_database_size(current_database()),
    (select count(*) from pg_stat_activity where datname = current_database()),
    (select extract(epoch from clock_timestamp() - updated_at) from watermarks
        where source = 'worker' and name = 'tick'),
    extract(epoch from clock_timestamp()),
    (select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)
        from pg_stat_activity where datname = current_database() and state <> 'idle'
        and backend_type = 'client backend'),
    (select extract(epoch from ({BACKUP})))
""")  # noqa: S608


@blueprint.get("/metrics")
def metrics() -> Response:
    """Everything, in Prometheus' text form. Who may read it is in `app.auth.policy`."""
    facts = CollectorRegistry(auto_describe=False)
    facts.register(Facts())
    return Response(_counted() + generate_latest(facts), content_type=CONTENT_TYPE_LATEST)


def _counted() -> bytes:
    """What this process counted, under gunicorn with what its siblings did."""
    folder = shared_folder()
    if folder is None:
        return generate_latest(REGISTRY)
    try:
        with serving.locked(folder):
            together = CollectorRegistry()
            MultiProcessCollector(together, str(folder))
            return generate_latest(together)
    except (OSError, ValueError):
        log.exception("The counters in %s cannot be read", folder)
        return b""


class Facts:
    """What is read when it is asked for."""

    def collect(self) -> Iterable[Metric]:
        """The facts that can be had now."""
        yield from self._database()
        yield from self._replica()
        yield from self._redis()
        disk = shutil.disk_usage(Path.cwd())
        yield _one("disk_free_bytes", "Free on the disk that this web process runs on", disk.free)
        yield _one("disk_size_bytes", "Size of that disk", disk.total)

    @staticmethod
    def _database() -> Iterator[Metric]:
        found: list[Metric] = []
        try:
            right = current_revision() == head_revision()
            found.append(_one("migrations_right", "1: the tables are of this release", right))
            with snapshot() as connection:
                found += [*_of_server(connection), *_of_syncs(connection)]
                version = data_version(connection)
            found += _of_data(version)
        except SQLAlchemyError as error:
            log.warning("The database told only a part of its metrics: %s", type(error).__name__)
            yield _one("database_up", "1: the database answers", 0)
        else:
            yield _one("database_up", "1: the database answers", 1)
        yield from found

    @staticmethod
    def _replica() -> Iterator[Metric]:
        copy = replica()
        if copy is None:
            return
        try:
            with away.by_itself(copy) as connection:
                lag, version = connection.exec_driver_sql(LAG).one()
        except SQLAlchemyError as error:
            log.warning("The replica told nothing: %s", error)
            yield _one("replica_up", "1: the replica answers", 0)
            return
        yield _one("replica_up", "1: the replica answers", 1)
        yield _one("replica_lag_seconds", "How far the replica is behind", lag or 0)
        yield _one("replica_data_version", "The data version that the replica knows", version)

    @staticmethod
    def _redis() -> Iterator[Metric]:
        yield _one("redis_up", "1: the Redis of the cache answers", redis_state() == "ok")
        waiting = _family("queue_length", "Messages that wait for a worker", "queue")
        lengths = queue.lengths()
        for name, length in lengths.items():
            waiting.add_metric([name], length)
        yield _one("broker_up", "1: the Redis of the queue answers", bool(lengths))
        yield waiting


def _of_server(connection: Connection) -> Iterator[Metric]:
    size, connections, tick, clock, oldest, backup = connection.execute(TOLD).one()
    yield _one("database_size_bytes", "Size of the database", size)
    yield _one("database_connections", "Connections to the database", connections)
    yield _one("database_oldest_transaction_seconds", "Age of the oldest transaction", oldest)
    ahead = datetime.now(UTC).timestamp() - float(clock)
    yield _one("clock_ahead_seconds", "Clock of this web process against the database's", ahead)
    if backup is not None:
        told = "When Caseboard last made a backup (seconds since 1970)"
        yield _one("backup_timestamp_seconds", told, backup)
    if tick is not None:
        yield _one("worker_tick_age_seconds", "Since a worker last looked for work", tick)


def _of_syncs(connection: Connection) -> Iterator[Metric]:
    rows = syncs(connection)
    age = _family("sync_age_seconds", "Since the sync last ended well", "sync")
    objective = _family("sync_objective_seconds", "How old its data may get", "sync")
    duration = _family("sync_duration_seconds", "How long its last ended run took", "sync")
    standing = _family("sync_standing", "1: how the sync stands", "sync", "standing")
    last = _family("sync_last_run_records", "What its last run counted", "sync", "what")
    for row in rows:
        name = row["name"]
        objective.add_metric([name], row["fresh_seconds"])
        if row["good_at"]:
            age.add_metric([name], (row["now"] - row["good_at"]).total_seconds())
        if row["finished_at"]:
            took = (row["finished_at"] - row["started_at"]).total_seconds()
            duration.add_metric([name], took)
        for one in STANDINGS:
            standing.add_metric([name, one], row["standing"] == one)
        for what in OF_RUNS:
            if row[what] is not None:
                last.add_metric([name, what], row[what])
    rejects = _family("rejects", "Records that could not be understood and still are not", "source")
    for source, number in connection.execute(REJECTS):
        rejects.add_metric([source], number)
    compared = _family(
        "compared_records", "Of the latest comparison with the sources", "kind", "what"
    )
    for kind, *numbers in connection.execute(COMPARED):
        for what, number in zip(OF_COMPARISONS, numbers, strict=True):
            compared.add_metric([kind, what], number)
    yield from (age, objective, duration, standing, last, rejects, compared)


def _of_data(version: Version) -> Iterator[Metric]:
    yield _one("data_version", "Number of the last load that changed something", version.number)
    if version.changed_at:
        told = "When that was (seconds since 1970)"
        yield _one("data_changed_timestamp_seconds", told, version.changed_at.timestamp())
    catalogue = _family("cases", "The counts of the metric catalogue, now", "metric")
    for name, value in zip((metric.name for metric in COUNTS), _counts(version), strict=True):
        catalogue.add_metric([name], value)
    yield catalogue


def _counts(version: Version) -> list[int]:
    """The catalogue's counts as pages have them now: once a minute at most."""
    instant = View().instant(datetime.now(UTC), version.changed_at)

    def compute() -> str:
        board = Board.at(instant, live=version.live(instant))
        [(_, *values)] = fetch_rows(series(View(), board, COUNTS, [instant]))
        return orjson.dumps(values).decode()

    found: list[int] = orjson.loads(
        remembered(("scrape", write_instant(instant), version.key), compute)
    )
    return found


def _one(name: str, told: str, value: float | bool) -> Metric:
    return GaugeMetricFamily(f"caseboard_{name}", told, value=float(value))


def _family(name: str, told: str, *labels: str) -> Any:
    return GaugeMetricFamily(f"caseboard_{name}", told, labels=labels)
