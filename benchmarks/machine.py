"""On what it was measured."""

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import psutil
from redis import Redis

from app import database
from app.lock import Servers

PACKAGES = ("dash", "flask", "gunicorn", "plotly", "sqlalchemy", "psycopg2-binary", "celery")


def machine(servers: Servers) -> dict[str, Any]:
    """Processor, memory and versions, by name."""
    with database.engine().connect() as connection:
        postgresql = connection.exec_driver_sql("show server_version").scalar_one()
    with Redis.from_url(servers.redis_url) as redis:
        redis_version = redis.info("server")["redis_version"]
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": str(postgresql).split()[0],
        "redis": redis_version,
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def in_words(told: dict[str, Any]) -> str:
    """The same as a sentence."""
    packages = ", ".join(f"{name} {told[name]}" for name in PACKAGES)
    return (
        f"{told['processor']}, {told['cores']} cores, {told['memory_gb']} GB of memory, "
        f"{told['system']}; PostgreSQL {told['postgresql']} and Redis {told['redis']} on the same "
        f"machine; Python {told['python']}, {packages}."
    )


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
