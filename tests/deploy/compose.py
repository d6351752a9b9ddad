"""docker-compose.yml as a test reads it, and its services run natively: same commands, same health."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
OURS = ("migrate", "web", "worker", "images", "beat", "flower", "backup", "sandbox")
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^}]*))?\}")


class NotSet(Exception):
    """A variable without which compose refuses to start; the message is what it says."""


def interpolated(value: Any, variables: Mapping[str, str]) -> Any:
    """A value of the file as compose sees it (`${NAME}`, `${NAME:-default}`, `${NAME:?message}`)."""
    if isinstance(value, dict):
        return {name: interpolated(one, variables) for name, one in value.items()}
    if isinstance(value, list):
        return [interpolated(one, variables) for one in value]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        name, sign, text = found.groups()
        if name is None:
            return "$"
        told = variables.get(name)
        if told:
            return told
        if sign == ":?":
            raise NotSet(f"{name} {text}")
        return text if sign == ":-" else ""

    return VARIABLE.sub(put, value)


def services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The services with everything put in."""
    told = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return interpolated(told["services"], variables)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Native:
    """The containers as processes of this machine.

    `places` maps host:port of the file to those of this machine, in settings and in commands alike.
    """

    folder: Path
    services: dict[str, dict[str, Any]]
    places: dict[str, str]
    postgres: Any
    extra: dict[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    def here(self, text: str) -> str:
        for there, here in self.places.items():
            text = text.replace(there, here)
        return text

    def environment(self, name: str) -> dict[str, str]:
        """What a container would be given, and what this machine needs to run anything."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("CASEBOARD_", "TEST_"))}
        service = self.services[name]
        told = {k: self.here(v) for k, v in service.get("environment", {}).items()}
        # What only .env says reaches those who are given it.
        extra = self.extra if "env_file" in service else {}
        return {**plain, "PYTHONPATH": str(ROOT), **extra, **told}

    def command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "app.cli", *map(self.here, self.services[name]["command"])]

    def start(self, name: str) -> subprocess.Popen:
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.command(name), cwd=ROOT, env=self.environment(name), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        return self.running[name]

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def is_healthy(self, name: str) -> bool:
        """The health check of the file, with the port of this machine."""
        test = list(self.services[name]["healthcheck"]["test"])
        assert test[:2] == ["CMD", "python"], f"{name}: a health check needs nothing but Python"
        command = [sys.executable, *map(self.here, test[2:])]
        port = self.places.get(f"0.0.0.0:{'5555' if name == 'flower' else '8050'}", "")
        if name in {"web", "flower"}:
            command.append(port.rpartition(":")[2])
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(name), capture_output=True, check=False
        )
        return done.returncode == 0

    def wait_until_healthy(self, name: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_healthy(name):
            dead = self.running[name].poll() is not None
            if dead or time.monotonic() > deadline:
                raise AssertionError(f"{name} is not well:\n{self.log(name).read_text()[-4000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
