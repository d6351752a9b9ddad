"""Are the sources and the ways out well? Each is asked for something harmless, as a run would.

Nothing is loaded, posted or sent.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from app.settings import Settings, variable
from etl.errors import Later, Refused, Unsure
from etl.outbound.jira_lookup import JiraLookup
from etl.outbound.mail import greet
from etl.outbound.slack import introduce, slack_door
from etl.run import Run
from etl.sources.bugzilla import Bugzilla
from etl.sources.jira import Jira
from etl.sources.portal import Portal
from etl.syncs import BUGZILLA, JIRA, PORTAL

log = logging.getLogger(__name__)

# Somebody waits for the answer.
TIMEOUT_SECONDS, PATIENCE_SECONDS = 10.0, 3.0

Finding = tuple[str, str, str]


def findings(settings: Settings) -> Iterator[Finding]:
    """(what, `ok`, `warning`, `wrong` or `unset`, in words) of each source and way out."""
    hurried = replace(
        settings,
        source_timeout=min(settings.source_timeout, TIMEOUT_SECONDS),
        source_patience=min(settings.source_patience, PATIENCE_SECONDS),
    )
    checks: tuple[tuple[str, tuple[str, ...], Callable[[Settings], str]], ...] = (
        ("portal", PORTAL, _portal),
        ("jira", JIRA, _jira),
        ("bugzilla", BUGZILLA, _bugzilla),
        ("mail", ("smtp_url",), _mail),
        ("slack", ("slack_token",), _slack),
    )
    for name, needs, check in checks:
        lacking = [variable(need) for need in needs if not getattr(settings, need)]
        if len(lacking) == len(needs):
            yield name, "unset", "not connected"
            continue
        if lacking:
            yield name, "warning", f"not connected; set {' and '.join(lacking)} too"
            continue
        try:
            yield name, "ok", check(hurried)
        except (Later, Refused, Unsure) as fault:
            yield name, "wrong", str(fault)
        except Exception as fault:
            log.info("The check of %s broke", name, exc_info=True)
            yield name, "wrong", f"an answer that is not understood ({type(fault).__name__})"
    yield _writing_back(hurried)


def _run(settings: Settings, source: str) -> Run:
    """A run that is nowhere written down, and so may load nothing."""
    return Run(0, "doctor", source, full=False, settings=settings)


def _portal(settings: Settings) -> str:
    found = Portal(_run(settings, "portal")).search(rows=1)
    if not found.total:
        return "answers, but CASEBOARD_PORTAL_QUERY matches no case"
    return f"{found.total:,} cases match CASEBOARD_PORTAL_QUERY"


def _jira(settings: Settings) -> str:
    jira = Jira(_run(settings, "jira"))
    return f"knows us ({'Cloud' if jira.is_cloud else 'Data Center'}), and has the custom fields"


def _bugzilla(settings: Settings) -> str:
    bugzilla = Bugzilla(_run(settings, "bugzilla"))
    bugzilla.bugs(["1"])
    return f"takes our key ({'REST' if bugzilla.is_rest else 'XML-RPC'})"


def _writing_back(settings: Settings) -> Finding:
    """Whether writing back could begin; only asked, whatever the settings allow."""
    name = "writing back"
    if settings.read_only:
        return name, "unset", "CASEBOARD_READ_ONLY is true, so nothing is written"
    lacking = [variable(n) for n in (*JIRA, "jira_project") if not getattr(settings, n)]
    if lacking:
        return name, "warning", f"no cards can be made; set {' and '.join(lacking)}"
    try:
        run = _run(replace(settings, read_only=True), "jira")
        sprint = JiraLookup(run).active_sprint()
    except (Later, Refused) as fault:
        return name, "wrong", str(fault)
    except Exception as fault:
        log.info("The check of %s broke", name, exc_info=True)
        return name, "wrong", f"an answer that is not understood ({type(fault).__name__})"
    why = "the board has none" if settings.jira_board else "CASEBOARD_JIRA_BOARD is not set"
    place = f"the sprint {sprint.name}" if sprint else f"no sprint ({why})"
    active = sum(member.active for member in settings.team)
    if not active:
        return name, "warning", f"cards go into {place}, to nobody: CASEBOARD_TEAM is empty"
    return name, "ok", f"cards go into {place}, to {active} people"


def _mail(settings: Settings) -> str:
    assert settings.smtp_url is not None  # noqa: S101 - it is asked only when it is set
    greet(settings.smtp_url)
    return f"the mail server {settings.smtp_url} takes us; nothing was sent"


def _slack(settings: Settings) -> str:
    return f"Slack knows the bot {introduce(slack_door(settings), settings)}; nothing was posted"
