"""A Chromium without a screen, spoken to through two pipes in its DevTools protocol.

Nothing it is asked can take longer than its deadline: whoever misses it is killed, whole, and the
next question starts another. It ends when we do, also when we are killed. It reaches no network.
"""

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import psutil

from app.settings import get_settings

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
# Chromium reads its orders from file 3 and answers to file 4.
PIPES = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1'
CHUNK = 1 << 16
FOLDERS, STALE_SECONDS = "caseboard-chromium-", 600
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, CAP_SYS_NICE = 1, 24, 23
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-background-networking",
    # The suggestions of an address bar that nobody sees: two more pages, with a process of theirs.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
    "--force-color-profile=srgb",
    "--js-flags=--max-old-space-size=256",
    # Pictures need nothing from outside, so nothing may be had.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
)


class BrowserFailed(Exception):
    """The browser could not be started, ended, or answered with a fault."""


class PageFailed(BrowserFailed):
    """A script of the page ended with a fault; the browser is well."""


class BrowserTooSlow(BrowserFailed):
    """The browser did not answer in time, and was killed."""


def find() -> str | None:
    """The path of the Chromium to draw with: the one of the settings, else one of this machine."""
    asked = get_settings().chromium
    if asked:
        return shutil.which(asked)
    found = (shutil.which(name) for name in (*NAMES, *PLACES))
    return next((path for path in found if path), None)


class Browser:
    """One Chromium and one empty page in it. Use it from one thread only."""

    def __init__(self, path: str, seconds: float) -> None:
        """Start it; BrowserFailed when it does not come up within `seconds`."""
        self._number, self._told = 0, bytearray()
        _sweep()
        self._folder = tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        try:
            self._process = _start(path, self._folder, theirs_in, theirs_out)
        except OSError as error:
            os.close(self._out)
            os.close(self._in)
            shutil.rmtree(self._folder, ignore_errors=True)
            raise BrowserFailed(f"{path} cannot be started: {error}") from None
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(self._out, False)
        deadline = time.monotonic() + seconds
        page = self._call("Target.createTarget", {"url": "about:blank"}, deadline)["targetId"]
        attached = {"targetId": page, "flatten": True}
        self._page = self._call("Target.attachToTarget", attached, deadline)["sessionId"]

    def run(self, script: str, seconds: float) -> Any:
        """What a script of the page tells in the end; PageFailed with its fault if it fails."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        deadline = time.monotonic() + seconds
        told = self._call("Runtime.evaluate", asked, deadline, self._page)
        fault = told.get("exceptionDetails")
        if fault:
            words = fault.get("exception", {}).get("description") or fault.get("text")
            raise PageFailed(f"the page failed: {str(words)[:300]}")
        return told["result"].get("value")

    def memory(self) -> int:
        """The bytes of memory that all its processes hold; what they share counts once (Linux)."""
        held = 0
        with suppress(psutil.Error):
            root = psutil.Process(self._process.pid)
            for one in (root, *root.children(recursive=True)):
                with suppress(psutil.Error):
                    told = one.memory_full_info() if sys.platform == "linux" else one.memory_info()
                    held += getattr(told, "pss", told.rss)
        return held

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it and all its processes, at once, and leave nothing behind."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for end in (self._in, self._out):
            with suppress(OSError):
                os.close(end)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _call(
        self, method: str, given: dict[str, Any], deadline: float, page: str | None = None
    ) -> dict[str, Any]:
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": given}
        if page:
            asked["sessionId"] = page
        try:
            self._send(orjson.dumps(asked) + b"\0", deadline)
            while True:
                told: dict[str, Any] = orjson.loads(self._message(deadline))
                if told.get("id") == self._number:
                    break
        except (BrowserFailed, OSError) as error:
            self.close()
            if isinstance(error, BrowserFailed):
                raise
            raise BrowserFailed(f"Chromium ended by itself ({error})") from None
        if "error" in told:
            raise BrowserFailed(f"{method}: {told['error'].get('message')}")
        result: dict[str, Any] = told["result"]
        return result

    def _send(self, message: bytes, deadline: float) -> None:
        left = memoryview(message)
        while left:
            _wait(deadline, writes=self._out)
            left = left[os.write(self._out, left[:CHUNK]) :]

    def _message(self, deadline: float) -> bytes:
        while True:
            end = self._told.find(b"\0")
            if end >= 0:
                message = bytes(self._told[:end])
                del self._told[: end + 1]
                return message
            _wait(deadline, reads=self._in)
            more = os.read(self._in, CHUNK * 16)
            if not more:
                raise BrowserFailed("Chromium ended by itself")
            self._told += more


def _wait(deadline: float, *, reads: int | None = None, writes: int | None = None) -> None:
    left = deadline - time.monotonic()
    ready = select.select(
        [] if reads is None else [reads], [] if writes is None else [writes], [], max(left, 0)
    )
    if left <= 0 or not any(ready):
        raise BrowserTooSlow("Chromium did not answer in time and was ended")


def _sweep() -> None:
    """Take away the folders of browsers whose owner was killed before it could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        owner = folder.name.removeprefix(FOLDERS).partition("-")[0]
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > STALE_SECONDS
            if owner.isdigit() and not psutil.pid_exists(int(owner)) and old:
                shutil.rmtree(folder, ignore_errors=True)


def _start(path: str, folder: str, reads: int, writes: int) -> subprocess.Popen[bytes]:
    flags = [*FLAGS, f"--user-data-dir={folder}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium has none for root
    return subprocess.Popen(  # noqa: S603 - our own command; the shell moves the pipes, no more
        ["/bin/sh", "-c", PIPES, "sh", path, *flags, "about:blank"],
        stdin=reads,
        stdout=writes,
        cwd=folder,
        process_group=0,
        preexec_fn=_prepare(),  # noqa: PLW1509 - the worker that draws has one thread
    )


def _prepare() -> Callable[[], None] | None:
    """What the browser does before it starts: ask to end with us, and to stay behind with us."""
    if not sys.platform.startswith("linux"):
        return None  # there it ends when its pipes do
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # As root it would set itself before everything else, whatever we are.
        libc.prctl(PR_CAPBSET_DROP, CAP_SYS_NICE, 0, 0, 0)

    return prepare
