"""The records of a CSV file, each with its line number; one bad line costs only itself.

`csv` alone would let a stray quote swallow the rest of a file, and a wrong byte end it.
"""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from etl.errors import FileRefused

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_RECORD_LINES = 200
LONGEST_RECORD_BYTES = 1_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Line:
    """A record: its cells, or why it has none, and its raw text for the quarantine."""

    number: int
    cells: list[str] | None
    fault: str
    raw: str


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], Callable[[], int], int]]:
    """The bytes of a file, unpacked when it is gzip; with its position and size on disk.

    FileRefused when there is no such file.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            packed = file.read(2) == GZIP_MAGIC
            file.seek(0)
            stream: IO[bytes] = gzip.GzipFile(fileobj=file) if packed else file  # type: ignore[assignment]
            yield stream, file.tell, size
    except IsADirectoryError:
        raise FileRefused(f"{path} is a folder; name a file.") from None
    except FileNotFoundError:
        raise FileRefused(f"There is no file {path}.") from None
    except PermissionError:
        raise FileRefused(f"{path} may not be read; check its permissions.") from None


def read_lines(path: Path, delimiter: str, progress: Progress | None = None) -> Iterator[Line]:
    """Every record of a file, the header first, without empty lines.

    FileRefused for a file that is empty, binary, or whose gzip is cut or damaged: such a file has
    lost lines, so none of it may count as read.
    """
    with opened(path) as (stream, position, size):
        number = 0
        try:
            for number, raw in _records(stream):
                if number == 1:
                    _refuse_binary(path, raw)
                if progress and number % 1000 == 0:
                    progress(position(), size)
                if raw.strip():
                    yield _line(number, raw, delimiter)
        except EOFError:
            fault = f"{path.name} is cut short after line {number:,}; nothing was imported."
            raise FileRefused(f"{fault} Fetch the file again.") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            fault = f"{path.name} is damaged after line {number:,} ({error}); nothing was imported."
            raise FileRefused(f"{fault} Fetch the file again.") from None
        if number == 0:
            raise FileRefused(f"{path.name} is empty; nothing was imported.")
        if progress:
            progress(size, size)


def _refuse_binary(path: Path, head: bytes) -> None:
    if b"\x00" in head or len(head) > LONGEST_RECORD_BYTES:
        raise FileRefused(f"{path.name} is not a CSV text but binary; nothing was imported.")


def _records(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Physical lines put together while a quote is open: (number of the first line, bytes).

    A quote that is never closed within the limits is taken as part of its one line.
    """
    waiting: list[bytes] = []
    number = 0
    while True:
        line = waiting.pop(0) if waiting else stream.readline(LONGEST_RECORD_BYTES)
        if not line:
            return
        number += 1
        if line.count(b'"') % 2 == 0:
            yield number, line
            continue
        ahead = _until_closed(stream, waiting)
        whole = b"".join([line, *waiting[:ahead]])
        del waiting[:ahead]
        yield number, whole
        number += ahead


def _until_closed(stream: IO[bytes], waiting: list[bytes]) -> int:
    """How many of the next lines belong to the open quote; 0 when none of them closes it."""
    size = 0
    for place in range(LONGEST_RECORD_LINES):
        if place == len(waiting):
            line = stream.readline(LONGEST_RECORD_BYTES)
            if not line:
                return 0
            waiting.append(line)
        size += len(waiting[place])
        if size > LONGEST_RECORD_BYTES:
            return 0
        if waiting[place].count(b'"') % 2 == 1:
            return place + 1
    return 0


def _line(number: int, raw: bytes, delimiter: str) -> Line:
    shown = raw.decode("utf-8", "backslashreplace").rstrip("\r\n").replace("\x00", "\\x00")
    if b"\x00" in raw:
        return Line(number, None, "holds a NUL byte", shown)
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        fault = f"is not UTF-8: byte 0x{byte:02x} at place {error.start + 1} of the line"
        return Line(number, None, fault, shown)
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        return Line(number, None, f"is not CSV: {error}", shown)
    return Line(number, cells, "", shown)
