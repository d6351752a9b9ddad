"""What the settings of reports and messages may be: where they go, and when."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from app.setting_values import address
from app.view import View


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over, and as whom; `tls` is wrapped (smtps), starttls or none."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """The address without its password."""
        scheme, user = (
            "smtps" if self.tls == "wrapped" else "smtp",
            f"{self.user}@" * bool(self.user),
        )
        return f"{scheme}://{user}{self.host}:{self.port}"


def mail_server(text: str) -> MailServer:
    """`smtp://user:password@host:587` (STARTTLS where offered) or `smtps://...:465`."""
    parts = urlsplit(address("smtp", "smtps")(text))
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 25)
    except ValueError:
        raise ValueError("has a port that is no number from 1 to 65535") from None
    if not parts.hostname:
        raise ValueError("names no host: smtp://user:password@host:587")
    if parts.path.strip("/"):
        raise ValueError(
            "has something behind the host; is a # or / of the password not written as %23 or %2F?"
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options not in ({}, {"starttls": "no"}):
        raise ValueError("knows no option but ?starttls=no")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("needs both a user and a password, or neither")
    tls = "wrapped" if parts.scheme == "smtps" else "none" if options else "starttls"
    user, password = (unquote(part) if part else None for part in (parts.username, parts.password))
    if user and tls == "none" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("would send a password unprotected; leave ?starttls=no out")
    return MailServer(parts.hostname, port, tls, user, password)


_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
)


def mail_address(text: str) -> str:
    """One mail address without a name: `team@example.com`."""
    text = text.strip()
    if not _MAIL.fullmatch(text):
        raise ValueError(f"holds {text[:80]!r}, which is not a mail address such as a@example.com")
    return text


def mail_addresses(text: str) -> tuple[str, ...]:
    """One mail address or several, separated by commas; each once."""
    return tuple(dict.fromkeys(mail_address(part) for part in text.split(",")))


def slack_channel(text: str) -> str:
    """A channel of Slack: its id, or its name."""
    text = text.strip()
    if not re.fullmatch(r"#?[^\s#@,:;<>]{1,80}", text):
        raise ValueError(f"is {text[:80]!r}, must be a channel such as C0123456789 or #support")
    return text


def cron(text: str) -> str:
    """A cron line of five fields: minute, hour, day of the month, month, day of the week (UTC)."""
    from celery.schedules import ParseException, crontab  # noqa: PLC0415 - costs a second, rarely met

    try:
        crontab.from_string(text)
    except (ParseException, ValueError, KeyError, RuntimeError):
        raise ValueError(
            f"is {text!r}, must be a cron line (UTC) such as '0 6 * * 1', Mondays at 06:00"
        ) from None
    return text


def view(text: str) -> View:
    """A View's query string, as the address of `/cases` has it behind its `?`."""
    return View.from_query(text)
