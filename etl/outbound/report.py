"""Sending a report: once per period and way, whatever crashes.

A row says that it will be sent before it is, and what became of it after. A row that says "sending"
while nobody sends any more is of a process that died in between: nobody knows whether the report
went out, so it is not sent again by itself. At most once, never a storm; who must look is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlencode

from sqlalchemy import text

from app.database import transaction
from app.report.mail import html_mail
from app.report.plain import plain
from app.report.value import Report
from app.report.words import headline, period_words, title
from app.settings import Settings
from app.view import View
from app.view_fields import write_instant
from etl.errors import Later, Refused, Unsure
from etl.http import Door
from etl.outbound import mail, slack

MOST_LINES = 100
LONGEST_TOLD = 2_000

BEGIN = """
insert into report_sendings (way, period_start, period_end, query)
values (:way, :start, :end, :query)
on conflict (way, period_start, period_end, md5(query)) do update
set state = 'sending', attempts = report_sendings.attempts + 1, begun_at = clock_timestamp(),
    ended_at = null, told = null
returning id
"""
KNOWN = """
select id, state, told from report_sendings
where way = :way and period_start = :start and period_end = :end and md5(query) = md5(:query)
"""
END = """
update report_sendings set state = :state, told = :told, ended_at = clock_timestamp()
where id = :id returning id, state, told
"""


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a report on one way: sent, already (sent before), failed, or unknown.

    `told` says more, for people. `after`: trying again may help, at the earliest in so many
    seconds; None when it will not.
    """

    way: str
    state: str
    told: str = ""
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """How a report goes out: `ways` by name, each doing it and telling what is worth telling."""

    ways: dict[str, Callable[[Report], str]]

    @classmethod
    def of(cls, settings: Settings, door: Door) -> "Sender":
        """The ways that the settings have; `door` is the one to Slack."""
        ways: dict[str, Callable[[Report], str]] = {}
        if settings.smtp_url and settings.mail_from and settings.mail_to:
            ways["mail"] = lambda report: _mail(settings, report)
        if settings.slack_token and settings.report_channel:
            ways["slack"] = lambda report: _slack(settings, door, report)
        return cls(ways)

    def send(
        self, report: Report, *, again: bool = False, fence: Callable[..., None] | None = None
    ) -> list[Sending]:
        """Send a report by every way by which it has not gone out yet.

        The caller holds the source `report`, so that nobody else sends meanwhile. `again` sends
        also what was sent, or may have been. `fence` is called in the transaction that notes the
        intent, and stops it when the run is not ours any more.
        """
        return [self._send(way, report, again=again, fence=fence) for way in self.ways]

    def _send(
        self, way: str, report: Report, *, again: bool, fence: Callable[..., None] | None
    ) -> Sending:
        key = {"way": way, "start": report.start, "end": report.end, "query": report.query}
        with transaction() as connection:
            if fence:
                fence(connection)
            known = connection.execute(text(KNOWN), key).first()
            if known and known.state == "sending":
                # We hold the source: whoever wrote this is no more.
                doubt = {"id": known.id, "state": "unknown", "told": _in_doubt(report)}
                known = connection.execute(text(END), doubt).one()
            if known and known.state != "failed" and not again:
                state = "already" if known.state == "sent" else known.state
                return Sending(way, state, known.told or "")
            begun = connection.execute(text(BEGIN), key).scalar_one()
        ended = _attempt(way, self.ways[way], report)
        with transaction() as connection:
            told = {"id": begun, "state": ended.state, "told": ended.told[:LONGEST_TOLD] or None}
            connection.execute(text(END), told)
        return ended


def address_of(settings: Settings, report: Report) -> str:
    """Where the page of a report is."""
    query = View.from_query(report.query).but(state=View().state).to_query()
    period = urlencode({"from": write_instant(report.start), "to": write_instant(report.end)})
    return f"{settings.base_url.rstrip('/')}/weekly?{'&'.join(filter(None, (query, period)))}"


def subject(report: Report) -> str:
    """What a mail of a report is called."""
    return f"Weekly report, {title(report)}"


def _attempt(way: str, act: Callable[[Report], str], report: Report) -> Sending:
    try:
        return Sending(way, "sent", act(report))
    except Later as fault:
        return Sending(way, "failed", str(fault), fault.after or 0.0)
    except Refused as fault:
        return Sending(way, "failed", str(fault))
    except Unsure as fault:
        return Sending(way, "unknown", f"{fault} {_in_doubt(report)}")


def _in_doubt(report: Report) -> str:
    zone = View.from_query(report.query).tz
    return (
        f"It is not known whether the report of {period_words(report.start, report.end, zone)} "
        "arrived. Look there; if it did not: caseboard report weekly --send --again "
        f"--from {write_instant(report.start)} --to {write_instant(report.end)}"
    )


def _mail(settings: Settings, report: Report) -> str:
    assert settings.smtp_url and settings.mail_from  # noqa: S101, PT018 - Sender.of has looked
    address = address_of(settings, report)
    base = settings.base_url.rstrip("/")
    told = f"{report.start.isoformat()} {report.end.isoformat()} {report.query}"
    message = mail.letter(
        settings.mail_from,
        settings.mail_to,
        subject(report),
        plain(report, address, MOST_LINES),
        html_mail(report, base, address, MOST_LINES),
        key=f"report.{sha256(told.encode()).hexdigest()[:32]}",
        at=datetime.now(UTC),
    )
    return mail.send(settings.smtp_url, settings.mail_from, settings.mail_to, message)


def _slack(settings: Settings, door: Door, report: Report) -> str:
    heading, numbers = slack.escaped(title(report)), slack.escaped(headline(report))
    link = f"<{slack.escaped(address_of(settings, report))}|Open the report>"
    words = f"*Weekly report*, {heading}\n{numbers}\n{link}"
    slack.post(door, settings, str(settings.report_channel), words)
    return ""
