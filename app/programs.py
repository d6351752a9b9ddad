"""The programs that Caseboard consists of, as commands."""

import sys

from app.queue import IMAGES, QUEUE

# Threads are made when they are needed; how many work at a time, `app.turnstile` decides.
WEB_WORKERS, WEB_THREADS = 2, 256
CONCURRENCY = 4


def web(bind: str) -> list[str]:
    """The pages and the API: threads, so that one slow reader delays nobody."""
    return [
        sys.executable,
        *("-m", "gunicorn", "--bind", bind),
        *("--worker-class", "gthread", "--workers", str(WEB_WORKERS)),
        *("--threads", str(WEB_THREADS), "--no-control-socket", "--graceful-timeout", "10"),
        *("--config", "python:app.serving"),
        # What the gate takes: addresses tell all filters of a View.
        *("--limit-request-line", "8190"),
        "app.server:create_app()",
    ]


def worker() -> list[str]:
    """Runs the syncs: at most one per source, so a few processes do."""
    return [
        *(sys.executable, "-m", "celery", "-A", "etl.worker", "worker"),
        *("--concurrency", str(CONCURRENCY), "--queues", QUEUE, "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    ]


def image_worker() -> list[str]:
    """Draws images, one at a time, with a browser of its own."""
    return [
        *(sys.executable, "-m", "celery", "-A", "app.images.worker", "worker"),
        *("--concurrency", "1", "--queues", IMAGES, "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--hostname", "images@%h"),
    ]


def beat() -> list[str]:
    """Wakes the workers; it keeps no file, for the database knows what is due."""
    return [
        *(sys.executable, "-m", "celery", "-A", "etl.worker", "beat"),
        *("--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "INFO"),
    ]


def sandbox(*arguments: str) -> list[str]:
    """A made-up portal, JIRA and Bugzilla."""
    return [sys.executable, "-m", "etl.sandbox", *arguments]


def flower(bind: str) -> list[str]:
    """A look into the workers and their queue. It asks nobody who they are (docs/operating.md)."""
    host, _, port = bind.rpartition(":")
    return [
        *(sys.executable, "-m", "celery", "-A", "etl.worker", "flower"),
        *(f"--address={host}", f"--port={port}", "--inspect_timeout=3000"),
    ]
