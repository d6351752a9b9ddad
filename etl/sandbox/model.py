"""The things of the world: cases, JIRA issues and bugs, as they are now, with their history."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OPEN_ESCALATION = "ESC"
TRACKING = "FE"
PRODUCT = "PROD"

TEAM_LABEL = "field"
ESCALATION_LABEL = "prio"
WANTED_TAG = "shift_telco5g"
UNWANTED_TAG = "shift_telco5g_old"

ON_US = "Waiting on Red Hat"
ON_CUSTOMER = "Waiting on Customer"
CLOSED = "Closed"

# An event of a life: when, which change, with what.
Event = tuple[datetime, str, tuple[Any, ...]]


class Gone(LookupError):
    """What is to change is not in the world any more."""


@dataclass(slots=True)
class Comment:
    """A comment of a case or an issue."""

    id: int
    author: str
    text: str
    created: datetime
    updated: datetime
    customer: bool = False
    internal: bool = False


@dataclass(slots=True)
class Attachment:
    """A file of a case: `kind` is its media type, `size` its bytes."""

    name: str
    kind: str
    size: int
    author: str
    created: datetime
    description: str | None = None
    internal: bool = False


@dataclass(slots=True)
class Case:
    """A case of the portal."""

    number: str
    created: datetime
    modified: datetime
    summary: str
    description: str = ""
    status: str = ON_US
    severity: int | None = 3
    account: str | None = None
    account_number: int = 0
    contact: str = ""
    owner: str | None = None
    product: str | None = None
    version: str | None = None
    group: str | None = None
    tags: list[str] = field(default_factory=list)
    joined_tags: bool = False
    crit_sit: bool = False
    notified: list[str] = field(default_factory=list)
    relief: datetime | None = None
    resolved: datetime | None = None
    iso_stamps: bool = True
    closed: datetime | None = None
    bugs: dict[int, datetime] = field(default_factory=dict)
    issues: dict[str, datetime] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    # Beside those that every case has from its number.
    attachments: list[Attachment] = field(default_factory=list)
    # Where the search engine holds the case: an order that means nothing.
    place: int = 0


@dataclass(slots=True)
class Change:
    """One entry of an issue's changelog: items are (attribute, before, after)."""

    id: int
    author: str
    at: datetime
    items: list[tuple[str, Any, Any]]


@dataclass(slots=True)
class RemoteLink:
    """A link from an issue to somewhere else."""

    id: int
    url: str
    title: str
    global_id: str | None = None


@dataclass(slots=True)
class Issue:
    """A JIRA issue: a tracking card, an escalation or a product issue."""

    project: str
    summary: str
    created: datetime
    updated: datetime
    key: str = ""
    number: int = 0
    id: int = 0
    description: str = ""
    issuetype: str = "Task"
    status: str = "New"
    priority: str = "Normal"
    severity: str | None = None
    assignee: str | None = None
    reporter: str = "Alice Moreau"
    contributors: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    fix_versions: list[str] = field(default_factory=list)
    cases_link: str | None = None
    sprint: int | None = None
    private_keywords: str | None = None
    components: list[str] = field(default_factory=list)
    watchers: list[str] = field(default_factory=list)
    hidden: bool = False
    # The case that the issue is about, however it tells so.
    case: str | None = None
    resolved: datetime | None = None
    comments: list[Comment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    links: list[RemoteLink] = field(default_factory=list)


@dataclass(slots=True)
class BugChange:
    """One entry of a bug's history: changes are (field, removed, added)."""

    who: str
    when: datetime
    changes: list[tuple[str, str, str]]


@dataclass(slots=True)
class Bug:
    """A bug of Bugzilla."""

    id: int
    summary: str
    created: datetime
    changed: datetime
    status: str = "NEW"
    resolution: str = ""
    severity: str = "medium"
    priority: str = "medium"
    target_release: list[str] = field(default_factory=lambda: ["---"])
    product: str = "OpenShift Container Platform"
    component: str = "Networking"
    version: str = "4.16"
    assigned_to: str = "nobody@example.com"
    qa_contact: str = ""
    internal_whiteboard: str = ""
    keywords: list[str] = field(default_factory=list)
    restricted: bool = False
    history: list[BugChange] = field(default_factory=list)
