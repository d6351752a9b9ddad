"""Records on their way into the database, as the text that COPY reads."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from etl.errors import FileRefused
from etl.records import Observation, Record, Rejected, Whole

# A row per observation. Where none of its facts has a time, a number or an actor of its own, there
# is no list of them.
STAGE = """
create temp table staged (
    position bigint, entity text, key text, kind text, told_at timestamptz, seen_at timestamptz,
    fields text[], vals text[], ats timestamptz[], seqs bigint[], actors text[]
) on commit drop
"""

# The actor is part of an index, whose entries are short.
LONGEST_ACTOR = 200
COPY = "copy staged from stdin"

# Fields of a case whose latest value, where there is one, is what its row in `cases` says.
SAID = {
    "severity": "c.severity::text",
    "status": "c.status",
    "owner": "c.owner",
    "account": "c.account",
    "summary": "c.summary",
    "description": "c.description",
    "product": "c.product",
    "product_version": "c.product_version",
    "group": "c.group_name",
    "source": "c.source",
}

# A row per fact, but for what is known at a glance: most of what sources tell was so before. A row
# may end a name too long for it with an ellipsis, at 61 characters (`named`).
UNFOLD = f"""
create temp table staged_facts on commit drop as
select s.position, s.entity, s.key, s.kind, s.told_at, s.seen_at, f.field, f.value,
    coalesce(f.at, s.told_at) as at, coalesce(f.seq, 0) as seq, f.actor
from staged s
left join cases c on c.case_number = s.key and s.entity = 'case' and s.kind = 'state'
    and s.key <> all(cast(:contested as text[]))
cross join lateral unnest(s.fields, s.vals, s.ats, s.seqs, s.actors)
    f (field, value, at, seq, actor)
where (f.value = case f.field
        {" ".join(f"when '{field}' then {said}" for field, said in SAID.items())}
    end and length(f.value) <> 61) is not true
"""  # noqa: S608 - composed of the names above

# No text of PostgreSQL holds NUL; one that slipped through must not cost the whole load.
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None}
_IN_CELL = str.maketrans(_ESCAPES)
# Within a list, a backslash stands before both, and COPY takes one of each two.
_IN_LIST = str.maketrans({**_ESCAPES, "\\": "\\\\\\\\", '"': '\\\\"'})


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
        self.kinds: set[str] = set()
        self._states: set[str] = set()
        # Of which cases something is told more than once, at least.
        self._again: set[str] = set()

    @property
    def contested(self) -> list[str]:
        """Cases of which a field may be told twice; which counts, their rows do not tell."""
        return list(self._again & self._states)

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
                self.kinds.add(record.kind)
                if record.entity == "case":
                    self._note(record)
                yield _line(record)

    def _note(self, record: Observation) -> None:
        if record.kind == "state":
            if record.key in self._states:
                self._again.add(record.key)
            self._states.add(record.key)
        elif record.kind == "event" and any(fact.field in SAID for fact in record.facts):
            self._again.add(record.key)


def _line(record: Observation) -> bytes:
    """An observation as a line of COPY."""
    told, facts = record.told_at, record.facts
    ats = seqs = actors = "\\N"
    if any(fact.at is not told for fact in facts):
        ats = f"{{{','.join([fact.at.isoformat() for fact in facts])}}}"
    if any(fact.seq for fact in facts):
        seqs = f"{{{','.join([str(fact.seq) for fact in facts])}}}"
    if any(fact.actor is not None for fact in facts):
        actors = _list([fact.actor and fact.actor[:LONGEST_ACTOR] for fact in facts])
    return (
        f"{record.position}\t{record.entity}\t{record.key.translate(_IN_CELL)}\t{record.kind}"
        f"\t{_instant(told)}\t{_instant(record.seen_at)}"
        f"\t{_list([fact.field for fact in facts])}\t{_list([fact.value for fact in facts])}"
        f"\t{ats}\t{seqs}\t{actors}\n"
    ).encode("utf-8", "replace")


def _instant(at: datetime | None) -> str:
    return "\\N" if at is None else at.isoformat()


def _list(values: Sequence[str | None]) -> str:
    """Values as an array of texts, in the text format of COPY."""
    cells = ["NULL" if value is None else f'"{value.translate(_IN_LIST)}"' for value in values]
    return f"{{{','.join(cells)}}}"
