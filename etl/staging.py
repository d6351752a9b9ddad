"""Records on their way into the database, as the text that COPY reads."""

from collections.abc import Iterable, Iterator

from etl.errors import FileRefused
from etl.records import Observation, Record, Rejected, Whole

STAGE = """
create temp table staged_facts (
    position bigint, entity text, key text, kind text, told_at timestamptz, seen_at timestamptz,
    field text, value text, at timestamptz, seq bigint, actor text
) on commit drop
"""

# The actor is part of an index, whose entries are short.
LONGEST_ACTOR = 200
COPY = "copy staged_facts from stdin"

# No text of PostgreSQL holds NUL; one that slipped through must not cost the whole load.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


class Staging:
    """Records as COPY's text, made as it asks for it; counts and keeps what goes through."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._lines = self._copied(records)
        self._rest = b""
        self.refusal: FileRefused | None = None
        self.rejected: list[Rejected] = []
        self.wholes: list[Whole] = []
        self.positions: set[int] = set()
        self.keys: set[str] = set()

    @property
    def read_count(self) -> int:
        """How many records of the source went through, understood or not."""
        return len(self.positions) + len(self.rejected)

    def read(self, size: int) -> bytes:
        """The next bytes for COPY, at most `size`."""
        parts, length = [self._rest], len(self._rest)
        while length < size:
            line = self._next()
            if line is None:
                break
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]

    def _next(self) -> bytes | None:
        try:
            return next(self._lines, None)
        except FileRefused as refusal:
            self.refusal = refusal
            raise

    def _copied(self, records: Iterable[Record]) -> Iterator[bytes]:
        for record in records:
            if isinstance(record, Rejected):
                self.rejected.append(record)
            elif isinstance(record, Whole):
                self.wholes.append(record)
            else:
                self.positions.add(record.position)
                self.keys.add(record.key)
                yield _lines(record)


def _lines(record: Observation) -> bytes:
    told = "\\N" if record.told_at is None else record.told_at.isoformat()
    seen = "\\N" if record.seen_at is None else record.seen_at.isoformat()
    head = f"{record.position}\t{record.entity}\t{_cell(record.key)}\t{record.kind}\t{told}\t{seen}"
    return "".join(
        f"{head}\t{fact.field}\t{_cell(fact.value)}\t{fact.at.isoformat()}\t{fact.seq}"
        f"\t{_cell(fact.actor, LONGEST_ACTOR)}\n"
        for fact in record.facts
    ).encode("utf-8", "replace")


def _cell(value: str | None, longest: int | None = None) -> str:
    """A value in the text format of COPY, its first `longest` characters."""
    return "\\N" if value is None else value[:longest].translate(_ESCAPES)
