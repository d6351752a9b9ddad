"""Asks for many paths at once, in a process of its own that delays no one else: crowd.py PORT < paths."""

import http.client
import sys
from concurrent.futures import ThreadPoolExecutor


def get(port: int, path: str) -> int:
    """The status of an answer, once all of it has come."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


if __name__ == "__main__":
    paths = sys.stdin.read().split()
    with ThreadPoolExecutor(len(paths)) as crowd:
        found = list(crowd.map(lambda path: get(int(sys.argv[1]), path), paths))
    sys.exit(0 if set(found) == {200} else f"answers: {sorted(found)}")
