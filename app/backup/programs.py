"""pg_dump and pg_restore of the server's own major version, and how they are run.

A newer pg_dump writes settings that an older server does not know, an older one refuses a newer
server: so both programs must be of the server's major version.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from app.backup import BackupError
from app.database import engine
from app.local import POSTGRES_BIN
from app.processes import environment
from app.settings import get_settings

DEBIAN = "/usr/lib/postgresql/{major}/bin"
VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")
LAST_LINES = 6


def server_version() -> tuple[int, str]:
    """The server's major version, and its version in full."""
    with engine().connect() as connection:
        number = connection.exec_driver_sql("show server_version_num").scalar_one()
        told = connection.exec_driver_sql("show server_version").scalar_one()
    return int(number) // 10_000, str(told)


def program(name: str, major: int) -> Path:
    """Where a client program of that major version is; BackupError when it is nowhere."""
    wanted = get_settings().postgresql_bin
    if wanted:
        places = [Path(wanted) / name]
    else:
        on_path = shutil.which(name)
        places = [Path(on_path)] if on_path else []
        places += [Path(DEBIAN.format(major=major)) / name, POSTGRES_BIN / name]
    found = {place: version for place in places if (version := _version(place)) is not None}
    for place, (number, _) in found.items():
        if number == major:
            return place
    seen = ", ".join(f"{place} is of {number}{rest}" for place, (number, rest) in found.items())
    raise BackupError(
        f"The server is a PostgreSQL {major}, which needs {name} of version {major}; "
        f"{seen or f'{name} was not found'}. Install PostgreSQL's client programs of version "
        f"{major} (on Debian: postgresql-client-{major}), or name their folder in "
        "CASEBOARD_POSTGRESQL_BIN."
    )


def _version(place: Path) -> tuple[int, str] | None:
    """Major version and the rest of it, None where no such program runs."""
    try:
        told = subprocess.run(  # noqa: S603 - a path of ours or of the settings, no shell
            [str(place), "--version"], capture_output=True, text=True, check=False, timeout=30
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = VERSION.search(told)
    return (int(match[1]), match[2]) if match else None


@contextmanager
def running(command: list[str], errors: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a client program on our database beside the block; it ends with the block.

    The password travels in the environment, where other users of the machine cannot see it.
    """
    url = make_url(str(get_settings().database_url)).set(drivername="postgresql")
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    address = url.set(password=None).render_as_string(hide_password=False)
    process = subprocess.Popen(  # noqa: S603 - our own command, no shell
        [*command, f"--dbname={address}", "--no-password"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=environment(PGOPTIONS="-c statement_timeout=0", **secret),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def succeeded(process: subprocess.Popen[bytes], name: str, errors: IO[str]) -> None:
    """Wait for the end; BackupError with the program's last words when it failed."""
    if process.wait() != 0:
        errors.seek(0)
        told = [line for line in errors.read().splitlines() if line.strip()]
        words = "\n".join(f"    {line}" for line in told[-LAST_LINES:]) or "    (it said nothing)"
        raise BackupError(f"{name} failed:\n{words}")
