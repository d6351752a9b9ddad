"""Child processes that do not outlive us: started, watched, and stopped in order."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 15.0


class StartFailed(Exception):
    """A process that did not come up; the message is for people and ends with its last words."""


@dataclass(slots=True)
class Child:
    """A running process of ours and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    begin: Callable[[], subprocess.Popen[bytes]]

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def restart(self) -> None:
        """Start it anew, after it has ended."""
        self.process = self.begin()

    def ask_to_stop(self) -> None:
        """Begin to end it, without waiting."""
        if self.alive():
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """End it: politely, and after `STOP_SECONDS` for good."""
        stop([self])

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, indented for a message."""
        told = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line}" for line in told) or "    (its log is empty)"


def environment(**laid_over: str) -> dict[str, str]:
    """Our environment for a child, with some variables laid over it."""
    return {**os.environ, **laid_over}


def start(
    name: str,
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a process whose output goes to `log` and which ends when we do, even if we are killed.

    `environment` is laid over our own; `user` is the uid (and gid) to run as.
    """

    def begin() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own commands, no shell
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd="/" if user is not None else None,
                user=user,
                group=user,
                extra_groups=[] if user is not None else None,
                # A Ctrl-C at the terminal reaches us alone; we stop the others in order.
                start_new_session=True,
                preexec_fn=_die_with_parent(stop_signal),  # noqa: PLW1509 - we start no threads
            )

    return Child(name, begin(), log, stop_signal, begin)


def stop(children: Sequence[Child]) -> None:
    """End some at the same time: politely, and after `STOP_SECONDS` in all for good."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def wait_until(child: Child, ready: Callable[[], bool], seconds: float) -> None:
    """Wait until `ready()`; StartFailed when the process ends or the time is over before that."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not child.alive():
            raise StartFailed(f"{child.name} ended while starting:\n{child.last_words()}")
        if time.monotonic() > deadline:
            child.stop()
            fault = f"{child.name} was not ready after {seconds:.0f} s"
            raise StartFailed(f"{fault}:\n{child.last_words()}")
        time.sleep(0.05)


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child does before it starts: ask Linux for a signal when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))

    return ask
