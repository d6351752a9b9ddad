"""`make bench`: prints a Markdown table of ratios; every pair is measured in turn, in one run.

*Raw* is the same statement run alone through the driver; *floor* is a callback-free route of the
same web application. The data are the sample log, and for the case table a seeded world.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import text

from app import database
from app.database import read
from app.export import case_csv
from app.local import LocalServers
from app.panels import PANELS
from app.selection import rows
from app.settings import use
from app.view import View
from benchmarks import desk, images
from etl.events_import import SAMPLE, import_events

ROUNDS = 40
AS_OF = datetime(2016, 3, 10, tzinfo=UTC)


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pair(work: Callable[[], object], beside: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of both, run in turn."""
    work(), beside()
    times = [(seconds(work), seconds(beside)) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times)


def report(app: Flask) -> list[tuple[str, str, float, float]]:
    """Each figure: what, beside what, and the median seconds of both."""
    client = app.test_client()
    view = View(as_of=AS_OF)
    block = rows(view, AS_OF, limit=100)
    everything = View(state="all", as_of=AS_OF)
    panel = PANELS["backlog"]
    copy = "copy (select * from case_versions where valid_to = 'infinity') to stdout with csv"

    def raw(statement: object) -> Callable[[], object]:
        def run() -> object:
            with database.engine().connect() as connection:
                return connection.execute(statement).all()

        return run

    def copied() -> int:
        class Sink:
            size = 0

            def write(self, data: bytes) -> None:
                self.size += len(data)

        sink = Sink()
        with database.engine().connect() as connection:
            connection.connection.cursor().copy_expert(copy, sink)
        return sink.size

    # Each cold call asks for another instant, so that nothing can be remembered.
    cold = iter(range(10**6))
    return [
        ("block of 100 rows through the API", "raw SQL",
         *pair(lambda: client.get("/api/v1/cases?as_of=2016-03-10"), raw(block))),
        ("frame of 100 rows", "raw SQL", *pair(lambda: read(block), raw(block))),
        ("backlog of every day, cold", "raw SQL",
         *pair(lambda: client.get(f"/api/v1/charts/backlog.json?as_of=2016-03-10T00:00:{next(cold) % 60:02d}Z"),
               raw(panel.select(view, AS_OF)))),
        ("backlog of every day, warm", "floor (/healthz)",
         *pair(lambda: client.get("/api/v1/charts/backlog.json?as_of=2016-03-10"),
               lambda: client.get("/healthz"))),
        ("CSV of all cases", "COPY of the same rows",
         *pair(lambda: b"".join(case_csv(everything, AS_OF)), copied)),
        ("import of the log again (nothing new)", "count of its facts",
         *pair(lambda: import_events(SAMPLE), raw(text("select count(*) from changes")))),
    ]  # fmt: skip


def main() -> None:
    """Run everything on servers of its own and print the table."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=")
    parser.add_argument("--cases", type=int, default=100_000, help="of the seeded world")
    cases = parser.parse_args().cases
    with tempfile.TemporaryDirectory(prefix="caseboard-bench-") as folder:
        local = LocalServers(Path(folder) / "data")
        running = local.start()
        try:
            use(running.environment())
            database.upgrade()
            first = seconds(lambda: import_events(SAMPLE))
            from app.server import create_app

            app = create_app()
            figures = report(app)
            database.downgrade("base")
            database.upgrade()
            with app.app_context():
                figures += desk.report(app.test_client(), cases, pair)
            figures += images.report()
        finally:
            database.reset()
            local.stop()
    print("| figure | beside | ms | ms beside | ratio |\n|---|---|---:|---:|---:|")
    for what, beside, mine, other in figures:
        print(f"| {what} | {beside} | {mine * 1e3:.2f} | {other * 1e3:.2f} | {mine / other:.1f} |")
    print(f"\nFirst import of the log (5,998 rows, 890 cases): {first:.2f} s.")


if __name__ == "__main__":
    main()
