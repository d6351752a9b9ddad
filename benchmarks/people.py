"""People who look at the board at once, in a process of their own: they go to pages, and read.

`python -m benchmarks.people PORT PEOPLE SECONDS < visits.json` prints as JSON the milliseconds of
each request, and what went wrong. A visit is a list of requests, each a path and a body.
"""

import json
import random
import sys
import threading
import time

from benchmarks.asks import Ask
from benchmarks.visitor import Failed, Visitor

READING_SECONDS = (2.0, 6.0)


class Crowd:
    """Some people, their requests and faults."""

    def __init__(self, port: int, visits: list[list[Ask]], until: float) -> None:
        self._port, self._visits, self._until = port, visits, until
        self.took: list[float] = []
        self.faults: list[str] = []

    def live(self, number: int, people: int) -> None:
        """One person: goes to a page, waits for all of it, reads, and goes on."""
        chance = random.Random(number)  # noqa: S311 - the same people each time
        time.sleep(READING_SECONDS[1] * number / people / 2)
        with Visitor(self._port, {"Accept-Encoding": "gzip"}) as visitor:
            while time.monotonic() < self._until:
                for ask in chance.choice(self._visits):
                    self._send(visitor, ask)
                time.sleep(chance.uniform(*READING_SECONDS))

    def _send(self, visitor: Visitor, ask: Ask) -> None:
        begun = time.perf_counter()
        try:
            visitor.send(ask)
        except (Failed, OSError) as fault:
            self.faults.append(str(fault)[:300])
            visitor.close()
        else:
            self.took.append(1e3 * (time.perf_counter() - begun))


def main() -> None:
    """Let people live, and tell."""
    port, people, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    told = json.load(sys.stdin)
    visits = [[Ask(path, body and body.encode()) for path, body in visit] for visit in told]
    crowd = Crowd(port, visits, time.monotonic() + seconds)
    alive = [threading.Thread(target=crowd.live, args=(n, people)) for n in range(people)]
    for one in alive:
        one.start()
    for one in alive:
        one.join()
    json.dump({"took": crowd.took, "faults": crowd.faults}, sys.stdout)


if __name__ == "__main__":
    main()
