"""Log lines: JSON with the id of the request or the run, or text for people at a terminal.

What a line is about is bound for the length of a request or a run, so that every line inside names
it. Secrets of the settings are masked wherever they turn up.
"""

import logging
import logging.config
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from app.message_values import MailServer
from app.settings import Settings, declared, get_settings

MASK = "****"
# PostgreSQL quotes the row that it refuses, texts of cases included.
QUOTED = re.compile(r"(DETAIL: ).*")
LEAST_SECRET = 6  # a shorter one would mask words that are no secret
# They tell of every message of a clock that ticks four times a minute.
TALKATIVE = ("alembic", "celery.worker.strategy", "celery.app.trace", "celery.beat")

_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))


def bind(**about: Any) -> None:
    """What all further lines of this thread are about, instead of what they were about before."""
    _about.set(about)


@contextmanager
def bound(**about: Any) -> Iterator[None]:
    """The same for the length of a block, added to what is bound already."""
    before = _about.set({**_about.get(), **about})
    try:
        yield
    finally:
        _about.reset(before)


class Form(logging.Formatter):
    """How a line is written. A record's `fields` (a mapping) become members of their own."""

    def __init__(self, form: str, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._json = form == "json"
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """One line; in text a traceback follows on lines of its own."""
        about = {**_about.get(), **getattr(record, "fields", {})}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = self._masked(record.getMessage())
        error = self._masked(self.formatException(record.exc_info)) if record.exc_info else ""
        if not self._json:
            ids = "".join(f" {name}={value}" for name, value in about.items())
            line = f"{at} {record.levelname} {record.name}{ids}: {told}"
            # No text of somebody else's may begin a line that looks like ours.
            line = line.replace("\r", "\\r").replace("\n", "\\n")
            return f"{line}\n{error}" if error else line
        body = {"time": at, "level": record.levelname, "logger": record.name, "message": told}
        if error:
            body["error"] = error
        return orjson.dumps({**body, **about}, default=str).decode("utf-8", "replace")

    def _masked(self, text: str) -> str:
        text = QUOTED.sub(rf"\1{MASK}", text)
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text


def form() -> Form:
    """How lines are written by the settings in force."""
    settings = get_settings()
    return Form(settings.log_format, secrets_of(settings))


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Everything that no line may tell, the longest first: a part must not uncover the rest."""
    found: set[str] = set()
    for item in declared():
        value = getattr(settings, item.name)
        if not item.metadata["secret"] or not value:
            continue
        if isinstance(value, MailServer):
            found.add(value.password or "")
        elif isinstance(value, tuple):
            found.update(value)
        elif "://" in value:
            password = urlsplit(value).password or ""
            found |= {password, unquote(password)}
        else:
            found.add(value)
    return tuple(sorted((one for one in found if len(one) >= LEAST_SECRET), key=len, reverse=True))


def configuration() -> dict[str, Any]:
    """The logging of a process, in the form that `logging.config.dictConfig` takes."""
    quiet = {"level": "WARNING"}
    plain = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ours": {"()": "app.logs.form"}},
        "handlers": {
            "ours": {
                "class": "logging.StreamHandler",
                "formatter": "ours",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": get_settings().log_level, "handlers": ["ours"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", **plain},
            "gunicorn.access": {"level": "INFO", **plain},
            **dict.fromkeys(TALKATIVE, quiet),
        },
    }


def set_up() -> None:
    """Log as the settings say, unless somebody else (gunicorn, a test) has seen to it already."""
    if not logging.getLogger().handlers:
        logging.config.dictConfig(configuration())
