"""The sandbox of `caseboard up`: made-up sources for who has not connected any yet."""

import json
import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app import programs
from app.processes import Child, port_is_free, start, wait_until
from app.settings import Settings

SECONDS = 60.0
CASES = 1_000
DAYS = 365


def is_wanted(settings: Settings) -> bool:
    """Whether no source is connected, so that made-up ones are welcome."""
    return not (settings.portal_url or settings.jira_url or settings.bugzilla_url)


def serve(data_dir: Path, port: int) -> tuple[Child, dict[str, str]]:
    """Start the sandbox; its process, and the settings that connect to it.

    Its world begins a year before its first start and ages with the real clock ever after.
    """
    ports = [str(p if port_is_free(p) else _any_port()) for p in range(port + 1, port + 4)]
    begun = _begun(data_dir)
    child = start(
        "The sandbox",
        programs.sandbox("--ports", *ports, "--cases", str(CASES), "--start", begun),
        data_dir / "logs" / "sandbox.log",
    )
    address = f"http://127.0.0.1:{ports[0]}/control"
    wait_until(child, lambda: bool(_settings(address)), SECONDS)
    return child, _settings(address)


def _begun(data_dir: Path) -> str:
    path = data_dir / "sandbox_start"
    if not path.exists():
        begun = datetime.now(UTC).replace(microsecond=0) - timedelta(days=DAYS)
        path.write_text(begun.isoformat())
    return path.read_text().strip()


def _settings(address: str) -> dict[str, str]:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own address
            told: dict[str, str] = json.load(answer)["environment"]
            return told
    except (urllib.error.URLError, OSError, ValueError, KeyError):
        return {}


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
