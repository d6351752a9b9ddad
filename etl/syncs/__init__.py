"""The syncs, in the order in which those of one source run; the schedule is this list."""

from datetime import timedelta

from app.settings import Settings
from etl.source import Sync
from etl.sources import portal
from etl.syncs import (
    bugs,
    cards,
    cases,
    details,
    issues,
    notices,
    preview,
    reconcile,
    retention,
    snapshot,
    weekly,
    writeback,
)

PORTAL = portal.NEEDS
JIRA = ("jira_url", "jira_token")
BUGZILLA = ("bugzilla_url",)
MAIL = ("smtp_url", "mail_from", "mail_to")
NOTICE = ("smtp_url", "mail_from", "notice_to")
ALERT = ("smtp_url", "mail_from", "alert_to")
SLACK = ("slack_token", "report_channel")
HIGH = ("slack_token", "slack_high_channel")
LOW = ("slack_token", "slack_low_channel")

SYNCS: tuple[Sync, ...] = (
    Sync(
        "cases",
        "portal",
        "cases of the portal that changed; once a day all of them",
        cases.work,
        schedule="*/15 * * * *",
        full="40 3 * * *",
        fresh=timedelta(minutes=45),
        needs=PORTAL,
        wakes=("details",),
    ),
    Sync(
        "details",
        "portal",
        "details, comments, links of cases that changed; twice a day of all not at rest",
        details.work,
        schedule="24 0,12 * * *",
        full="24 0,12 * * *",
        fresh=timedelta(hours=25),
        needs=PORTAL,
        wakes=("issues", "bugs"),
    ),
    Sync(
        "reconcile_portal",
        "portal",
        "compares the portal's cases with the board's, and loads what was lost",
        reconcile.portal,
        schedule="5 4 * * *",
        full=None,
        fresh=timedelta(hours=49),
        needs=PORTAL,
        wakes=("details",),
        eager=False,
    ),
    Sync(
        "cards",
        "jira",
        "tracking cards that changed, with comments and past; once a day all of them",
        cards.track,
        schedule="21 * * * *",
        full="21 2 * * *",
        fresh=timedelta(hours=3),
        needs=(*JIRA, "jira_project"),
    ),
    Sync(
        "escalations",
        "jira",
        "cards of the prio-list",
        cards.escalate,
        schedule="37 */2 * * *",
        full="37 */2 * * *",
        fresh=timedelta(hours=5),
        needs=(*JIRA, "jira_escalations_project"),
    ),
    Sync(
        "issues",
        "jira",
        "JIRA issues that cases link",
        issues.work,
        schedule="54 0,12 * * *",
        full="54 0,12 * * *",
        fresh=timedelta(hours=25),
        needs=JIRA,
    ),
    Sync(
        "reconcile_jira",
        "jira",
        "compares JIRA's cards and linked issues with the board's, and loads what was lost",
        reconcile.jira,
        schedule="10 4 * * *",
        full=None,
        fresh=timedelta(hours=49),
        needs=JIRA,
        eager=False,
    ),
    Sync(
        "bugs",
        "bugzilla",
        "Bugzilla bugs that cases link, with their past",
        bugs.work,
        schedule="48 0,12 * * *",
        full="48 0,12 * * *",
        fresh=timedelta(hours=25),
        needs=BUGZILLA,
    ),
    Sync(
        "reconcile_bugzilla",
        "bugzilla",
        "compares the linked bugs with those the board knows, and loads what was lost",
        reconcile.bugzilla,
        schedule="15 4 * * *",
        full=None,
        fresh=timedelta(hours=49),
        needs=BUGZILLA,
        eager=False,
    ),
    Sync(
        "preview",
        "outbound",
        "works out what would be written back; it writes nothing",
        preview.work,
        schedule="50 5 * * *",
        full=None,
        fresh=timedelta(hours=49),
        needs=PORTAL,
        ways=((*JIRA, "jira_project"), BUGZILLA),
        eager=False,
    ),
    Sync(
        "portal2jira",
        "outbound",
        "makes cards for open cases without one, and takes old ones up again",
        writeback.work,
        schedule="10 * * * *",
        full=None,
        fresh=timedelta(hours=3),
        needs=(*PORTAL, *JIRA, "jira_project"),
        wakes=("cards",),
        eager=False,
        writes=True,
    ),
    Sync(
        "priority",
        "outbound",
        "gives cards the priority that follows from the severity of their case",
        writeback.work,
        schedule="12 3 * * *",
        full=None,
        fresh=timedelta(hours=49),
        needs=(*PORTAL, *JIRA, "jira_project"),
        wakes=("cards",),
        eager=False,
        writes=True,
    ),
    Sync(
        "tags",
        "outbound",
        "tags the bugs and issues that open cases link",
        writeback.work,
        schedule="33 0 * * *",
        full=None,
        fresh=timedelta(hours=49),
        needs=PORTAL,
        ways=(BUGZILLA, JIRA),
        eager=False,
        writes=True,
    ),
    Sync(
        "snapshot",
        "board",
        "the values of all metrics at the end of the day before",
        snapshot.work,
        schedule="40 4 * * *",
        full=None,
        fresh=timedelta(hours=49),
    ),
    Sync(
        "retention",
        "board",
        "removes what has been kept for long enough: ended sessions, settled rejects, empty runs",
        retention.work,
        schedule="20 4 * * *",
        full=None,
        fresh=timedelta(hours=49),
    ),
    Sync(
        "weekly",
        "report",
        "the weekly report, sent by mail and to Slack",
        weekly.work,
        schedule="0 6 * * 1",
        full=None,
        fresh=timedelta(days=8),
        ways=(MAIL, SLACK),
        scheduled_by="report_schedule",
        eager=False,
    ),
    Sync(
        "notices",
        "notices",
        "tells of new cards, of cards that could not be made, of cases at risk, of taggings",
        notices.work,
        schedule="*/10 * * * *",
        full=None,
        fresh=timedelta(hours=1),
        ways=(NOTICE, ALERT, HIGH, LOW),
        eager=False,
    ),
)

BY_NAME: dict[str, Sync] = {sync.name: sync for sync in SYNCS}


def configured(settings: Settings) -> tuple[Sync, ...]:
    """The syncs that can run with the settings."""
    return tuple(sync for sync in SYNCS if sync.is_configured(settings))
