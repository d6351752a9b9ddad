"""`python -m etl.sandbox`: serve a world until stopped."""

import argparse
import signal
import threading
from datetime import datetime

from etl.sandbox.server import HOST, NAMES, Sandbox
from etl.sandbox.world import World


def main() -> None:
    """Serve, and tell where."""
    parser = argparse.ArgumentParser(prog="caseboard sandbox", description=__doc__)
    parser.add_argument("--ports", nargs=3, type=int, default=(8051, 8052, 8053), metavar="PORT",
                        help="of portal, JIRA and Bugzilla (0: any)")  # fmt: skip
    parser.add_argument("--host", default=HOST, help="to listen on (default: %(default)s)")
    parser.add_argument("--known-as", metavar="NAME", help="the name by which others reach it")
    parser.add_argument("--cases", type=int, default=1_000, help="that arrive in a year")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world")
    parser.add_argument("--start", type=datetime.fromisoformat, help="when the world began (ISO)")
    parser.add_argument("--jira", choices=("cloud", "datacenter"), default="cloud")
    parser.add_argument("--faults", type=float, default=0.0, metavar="RATE",
                        help="share of requests that fail at random, 0 to 1")  # fmt: skip
    asked = parser.parse_args()
    world = World(seed=asked.seed, cases=asked.cases, start=asked.start)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with Sandbox(
        world,
        jira_kind=asked.jira,
        ports=tuple(asked.ports),
        host=asked.host,
        known_as=asked.known_as,
    ) as sandbox:
        sandbox.faults.rate, sandbox.faults.seed = asked.faults, asked.seed
        for name in NAMES:
            print(f"{name}: {sandbox.url(name)}", flush=True)  # noqa: T201 - its output
        for variable, value in sandbox.environment().items():
            print(f"{variable}={value}", flush=True)  # noqa: T201 - its output
        while not stopped.wait(20):
            world.advance()


if __name__ == "__main__":
    main()
