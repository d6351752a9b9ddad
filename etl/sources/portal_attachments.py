"""The files attached to a case, as the portal tells them now; nothing of it is stored."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from app.settings import Settings
from etl.errors import UNREADABLE, Malformed, reason
from etl.sources.portal import connected
from etl.sources.texts import clean, instant

KILOBYTE = 1024
UNDATED = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a case. `at` is UTC; None stands for what the portal does not tell.

    `link` is where the portal hands the file out, to whoever may read the case there; `restricted`
    says that it hands it out to fewer.
    """

    uuid: str | None
    name: str
    type: str | None
    size: int | None
    description: str | None
    by: str | None
    at: datetime | None
    link: str | None
    private: bool
    restricted: bool


@dataclass(frozen=True, slots=True)
class Attached:
    """The files of a case, oldest first, and why entries of the answer could not be read."""

    files: list[Attachment]
    unreadable: list[str]


def attachments(settings: Settings, number: str) -> Attached:
    """Ask the portal for the files of a case.

    Missing when it does not give us the case, Later when it cannot answer now, Refused when the
    portal is not connected or does not let us in.
    """
    files, unreadable = [], []
    told = connected(settings, "attachments").attachments(number)
    for place, entry in enumerate(told, start=1):
        try:
            files.append(_attachment(entry))
        except UNREADABLE as fault:
            unreadable.append(f"entry {place} {reason(fault)}")
    return Attached(sorted(files, key=_age), unreadable)


def _attachment(told: dict[str, Any]) -> Attachment:
    name = clean(told.get("fileName"))
    if not name:
        raise Malformed("has no fileName")
    return Attachment(
        uuid=clean(told.get("uuid")),
        name=name,
        type=clean(told.get("fileType")),
        size=_size(told),
        description=clean(told.get("description")),
        by=clean(told.get("createdBy")),
        at=instant(told.get("createdDate"), "createdDate"),
        link=_link(clean(told.get("link"))),
        private=told.get("isPrivate") is True,
        restricted=told.get("downloadRestricted") is True,
    )


def _size(told: dict[str, Any]) -> int | None:
    """Bytes; the portal tells them, or kilobytes, or both."""
    for name, unit in (("size", 1), ("sizeKB", KILOBYTE)):
        value = told.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Malformed(f"{name} {str(value)[:60]!r} is not a size")
        return round(value * unit)
    return None


def _link(told: str | None) -> str | None:
    """An address of the web; nothing else is to be followed."""
    return told if told and urlsplit(told).scheme in {"https", "http"} else None


def _age(file: Attachment) -> tuple[datetime, str, str]:
    return file.at or UNDATED, file.name, file.uuid or ""
