"""The manifest of a backup: what it is of, and what must come out of it; a JSON file beside it."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import orjson

from app.backup import BackupError

FORMAT = 1
SUFFIX = ".json"
CHUNK = 1 << 20
SEAL = "manifest_sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`taken_at` is ISO 8601 UTC; `sha256` and `size` (bytes) are those of the dump.

    `revision` is that of the tables, `tables` their rows and hashes, `left_out` those whose rows
    are not in the dump. `catalogue` holds the metrics by instant; None when the tables were older
    than the Caseboard that made the backup.
    """

    format: int = FORMAT
    taken_at: str
    caseboard: str
    revision: str
    postgresql: str
    postgresql_major: int
    data_version: int | None
    size: int
    sha256: str
    left_out: tuple[str, ...]
    tables: Mapping[str, Mapping[str, Any]]
    catalogue: Mapping[str, Any] | None

    @property
    def rows(self) -> int:
        """How many rows the dump holds."""
        return sum(int(told["rows"]) for told in self.tables.values())

    def to_bytes(self) -> bytes:
        """The file: JSON that ends with the checksum of itself."""
        body = asdict(self)
        return _written({**body, SEAL: hashlib.sha256(_written(body)).hexdigest()})


def manifest_of(dump: Path) -> Path:
    """Where the manifest of a dump lies."""
    return dump.with_name(dump.name + SUFFIX)


def read(dump: Path) -> Manifest:
    """The manifest of a dump; BackupError when there is none, or it is not as it was written."""
    path = manifest_of(dump)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BackupError(
            f"{path} is missing: a backup is the dump and the manifest beside it, which says what "
            "must come out of it. Without it, restore by hand with pg_restore."
        ) from None
    except OSError as fault:
        raise BackupError(f"{path} cannot be read: {fault.strerror}.") from None
    damaged = BackupError(f"{path} is damaged: it is not as it was written. Use another backup.")
    try:
        told = orjson.loads(raw)
        seal = told.pop(SEAL)
        if _written({**told, SEAL: seal}) != raw or _digest(told) != seal:
            raise damaged
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None
    if told["format"] > FORMAT:
        raise BackupError(
            f"{path} was written by Caseboard {told['caseboard']}, in a form that this version "
            "does not know; restore it with that version or a newer one."
        )
    known = {item.name for item in fields(Manifest)}
    return Manifest(**{name: value for name, value in told.items() if name in known})


def verify(dump: Path, manifest: Manifest) -> None:
    """BackupError when the dump is not, byte for byte, the one that was written."""
    try:
        size = dump.stat().st_size
        found = "" if size != manifest.size else sha256(dump)
    except OSError as fault:
        raise BackupError(f"{dump} cannot be read: {fault.strerror}.") from None
    if size != manifest.size:
        raise BackupError(
            f"{dump} is damaged: it has {size:,} bytes, and had {manifest.size:,} when it was "
            "written. Use another backup."
        )
    if found != manifest.sha256:
        raise BackupError(
            f"{dump} is damaged: its checksum is not the one it had when it was written. "
            "Use another backup."
        )


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _digest(body: Any) -> str:
    return hashlib.sha256(_written(body)).hexdigest()


def _written(body: Any) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
