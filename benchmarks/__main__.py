"""`make bench`: measures the board over a seeded world, and prints what it costs as a table."""

import argparse
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.local import servers
from app.lock import Servers
from benchmarks import document, table
from benchmarks.figure import Figure
from benchmarks.growth import Growth
from benchmarks.machine import in_words, machine
from benchmarks.parts import PARTS
from benchmarks.sizes import growths
from benchmarks.stack import board
from benchmarks.timing import pace
from benchmarks.world import world

CASES, QUICK_CASES = 1_000_000, 50_000
QUICK_PACE = 0.25
GROWTH = "growth"
SAVED = Path("build/bench.json")


@dataclass(frozen=True, slots=True)
class Run:
    """What was asked for, of how many cases on which machine, and what was measured."""

    asked: argparse.Namespace
    cases: int
    about: dict[str, Any]
    rows: list[Figure] = field(default_factory=list)
    fits: list[Growth] = field(default_factory=list)

    def keep(self) -> None:
        """Save the figures, and write them down where that was asked for."""
        asked = self.asked
        told = table.as_json({**self.about, "cases": self.cases}, self.rows, self.fits)
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(told, indent=1))
        if asked.write:
            given = [*asked.parts, *(["--quick"] if asked.quick else [])]
            given += [f"--cases {self.cases}"] if asked.cases else []
            command = " ".join([*given, f"--write {asked.write}"])
            page = document.page(self.about, self.rows, self.fits, self.cases, command)
            asked.write.write_text(page)

    def tell(self) -> None:
        """Print the figures, and say where they are."""
        print(f"\n{self.cases:,} cases. {in_words(self.about)}\n\n{table.figures(self.rows)}")
        if self.fits:
            print(f"\n{table.growths(self.fits)}")
        print(f"\nSaved in {self.asked.json}.")
        if self.asked.write:
            print(f"Written to {self.asked.write}.")


def main() -> int:
    """Measure what was asked for, and tell; 1 where a part could not be measured."""
    parser = arguments()
    asked = parser.parse_args()
    cases = asked.cases or (QUICK_CASES if asked.quick else CASES)
    wanted = asked.parts or [*PARTS, GROWTH]
    begun = time.monotonic()
    pace(QUICK_PACE if asked.quick else 1.0)
    with (
        _servers(asked.data) as local,
        tempfile.TemporaryDirectory(prefix="caseboard-bench-") as at,
    ):
        name, seeded = world(local, cases)
        if seeded is not None:
            print(f"{cases:,} cases were seeded in {seeded:.0f} s.", flush=True)
        with board(local, name, cases, Path(at), quick=asked.quick) as stack:
            run = Run(asked, cases, machine(local))
            whole = True
            for part in (part for part in PARTS if part in wanted):
                whole &= _measure(part, lambda part=part: run.rows.extend(PARTS[part](stack)))
                # An hour's figures are not lost with what comes after them.
                run.keep()
        if GROWTH in wanted:
            whole &= _measure(GROWTH, lambda: run.fits.extend(growths(local, cases)))
    run.keep()
    run.tell()
    print(f"\nThis took {(time.monotonic() - begun) / 60:.1f} minutes.")
    return 0 if whole else 1


def _measure(part: str, measure: Callable[[], None]) -> bool:
    """Measure a part; whether all of it could be."""
    started = time.monotonic()
    try:
        measure()
    except Exception:  # noqa: BLE001 - whatever it is, the other parts are measured
        print(f"{part} could not be measured:\n{traceback.format_exc()}", flush=True)
        return False
    print(f"{part}: {time.monotonic() - started:.0f} s", flush=True)
    return True


def arguments() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        type=_part,
        metavar="PART",
        help=f"only these: {', '.join([*PARTS, GROWTH])}",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_CASES:,} cases and fewer rounds"
    )
    parser.add_argument(
        "--cases", type=int, metavar="N", help=f"of the seeded world (default: {CASES:,})"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep servers' data and worlds here, and use those that there are",
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=SAVED,
        metavar="FILE",
        help="where all figures are saved (default: %(default)s)",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write the page of documentation, docs/performance.md",
    )
    return parser


def _part(name: str) -> str:
    """The name of a part; a fault for anything else."""
    if name not in {*PARTS, GROWTH}:
        known = ", ".join([*PARTS, GROWTH])
        raise argparse.ArgumentTypeError(f"there is no part {name!r}; parts are {known}")
    return name


@contextmanager
def _servers(folder: Path | None) -> Iterator[Servers]:
    """PostgreSQL and Redis of our own, with data that stay where a folder is given."""
    if folder is not None:
        with servers(folder) as (running, _, _):
            yield running
        return
    with (
        tempfile.TemporaryDirectory(prefix="caseboard-bench-data-") as temporary,
        servers(Path(temporary)) as (running, _, _),
    ):
        yield running


if __name__ == "__main__":
    sys.exit(main())
