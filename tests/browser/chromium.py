"""Where a Chromium is, and making one available where that is possible."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """The path of a Chromium of this machine, or of the one that Playwright has brought."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.access(path, os.X_OK) else None


def install() -> None:
    """Try Debian's package as root, else Playwright's own download; quiet when neither works."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _quietly(["apt-get", "update", "-qq"])
        _quietly(["apt-get", "install", "-y", "-qq", "chromium"])
    if find() is None:
        _quietly([sys.executable, "-m", "playwright", "install", "chromium"])


def _quietly(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(
        command, timeout=600, env=environment, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


if __name__ == "__main__":
    if find() is None:
        print("No Chromium here; trying to install one for the browser tests ...", flush=True)
        install()
        if find() is None:
            print("None could be had: the browser tests will be skipped.")
