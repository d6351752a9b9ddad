"""`caseboard healthy`: is a program of this machine at work? What containers are asked by.

A living process is no sign: workers have stopped listening without ending. So each is asked for
what it is there for. It is asked often, so nothing is imported that the answer does not need.
"""

import argparse
import socket
import sys
import urllib.error
import urllib.request

SECONDS = 5.0
PORTS = {"web": 8050, "flower": 5555}
PATHS = {"web": "/healthz", "flower": "/healthcheck"}
# As celery names workers; that of the images has a name of its own.
WORKERS = {"worker": "celery", "images": "images"}
PROGRAMS = ("web", "worker", "images", "beat", "flower")


def main(arguments: list[str]) -> int:
    """`python -m app.cli_healthy PROGRAM [PORT]`: the same as the command, without its imports."""
    fault = examine(arguments[0], int(arguments[1]) if arguments[1:] else None)
    if fault:
        sys.stderr.write(f"{arguments[0]}: {fault}\n")
    return 1 if fault else 0


def run(asked: argparse.Namespace) -> int:
    """Tell what is wrong, if anything; the exit status is 1 then."""
    return main([asked.program, *([str(asked.port)] if asked.port else [])])


def examine(program: str, port: int | None = None) -> str | None:
    """What is wrong with web, worker, images, beat or flower; None when it is at work."""
    if program in PORTS:
        return _serves(f"http://127.0.0.1:{port or PORTS[program]}{PATHS[program]}")
    if program in WORKERS:
        return _listens(f"{WORKERS[program]}@{socket.gethostname()}")
    return _ticks()


def _serves(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=SECONDS):  # noqa: S310 - our own address
            return None
    except (urllib.error.URLError, OSError) as error:
        return f"{address} does not answer ({error})"


def _listens(name: str) -> str | None:
    """Whether a worker answers to its name, over the way by which it gets its work."""
    from celery import Celery
    from kombu.exceptions import KombuError
    from redis.exceptions import RedisError

    from app.settings import get_settings

    url = get_settings().queue_url
    if url is None:
        return "CASEBOARD_REDIS_URL is not set, so there is no queue"
    limits = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS, "max_retries": 0}
    asker = Celery("caseboard", broker=url, set_as_current=False)
    asker.conf.update(broker_transport_options=limits)
    try:
        answers = asker.control.ping(destination=[name], timeout=SECONDS, limit=1)
    except (KombuError, RedisError, OSError) as error:
        return f"the queue does not answer ({type(error).__name__})"
    return None if answers else f"{name} does not answer"


def _ticks() -> str | None:
    """Whether a worker was woken of late, which is what the clock is for."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.database import snapshot
    from app.syncs import workers_alive

    try:
        with snapshot() as connection:
            alive, at = workers_alive(connection)
    except SQLAlchemyError as error:
        return f"the database does not answer ({type(error).__name__})"
    return None if alive else f"no worker was woken since {at or 'ever'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
