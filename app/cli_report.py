"""The command `caseboard report`: the weekly report on the terminal, or sent."""

import argparse
import sys
import time
from datetime import UTC, datetime

from rich.console import Console

from app.report.value import Report
from app.settings import get_settings

err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

BUSY_SECONDS = 2.0
MARKS = {"sent": "sent", "already": "was sent before", "failed": "not sent", "unknown": "in doubt"}


def report_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said to the command."""
    parser.add_argument("what", choices=("weekly",), help="which report")
    parser.add_argument("--from", dest="start", metavar="ISO", help="default: seven days ago")
    parser.add_argument("--to", dest="end", metavar="ISO", help="default: the last midnight")
    parser.add_argument("--view", metavar="QUERY", help="default: CASEBOARD_REPORT_VIEW")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as Markdown instead of text")
    form.add_argument("--html", action="store_true", help="as the HTML of the mail")
    form.add_argument("--send", action="store_true", help="send it by mail and to Slack")
    parser.add_argument("--again", action="store_true", help="also what was sent, or may have been")


def report(asked: argparse.Namespace) -> int:
    """Make the report of a period and print or send it; without a period, the last seven days.

    The exit status: 0 done, 1 not all was sent, 2 misused.
    """
    from app.report.make import make
    from app.report.period import days_before
    from app.view import View
    from app.view_fields import ParameterError, parse_instant

    settings = get_settings()
    try:
        view = settings.report_view if asked.view is None else View.from_query(asked.view)
        start, end = days_before(datetime.now(UTC), view.tz)
        end = parse_instant("--to", asked.end, view.tz) if asked.end else end
        if asked.start or asked.end:
            start = days_before(end, view.tz)[0]
        start = parse_instant("--from", asked.start, view.tz) if asked.start else start
    except ParameterError as fault:
        err.print(str(fault), markup=False)
        return 2
    if start >= end:
        err.print("--from is not before --to.")
        return 2
    if asked.again and not asked.send:
        err.print("--again goes with --send.")
        return 2
    made = make(view, start, end)
    return _send(made, again=asked.again) if asked.send else _print(made, asked)


def _print(made: Report, asked: argparse.Namespace) -> int:
    from app.report.mail import html_mail
    from app.report.markdown import markdown
    from app.report.plain import plain
    from etl.outbound.report import address_of

    settings = get_settings()
    base, address = settings.base_url.rstrip("/"), address_of(settings, made)
    if asked.html:
        told = html_mail(made, base, address)
    else:
        told = markdown(made, base) if asked.markdown else plain(made, address)
    sys.stdout.write(told)
    return 0


def _send(made: Report, *, again: bool) -> int:
    from etl.outbound.report import Sender
    from etl.outbound.slack import slack_door
    from etl.sync import alone
    from etl.syncs import BY_NAME

    settings = get_settings()
    sync = BY_NAME["weekly"]
    if not sync.is_configured(settings):
        err.print(f"Nowhere to send to; set {', '.join(sync.lacks(settings))}.")
        return 1
    while True:
        with alone(sync.source) as mine:
            if mine:
                ended = Sender.of(settings, slack_door(settings)).send(made, again=again)
                break
        err.print("Another report is being sent; waiting ...")
        time.sleep(BUSY_SECONDS)
    for one in ended:
        err.print(f"{one.way}: {MARKS[one.state]}. {one.told}".rstrip(), markup=False)
    return 0 if all(one.state in {"sent", "already"} for one in ended) else 1
