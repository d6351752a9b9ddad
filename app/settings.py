"""Every setting of Caseboard: its name, type, default and meaning, read once from the environment.

A setting is the variable `CASEBOARD_` + its name in capitals; a secret may lie in a file instead,
named by the same variable with `_FILE` behind. This is the only place that reads the environment.
"""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from app import message_values as messages
from app import setting_values as values
from app import team_values as teams
from app.message_values import MailServer
from app.setting_values import SlaPolicy
from app.team_values import Member, QuietHours
from app.view import View

if TYPE_CHECKING:
    from app.auth.idp_metadata import IdentityProvider

PREFIX = "CASEBOARD_"
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the name that prometheus-client looks for


class SettingsError(Exception):
    """Settings that cannot be used; the message lists every fault and what to do about it."""


def _setting(
    told: str, parse: Callable[[str], Any], default: Any = None, *, secret: bool = False
) -> Any:
    return field(
        default_factory=lambda: default, metadata={"help": told, "parse": parse, "secret": secret}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. `sources` tells for each name where its value came from."""

    database_url: str | None = _setting(
        "PostgreSQL 15 to 18: postgresql://user:password@host:5432/name; unset: one of its own, on "
        "this machine",
        values.address("postgresql", "postgresql+psycopg2", "postgres"),
        secret=True,
    )
    replica_url: str | None = _setting(
        "a streaming replica of that PostgreSQL; pages read there while it knows all that the "
        "primary knows",
        values.address("postgresql", "postgresql+psycopg2", "postgres"),
        secret=True,
    )
    redis_url: str | None = _setting(
        "Redis for the cache, which only makes things faster: redis://host:6379/0; unset: one of "
        "its own",
        values.address("redis", "rediss", "unix"),
        secret=True,
    )
    broker_url: str | None = _setting(
        "Redis for the queue of the workers, which must not evict keys; default: database 1 of "
        "REDIS_URL's server",
        values.address("redis", "rediss", "unix"),
        secret=True,
    )
    secret_key: str | None = _setting(
        "signs what must not be forged; `caseboard up` makes one at its first start",
        values.secret_key,
        secret=True,
    )
    base_url: str = _setting(
        "the address people use", values.address("http", "https"), "http://127.0.0.1:8050"
    )
    auth: str = _setting(
        "who may enter: none (this machine only), or saml (whom the identity provider vouches for)",
        values.one_of("none", "saml"),
        "none",
    )
    roles: Mapping[str, tuple[str, ...]] = _setting(
        'groups of each role, by exact name: `{"viewer": ["support"], "admin": ["board-admins"]}`; '
        "roles are viewer, editor, admin; the highest wins, no group means no entry",
        values.roles,
        MappingProxyType({}),
    )
    session_idle_minutes: int = _setting(
        "minutes without any doing after which one must sign in again", values.whole(1, 1_440), 30
    )
    session_hours: int = _setting(
        "hours after which one must sign in again in any case", values.whole(1, 168), 12
    )
    secret_key_fallbacks: tuple[str, ...] = _setting(
        "former secret keys, comma between, that are still believed while a key is changed",
        values.secret_keys,
        (),
        secret=True,
    )
    trusted_proxies: int = _setting(
        "proxies in front whose X-Forwarded-For is believed; 0: nobody's", values.whole(0, 8), 0
    )
    saml_idp_metadata: "IdentityProvider | None" = _setting(
        "metadata of the identity provider: the path of its file, or XML", values.identity_provider
    )
    saml_sp_entity_id: str | None = _setting(
        "what the identity provider knows Caseboard as; default: BASE_URL/saml/metadata",
        values.identifier,
    )
    saml_sp_key: str | None = _setting(
        "private key that Caseboard signs with, in PEM", values.pem("PRIVATE KEY"), secret=True
    )
    saml_sp_cert: str | None = _setting(
        "certificate of that key, in PEM", values.pem("BEGIN CERTIFICATE")
    )
    saml_groups_attribute: str = _setting("attribute that lists the groups", str, "memberOf")
    saml_user_attribute: str | None = _setting(
        "attribute that names a person for ever; unset: the NameID", str
    )
    saml_name_attribute: str = _setting("attribute to call a person by", str, "displayName")
    saml_email_attribute: str = _setting("attribute with the e-mail address", str, "mail")
    saml_signed: str = _setting(
        "what must be signed: assertion, or response (both)",
        values.one_of("assertion", "response"),
        "assertion",
    )
    saml_allow_unsolicited: bool = _setting(
        "true: also logins that begin at the identity provider", values.yes_or_no, False
    )
    read_only: bool = _setting("true: nothing is ever written to a source", values.yes_or_no, True)
    sla: SlaPolicy = _setting(
        "target days by severity 1..4: 14,20,90,180, or JSON with accounts",
        values.sla,
        SlaPolicy(),
    )
    status_map: Mapping[str, str] = _setting(
        "JSON of status to us, customer, engineering, vendor or closed; laid over the defaults",
        values.status_map,
        MappingProxyType(values.DEFAULT_STATUS_MAP),
    )
    portal_url: str | None = _setting("REST address of the customer portal", values.site)
    portal_token_url: str | None = _setting(
        "where the portal's offline token is exchanged for an access token", values.site
    )
    portal_offline_token: str | None = _setting("the portal's offline token", str, secret=True)
    portal_query: str = _setting(
        "which cases are ours, in the portal's query language", str, "case_tags:*shift_telco5g*"
    )
    portal_page_size: int = _setting("cases asked for at once", values.whole(1, 9_999), 500)
    jira_url: str | None = _setting("address of JIRA", values.site)
    jira_kind: str = _setting("cloud or datacenter", values.one_of("cloud", "datacenter"), "cloud")
    jira_username: str | None = _setting("account of the JIRA token (Cloud: its e-mail)", str)
    jira_token: str | None = _setting(
        "JIRA token (Cloud: API token; Data Center: personal access token)", str, secret=True
    )
    jira_project: str | None = _setting("project of the tracking cards", str)
    jira_label: str | None = _setting("label of the tracking cards; unset: all of the project", str)
    jira_sprint: str | None = _setting("only cards of this sprint; unset: of any", str)
    jira_escalations_project: str | None = _setting("project of the prio-list", str)
    jira_escalations_label: str | None = _setting("label of the prio-list; unset: all", str)
    jira_fields: Mapping[str, str] = _setting(
        "JSON of purpose (contributors, cases, severity, sprint, private_keywords) to the name or "
        'id of the custom field; "" for a purpose that your JIRA lacks; laid over the defaults',
        values.name_map(values.DEFAULT_JIRA_FIELDS),
        MappingProxyType(values.DEFAULT_JIRA_FIELDS),
    )
    jira_status_map: Mapping[str, str] = _setting(
        "JSON of a card's JIRA status to its status on the board (`Done` means finished); laid "
        "over the defaults",
        values.name_map(values.DEFAULT_JIRA_STATUS_MAP),
        MappingProxyType(values.DEFAULT_JIRA_STATUS_MAP),
    )
    potential_label: str = _setting(
        "label of a card whose case may be escalated soon", str, "PotentialEscalation"
    )
    max_to_create: int = _setting(
        "cards that one run may make or take up; more are held until an admin approves",
        values.whole(0, 1_000),
        10,
    )
    team: tuple[Member, ...] = _setting(
        "JSON list of who gets cards: name, jira_user, slack_user, accounts (a list), active",
        teams.team,
        (),
    )
    case_url: str = _setting(
        "address of a case at the portal, with {number} in it",
        teams.case_address,
        "https://access.redhat.com/support/cases/#/case/{number}",
    )
    jira_board: str | None = _setting("board into whose active sprint new cards go", str)
    jira_component: str | None = _setting("component of new cards", str)
    jira_card_type: str = _setting("issue type of new cards", str, "Story")
    jira_card_labels: tuple[str, ...] = _setting(
        "labels of new cards beside JIRA_LABEL, commas between", teams.words, ()
    )
    bug_tags: tuple[str, ...] = _setting(
        "tags of bugs that cases link, in whiteboard and private keywords, commas between",
        teams.words,
        ("Telco", "Telco:Case"),
    )
    bugzilla_whiteboard: str = _setting(
        "field of Bugzilla that holds the tags", str, "cf_internal_whiteboard"
    )
    bugzilla_url: str | None = _setting(
        "address of Bugzilla; ending in /xmlrpc.cgi to use only XML-RPC", values.site
    )
    bugzilla_api_key: str | None = _setting("Bugzilla API key", str, secret=True)
    source_timeout: float = _setting(
        "seconds that one answer of a source may take", values.number(0.1, 600), 60.0
    )
    source_patience: float = _setting(
        "seconds that a run waits and asks again before it is put off", values.number(0, 900), 60.0
    )
    source_concurrency: int = _setting(
        "requests to one source at a time; halved each time that it asks us to wait",
        values.whole(1, 32),
        8,
    )
    max_drop: float = _setting(
        "per cent of known records that may vanish in one sync before it is held back",
        values.number(0, 100),
        20.0,
    )
    smtp_url: MailServer | None = _setting(
        "mail server: smtp://user:password@host:587, which uses STARTTLS where it is offered and "
        "always with a password, or smtps://...",
        messages.mail_server,
        secret=True,
    )
    mail_from: str | None = _setting("who our mails are from", messages.mail_address)
    mail_to: tuple[str, ...] = _setting(
        "who gets the weekly report: addresses, separated by commas", messages.mail_addresses, ()
    )
    notice_to: tuple[str, ...] = _setting(
        "who gets notices of new cards, of cases at risk, of taggings: addresses, commas between",
        messages.mail_addresses,
        (),
    )
    slack_url: str = _setting("address of Slack's API", values.site, "https://slack.com/api")
    slack_token: str | None = _setting("Slack's bot token (scope chat:write)", str, secret=True)
    report_channel: str | None = _setting(
        "Slack channel of the weekly report", messages.slack_channel
    )
    alert_to: tuple[str, ...] = _setting(
        "who is told that cards could not be made, or were held; unset: NOTICE_TO",
        messages.mail_addresses,
        (),
    )
    slack_high_channel: str | None = _setting(
        "Slack channel of notices about cases of severity 1 and 2", messages.slack_channel
    )
    slack_low_channel: str | None = _setting(
        "Slack channel of notices about cases of severity 3 and 4", messages.slack_channel
    )
    quiet_hours: QuietHours | None = _setting(
        "hours without notices, e.g. 22:00-07:00 Europe/Berlin; they are sent afterwards",
        teams.quiet_hours,
    )
    report_schedule: str = _setting(
        "when the weekly report is sent: a cron line (UTC)", messages.cron, "0 6 * * 1"
    )
    report_view: View = _setting(
        "what the weekly report is about: the query of a View, e.g. severity=1&tz=Europe/Berlin",
        messages.view,
        View(),
    )
    chromium: str | None = _setting(
        "the Chromium or Chrome that draws images; default: the one of this machine", str
    )
    image_seconds: float = _setting(
        "seconds that drawing one image may take", values.number(1, 60), 20.0
    )
    keep_sessions_days: int = _setting(
        "days for which ended sessions are kept", values.whole(1, 3_650), 90
    )
    keep_rejects_days: int = _setting(
        "days for which rejected records are kept once they are settled",
        values.whole(1, 3_650),
        90,
    )
    keep_runs_days: int = _setting(
        "days for which runs of syncs that learned nothing are kept", values.whole(7, 3_650), 400
    )
    keep_reports_days: int = _setting(
        "days for which it is kept that a report was sent", values.whole(60, 3_650), 400
    )
    keep_audit_days: int | None = _setting(
        "days for which the audit log is kept, 90 at least; unset: for ever",
        values.whole(90, 36_500),
    )
    postgresql_bin: str | None = _setting(
        "folder of pg_dump and pg_restore, for backups; default: wherever those of the server's "
        "major version are",
        str,
    )
    metrics_token: str | None = _setting(
        "what Prometheus sends as bearer token to read /metrics; at least 32 characters. Unset: "
        "only admins who have signed in read it",
        values.secret_key,
        secret=True,
    )
    log_format: str = _setting(
        "how log lines are written: json, or text for people (`caseboard up` writes text)",
        values.one_of("json", "text"),
        "json",
    )
    log_level: str = _setting("least level of log lines", values.one_of(*values.LOG_LEVELS), "INFO")
    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def closed_statuses(self) -> tuple[str, ...]:
        """The statuses that mean closed, in lower case."""
        return tuple(s.lower() for s, party in self.status_map.items() if party == "closed")

    @property
    def queue_url(self) -> str | None:
        """The broker in Celery's words: BROKER_URL, else database 1 of REDIS_URL's server."""
        url = self.broker_url or self.redis_url
        if url is None:
            return None
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        number = query.pop("db", parts.path.strip("/") if parts.scheme != "unix" else "0")
        if self.broker_url is None:
            number = "1"
        if parts.scheme == "unix":
            rest = urlencode({**query, "virtual_host": number or "0"})
            return f"redis+socket://{parts.path}?{rest}"
        return urlunsplit((parts.scheme, parts.netloc, f"/{number or 0}", urlencode(query), ""))

    @property
    def queue_address(self) -> str | None:
        """The broker in the words of Redis' own client."""
        url = self.queue_url
        if url is None or not url.startswith("redis+socket://"):
            return url
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        number = query.pop("virtual_host", "0")
        return f"unix://{parts.path}?{urlencode({**query, 'db': number})}"

    def __repr__(self) -> str:
        """Name the settings without telling secrets."""
        told = ", ".join(f"{name}={value}" for name, value, _ in self.shown())
        return f"Settings({told})"

    def shown(self) -> list[tuple[str, str, str]]:
        """(name, value with secrets masked, source) of every setting, for people."""
        rows = []
        for item in declared():
            value = getattr(self, item.name)
            text = "****" if item.metadata["secret"] and value else _told(value)
            rows.append((variable(item.name), text, self.sources.get(item.name, "default")))
        return rows


def declared() -> list[Any]:
    """The settings as dataclass fields: name, default, and metadata with `help` and `secret`."""
    return [item for item in fields(Settings) if "parse" in item.metadata]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load(environment: Mapping[str, str]) -> Settings:
    """Read settings from an environment; SettingsError lists everything that is wrong with it."""
    faults: list[str] = []
    read: dict[str, Any] = {}
    sources: dict[str, str] = {}
    known = {variable(item.name) for item in declared()}
    for item in declared():
        name = variable(item.name)
        try:
            text, source = _text(name, environment)
            if text is None:
                continue
            read[item.name] = item.metadata["parse"](text)
            sources[item.name] = source
        except ValueError as error:
            faults.append(f"{name} {error}")
    for name in sorted(environment):
        if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known:
            near = difflib.get_close_matches(name, sorted(known), 1, 0.7)
            hint = f"did you mean {near[0]}?" if near else "see `caseboard doctor --settings`"
            faults.append(f"{name} is not a setting; {hint}")
    faults += _together(read)
    if faults:
        raise SettingsError("Settings to mend:\n" + "\n".join(f"  - {fault}" for fault in faults))
    return Settings(**read, sources=MappingProxyType(sources))


def _together(read: Mapping[str, Any]) -> list[str]:
    """What is wrong with settings only beside each other."""
    if read.get("auth") != "saml":
        return []
    faults = []
    if "secret_key" not in read:
        faults.append(
            f"{variable('secret_key')} is not set, and {variable('auth')} is saml: make one with "
            "`python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`"
        )
    if not read.get("roles"):
        faults.append(
            f"{variable('roles')} is not set, so nobody could enter: name the groups of each role, "
            'for example {"admin": ["board-admins"], "viewer": ["support"]}'
        )
    return faults


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read at the first call."""
    return load(os.environ)


def shared_folder() -> Path | None:
    """Where the processes of gunicorn count together, as `app.serving` has said; None elsewhere."""
    told = os.environ.get(SHARED_FOLDER)
    return Path(told) if told else None


def use(variables: Mapping[str, str]) -> None:
    """Let this process run with some settings laid over its environment."""
    os.environ.update(variables)
    get_settings.cache_clear()


def _text(name: str, environment: Mapping[str, str]) -> tuple[str | None, str]:
    direct, path = environment.get(name), environment.get(f"{name}_FILE")
    if direct and path:
        raise ValueError(f"and {name}_FILE are both set; keep one")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip(), f"{name}_FILE"
        except (OSError, UnicodeError) as error:
            raise ValueError(f"cannot be read from {name}_FILE: {error}") from None
    return direct or None, name


def _told(value: Any) -> str:
    if isinstance(value, SlaPolicy):
        days = ",".join(f"{number:g}" for number in value.days)
        return f"{days} ({len(value.accounts)} accounts of their own)" if value.accounts else days
    if isinstance(value, View):
        return value.to_query()
    if isinstance(value, tuple):
        return ", ".join(one.name if isinstance(one, Member) else one for one in value)
    return str(dict(value)) if isinstance(value, Mapping) else str(value)
