"""The tables of Caseboard.

`cases`, `comments` and `jira_comments` carry the columns and keys of the architecture drawing; the
other columns and tables are what the product needs on top. Every instant is `timestamptz`, that is,
a UTC instant; text arrays are never NULL inside.

What was observed lies in `changes` (append-only, guarded by triggers in the first migration). All
else about the past is derived from it: `case_versions` holds one row per stretch of time in which
nothing visible about a case changed, `[valid_from, valid_to)`, so that any instant can be asked.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

EMPTY_LIST = text("'{}'::text[]")
FALSE = text("false")

# The versions in force now, and those of them that are open: what pages show nearly always.
CURRENT = "valid_to = 'infinity' and not gone"
CURRENT_OPEN = "valid_to = 'infinity' and is_open"
# A closed case whose card is not done; cases while they wait on engineering.
CARD_LEFT = "not is_open and not gone and card is not null and card_status is distinct from 'Done'"
# Cases whose card has the label that `/trending` is about.
TRENDING = "labels @> array['Trends'] and not gone"
TRENDED = ("valid_from", "case_number", "updated_at", "is_open", "product", "account")
LEFT = ("case_number", "created_date")
ON_ENGINEERING = "waiting_on = 'engineering' and not gone"
NEWEST_FIRST = ("updated_at desc", "case_number")
SPAN = ("valid_from", "valid_to", "is_open", "gone")
# What durations are computed from.
REACHED = ("relief_at", "resolved_at")
MILESTONES = ("is_open", "severity", "closed_at", *REACHED)
STANDING = (
    "status_since",
    "severity",
    "status",
    "waiting_on",
    "account",
    "engineer",
    "owner",
    "product",
    "group_name",
    "card",
    "card_status",
    "escalated",
    "crit_sit",
)
# What open cases of a past instant are filtered and counted by.
STOOD = ("case_number", "created_date", "updated_at", *STANDING)
# What cases are sorted, filtered and counted by: read off an index, without the wide rows.
NARROW = ("is_open", "updated_at", "created_date", "closed_at", *STANDING)
OPEN_SPELL = "is_open and spell_to is not null"
ENDED = "is_open and ended_by is not null"
YOUNG = "not gone and valid_from - created_date < interval '168 hours'"
LATE = "not gone and closed_at is not null and valid_from - closed_at < interval '168 hours'"
# Closed cases that reached something after their closing, as few do.
OUTLIVED = "not is_open and not gone and (relief_at > closed_at or resolved_at > closed_at)"
RECENT = (
    "case_number",
    "valid_from",
    "valid_to",
    "spell_to",
    "severity",
    "account",
    "engineer",
    "status",
    "product",
    "escalated",
    "crit_sit",
)
CLOSING = (
    "valid_from",
    "valid_to",
    "updated_at",
    "created_date",
    "severity",
    "account",
    "engineer",
    "status",
    "product",
    "escalated",
    "crit_sit",
    "case_number",
    "relief_at",
    "resolved_at",
)
SPELL = (
    "case_number",
    "created_date",
    "severity",
    "owner",
    "engineer",
    "account",
    "product",
    "group_name",
    "crit_sit",
    "escalated",
)
NOTHING = (
    "step = 0 and lasting = 0 and created = 0 and reopened = 0 and closed = 0 and gone = 0"
    " and no_updates = 0 and no_bugs = 0 and opened_last_day = 0 and opened_last_week = 0"
    " and closed_last_day = 0 and closed_last_week = 0 and at_risk = 0 and breached = 0"
)
NO_STAGE = "created = 0 and relieved = 0 and resolved = 0 and closed = 0"
NO_BUG = "bugs_unique = 0 and bugs_no_target = 0"
# The fields of which a roll-up tells open cases by value, with their numbers there; under
# a number of its own it tells all of them.
VALUE_FIELDS = {"status": 1, "card_status": 2, "account": 3, "engineer": 4, "product": 5}
ALL_CASES = 0
# Of bugs a roll-up tells by the severity of their cases (0: not set), and under this one of those
# that cases of any have.
ANY_SEVERITY = -1
# The open versions that lasted long and have ended: few of all, many of those of a past instant.
LASTED = (
    "is_open and valid_to < 'infinity' and"
    " (valid_to at time zone 'UTC') > (valid_from at time zone 'UTC') + interval '30 days'"
)
DAILY = (
    "event",
    "ended_by",
    "severity",
    "status",
    "account",
    "engineer",
    "owner",
    "product",
    "group_name",
    "waiting_on",
    "escalated",
    "crit_sit",
    "card",
    "card_status",
    "created_date",
    "updated_at",
    "case_number",
    "status_since",
    "relief_at",
    "resolved_at",
    "tags",
    "labels",
)


class Base(DeclarativeBase):
    """All tables; `Base.metadata` is what the migrations are compared with."""

    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy as a class attribute
        str: Text,
        datetime: DateTime(timezone=True),
        list[str]: ARRAY(Text),
        bool: Boolean,
        int: Integer,
    }


class Case(Base):
    """A support case as last told by its source; the row follows from the facts in `changes`."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("case_number"),
        CheckConstraint("severity between 1 and 4", name="severity"),
        CheckConstraint("escalated in ('yes', 'potential', 'no')", name="escalated"),
        Index("ix_cases_account", "account"),
        Index("ix_cases_source", "source", "last_update"),
    )

    case_number: Mapped[str] = mapped_column(primary_key=True)
    created_date: Mapped[datetime] = mapped_column(primary_key=True)
    owner: Mapped[str | None]
    severity: Mapped[int | None] = mapped_column(SmallInteger)
    account: Mapped[str | None]
    summary: Mapped[str | None]
    status: Mapped[str | None]
    last_update: Mapped[datetime | None]
    description: Mapped[str | None]
    product: Mapped[str | None]
    product_version: Mapped[str | None]
    fe_jira_card: Mapped[str | None]

    closed_date: Mapped[datetime | None]
    tags: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)
    group_name: Mapped[str | None]
    crit_sit: Mapped[bool] = mapped_column(server_default=FALSE)
    escalated: Mapped[str] = mapped_column(server_default=text("'no'"))
    escalation_link: Mapped[str | None]
    relief_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    notified_users: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)
    gone_at: Mapped[datetime | None]
    source: Mapped[str | None]


def _case_reference() -> ForeignKeyConstraint:
    """The drawing's foreign key: comments hang on the whole key of their case."""
    return ForeignKeyConstraint(
        ["case_number", "created_date"],
        ["cases.case_number", "cases.created_date"],
        onupdate="CASCADE",
    )


class Comment(Base):
    """A comment of the customer portal on a case."""

    __tablename__ = "comments"
    __table_args__ = (
        _case_reference(),
        Index("ix_comments_case", "case_number", "commented_at"),
        Index("ix_comments_time", "commented_at"),
        UniqueConstraint("case_number", "source_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_number: Mapped[str]
    created_date: Mapped[datetime]
    author: Mapped[str | None]
    comment_text: Mapped[str | None]
    commented_at: Mapped[datetime | None]
    source_id: Mapped[str | None]
    is_public: Mapped[bool | None]
    gone_at: Mapped[datetime | None]


class JiraComment(Base):
    """A comment on the tracking card of a case."""

    __tablename__ = "jira_comments"
    __table_args__ = (
        _case_reference(),
        Index("ix_jira_comments_case", "case_number", "last_update_date"),
        Index("ix_jira_comments_time", "last_update_date"),
    )

    jira_comment_id: Mapped[str] = mapped_column(primary_key=True)
    case_number: Mapped[str]
    created_date: Mapped[datetime]
    author: Mapped[str | None]
    body: Mapped[str | None]
    last_update_date: Mapped[datetime | None]
    card_key: Mapped[str | None]
    gone_at: Mapped[datetime | None]


class JiraCard(Base):
    """A JIRA card as last told: of `kind` tracking (it tracks cases) or escalation (prio-list).

    `case_number` is the first of `cases`.
    """

    __tablename__ = "jira_cards"
    __table_args__ = (
        CheckConstraint("kind in ('tracking', 'escalation')", name="kind"),
        Index("ix_jira_cards_case", "case_number"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=text("'tracking'"))
    case_number: Mapped[str | None]
    cases: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)
    summary: Mapped[str | None]
    status: Mapped[str | None]
    priority: Mapped[str | None]
    assignee: Mapped[str | None]
    contributors: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)
    labels: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)
    sprint: Mapped[str | None]
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]


class CardVersion(Base):
    """A card as it stood during `[valid_from, valid_to)`; derived from `changes`, rebuildable."""

    __tablename__ = "card_versions"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="positive_length"),
        Index("ix_card_versions_cases", "cases", postgresql_using="gin"),
        # How urgent a card is, where it says so, without its texts.
        Index(
            "ix_card_versions_priority",
            "key",
            "valid_from",
            postgresql_where=text("priority is not null and not gone"),
            postgresql_include=["valid_to", "priority"],
        ),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]
    kind: Mapped[str]
    cases: Mapped[list[str]]
    summary: Mapped[str | None]
    status: Mapped[str | None]
    priority: Mapped[str | None]
    assignee: Mapped[str | None]
    contributors: Mapped[list[str]]
    labels: Mapped[list[str]]
    sprint: Mapped[str | None]
    gone: Mapped[bool]


class CardOverlap(Base):
    """While which a case had two tracking cards or more; derived from `card_versions`."""

    __tablename__ = "card_overlaps"
    __table_args__ = (CheckConstraint("valid_from < valid_to", name="positive_length"),)

    case_number: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]


class Bug(Base):
    """A bug or issue behind cases, in the tracker (`bugzilla`, `jira`) that holds it."""

    __tablename__ = "bugs"

    tracker: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    summary: Mapped[str | None]
    status: Mapped[str | None]
    severity: Mapped[str | None]
    target: Mapped[str | None]
    assignee: Mapped[str | None]
    updated_at: Mapped[datetime | None]
    restricted: Mapped[bool] = mapped_column(server_default=FALSE)
    gone_at: Mapped[datetime | None]


class BugVersion(Base):
    """A bug as it stood during `[valid_from, valid_to)`; derived from `changes`, rebuildable."""

    __tablename__ = "bug_versions"
    __table_args__ = (CheckConstraint("valid_from < valid_to", name="positive_length"),)

    tracker: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]
    summary: Mapped[str | None]
    status: Mapped[str | None]
    severity: Mapped[str | None]
    target: Mapped[str | None]
    assignee: Mapped[str | None]
    restricted: Mapped[bool]
    gone: Mapped[bool]


class CaseBug(Base):
    """A link between a case and a bug, from `linked_at` until `unlinked_at`; it may come back."""

    __tablename__ = "case_bugs"
    __table_args__ = (
        ForeignKeyConstraint(["tracker", "key"], ["bugs.tracker", "bugs.key"]),
        Index("ix_case_bugs_bug", "key", "tracker"),
    )

    case_number: Mapped[str] = mapped_column(
        ForeignKey("cases.case_number", onupdate="CASCADE"), primary_key=True
    )
    tracker: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    linked_at: Mapped[datetime] = mapped_column(primary_key=True)
    unlinked_at: Mapped[datetime | None]


class Change(Base):
    """One observed value: `field` of `entity` `key` was `value` from `at` on, says the source.

    Values are canonical text (instants ISO 8601 UTC, lists JSON, booleans true/false); NULL means
    the source said "nothing". `seq` orders observations of one instant. `learned_at` is when we
    heard of it. Append-only: the database refuses UPDATE, DELETE and TRUNCATE.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index(
            "ux_changes_fact",
            "entity",
            "key",
            "field",
            "at",
            "seq",
            text("md5(value)"),
            "actor",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        # Comments of one id on several cards.
        Index(
            "ix_changes_card_comment",
            text("split_part(key, '|'::text, 2)"),
            postgresql_where=text("entity = 'card_comment' and field = 'created'"),
        ),
        # Facts lie in the order in which they were learned.
        Index("ix_changes_learned", "learned_at", postgresql_using="brin"),
        Index("ix_changes_run", "run_id", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entity: Mapped[str]
    key: Mapped[str]
    field: Mapped[str]
    value: Mapped[str | None]
    at: Mapped[datetime]
    seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    actor: Mapped[str | None]
    learned_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sync_runs.id"))


def _ordered(
    name: str, where: str | None, *keys: str, beside: tuple[str, ...] = ("is_open",)
) -> Index:
    """An index of case versions in an order that pages ask for; texts order by code point."""
    columns = (key if key.isidentifier() else text(key) for key in keys)
    return Index(
        f"ix_case_versions_{name}",
        *columns,
        postgresql_where=where and text(where),
        postgresql_include=list(beside),
    )


class CaseVersion(Base):
    """A case as it stood during `[valid_from, valid_to)`; derived from `changes`, rebuildable.

    `event` names what began the version: created, closed, reopened, gone, returned, or NULL for any
    other change; `ended_by` what ended it, in the same words. `closed_at` is the latest closing up
    to then, also of a case reopened since. Some versions begin a spell, during which the case keeps
    what numbers over days go by (`etl.history.spells`); these tell its end in `spell_to`.
    """

    __tablename__ = "case_versions"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="positive_length"),
        CheckConstraint("updated_at <= valid_from", name="updated_before"),
        Index("ix_case_versions_time", "valid_from", "valid_to"),
        # All that the daily numbers go by, so that they never read the wide rows.
        _ordered("daily", "is_open", "valid_to", "valid_from", beside=DAILY),
        # The same by spells, for the numbers that these can tell.
        _ordered("spells", OPEN_SPELL, "spell_to", "valid_from", beside=("event", *SPELL)),
        # The ends of open versions that are events, by what spells tell.
        _ordered("ended", ENDED, "valid_to", beside=("ended_by", "valid_from", *SPELL)),
        Index(
            "ix_case_versions_event",
            "event",
            "valid_from",
            postgresql_where=text("event is not null"),
            postgresql_include=["gone"],
        ),
        # Faults of few cases, and the waiting that bugs are ranked by, at any instant.
        _ordered("card_left", CARD_LEFT, "valid_to", "valid_from", beside=LEFT),
        _ordered("trending", TRENDING, "valid_to", beside=TRENDED),
        _ordered("engineering", ON_ENGINEERING, "case_number", "valid_from", beside=("valid_to",)),
        _ordered("lasted", LASTED, "valid_to", "valid_from", beside=STOOD),
        # Whose clock passes a mark in a period.
        Index(
            "ix_case_versions_clock",
            "severity",
            "created_date",
            postgresql_where=text("is_open"),
        ),
        # Cases shortly after they were opened, and after they were closed.
        _ordered("young", YOUNG, "created_date", beside=RECENT),
        _ordered("late", LATE, "closed_at", beside=RECENT),
        _ordered("closings", "not is_open and not gone", "closed_at", beside=CLOSING),
        _ordered("outlived", OUTLIVED, "closed_at", beside=CLOSING),
        _ordered("updated", None, *NEWEST_FIRST, beside=SPAN),
        _ordered("current", CURRENT, "case_number", beside=(*NARROW, *REACHED)),
        _ordered("current_updated", CURRENT, *NEWEST_FIRST),
        _ordered("current_created", CURRENT, "created_date", "case_number", beside=MILESTONES),
        _ordered(
            "current_closed",
            CURRENT,
            "(case when not is_open then closed_at end)",
            "case_number",
            beside=("is_open", "severity", "closed_at", "created_date"),
        ),
        # One account may have a good part of all cases.
        _ordered(
            "current_account",
            CURRENT,
            'account collate "C"',
            *NEWEST_FIRST,
            beside=(*MILESTONES, "created_date"),
        ),
        _ordered("current_engineer", CURRENT, 'engineer collate "C"', *NEWEST_FIRST),
        _ordered("current_product", CURRENT, 'product collate "C"', *NEWEST_FIRST),
        _ordered("gone", "valid_to = 'infinity' and gone", *NEWEST_FIRST),
        _ordered("open_now", CURRENT_OPEN, "case_number", beside=(*NARROW, "valid_from")),
        _ordered("open_updated", CURRENT_OPEN, *NEWEST_FIRST),
        _ordered("open_created", CURRENT_OPEN, "created_date", "case_number"),
        _ordered("open_severity", CURRENT_OPEN, "severity", *NEWEST_FIRST),
        _ordered("open_status", CURRENT_OPEN, 'status collate "C"', *NEWEST_FIRST),
        _ordered("open_account", CURRENT_OPEN, 'account collate "C"', *NEWEST_FIRST),
        _ordered("open_engineer", CURRENT_OPEN, 'engineer collate "C"', *NEWEST_FIRST),
        _ordered("open_product", CURRENT_OPEN, 'product collate "C"', *NEWEST_FIRST),
    )

    case_number: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]
    created_date: Mapped[datetime]
    updated_at: Mapped[datetime]
    event: Mapped[str | None]
    ended_by: Mapped[str | None]
    is_open: Mapped[bool]
    gone: Mapped[bool]
    status: Mapped[str | None]
    status_since: Mapped[datetime]
    waiting_on: Mapped[str]
    severity: Mapped[int | None] = mapped_column(SmallInteger)
    owner: Mapped[str | None]
    engineer: Mapped[str | None]
    account: Mapped[str | None]
    summary: Mapped[str | None]
    product: Mapped[str | None]
    product_version: Mapped[str | None]
    group_name: Mapped[str | None]
    crit_sit: Mapped[bool]
    escalated: Mapped[str]
    escalation_link: Mapped[str | None]
    card: Mapped[str | None]
    card_status: Mapped[str | None]
    contributors: Mapped[list[str]]
    labels: Mapped[list[str]]
    tags: Mapped[list[str]]
    relief_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    spell_to: Mapped[datetime | None]


class BugSpan(Base):
    """While which a case had a bug; `untargeted`: at least one without a target. Derived."""

    __tablename__ = "bug_spans"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="positive_length"),
        Index("ix_bug_spans_from", "valid_from"),
        Index("ix_bug_spans_to", "valid_to"),
    )

    case_number: Mapped[str] = mapped_column(
        ForeignKey("cases.case_number", onupdate="CASCADE"), primary_key=True
    )
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_to: Mapped[datetime]
    untargeted: Mapped[bool]


class _OfCases:
    """What tells the rows of a roll-up of cases apart, within a time."""

    severity: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    escalated: Mapped[str] = mapped_column(primary_key=True)
    crit_sit: Mapped[bool] = mapped_column(primary_key=True)


class _OpenSteps(_OfCases):
    """How the counts of cases with the same values changed within some time.

    `step` is of all open cases, `created` to `gone` are its reasons; the rest are steps of the
    counts of those names. What holds for ever ends at `infinity`, there open cases under `lasting`.
    """

    step: Mapped[int]
    lasting: Mapped[int]
    created: Mapped[int]
    reopened: Mapped[int]
    closed: Mapped[int]
    gone: Mapped[int]
    no_updates: Mapped[int]
    no_bugs: Mapped[int]
    opened_last_day: Mapped[int]
    opened_last_week: Mapped[int]
    closed_last_day: Mapped[int]
    closed_last_week: Mapped[int]
    at_risk: Mapped[int] = mapped_column(server_default=text("0"))
    breached: Mapped[int] = mapped_column(server_default=text("0"))


class OpenStep(_OpenSteps, Base):
    """How the counts of cases changed within an hour (UTC): derived (`etl.history.steps`)."""

    __tablename__ = "open_steps"
    __table_args__ = (Index("ix_open_steps_nothing", "hour", postgresql_where=text(NOTHING)),)

    hour: Mapped[datetime] = mapped_column(primary_key=True, sort_order=-1)


class OpenStepByDay(_OpenSteps, Base):
    """The same within a day (UTC), added up from the hours, for what spans months and years."""

    __tablename__ = "open_steps_by_day"
    __table_args__ = (Index("ix_open_steps_by_day_nothing", "day", postgresql_where=text(NOTHING)),)

    day: Mapped[datetime] = mapped_column(primary_key=True, sort_order=-1)


class _StageSteps(_OfCases):
    """How many cases with the same values reached each stage in some time, as is known now.

    All of them are taken back at `infinity`.
    """

    created: Mapped[int]
    relieved: Mapped[int]
    resolved: Mapped[int]
    closed: Mapped[int]


class StageStep(_StageSteps, Base):
    """Who reached which stage within an hour (UTC): derived (`etl.history.stages`)."""

    __tablename__ = "stage_steps"
    __table_args__ = (Index("ix_stage_steps_nothing", "hour", postgresql_where=text(NO_STAGE)),)

    hour: Mapped[datetime] = mapped_column(primary_key=True, sort_order=-1)


class StageStepByDay(_StageSteps, Base):
    """The same within a day (UTC)."""

    __tablename__ = "stage_steps_by_day"
    __table_args__ = (
        Index("ix_stage_steps_by_day_nothing", "day", postgresql_where=text(NO_STAGE)),
    )

    day: Mapped[datetime] = mapped_column(primary_key=True, sort_order=-1)


class _ValueSteps:
    """By how much the open cases with a value of a field (`VALUE_FIELDS`) changed in some time."""

    field: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[str] = mapped_column(Text(collation="C"))
    step: Mapped[int]


class ValueStep(_ValueSteps, Base):
    """The steps of values within an hour (UTC): derived (`etl.history.values`)."""

    __tablename__ = "value_steps"
    __table_args__ = (
        PrimaryKeyConstraint("field", "value", "hour"),
        Index("ix_value_steps_nothing", "field", postgresql_where=text("step = 0")),
    )

    hour: Mapped[datetime] = mapped_column(sort_order=-1)


class ValueStepByDay(_ValueSteps, Base):
    """The same within a day (UTC), for lines over months and years."""

    __tablename__ = "value_steps_by_day"
    __table_args__ = (
        PrimaryKeyConstraint("field", "value", "day"),
        Index("ix_value_steps_by_day_nothing", "field", postgresql_where=text("step = 0")),
    )

    day: Mapped[datetime] = mapped_column(sort_order=-1)


class ValueStepByMonth(_ValueSteps, Base):
    """The same within a month (UTC), of all values side by side; `entered`: how often got anew."""

    __tablename__ = "value_steps_by_month"
    __table_args__ = (
        PrimaryKeyConstraint("field", "month", "value"),
        Index(
            "ix_value_steps_by_month_nothing",
            "field",
            postgresql_where=text("step = 0 and entered = 0"),
        ),
    )

    month: Mapped[datetime] = mapped_column(sort_order=-1)
    entered: Mapped[int] = mapped_column(sort_order=1)


class _BugSteps:
    """By how much the bugs behind open cases of a severity, or of `ANY_SEVERITY`, changed."""

    severity: Mapped[int] = mapped_column(SmallInteger)
    bugs_unique: Mapped[int]
    bugs_no_target: Mapped[int]


class BugStep(_BugSteps, Base):
    """The steps of bugs within an hour (UTC): derived (`etl.history.bug_steps`)."""

    __tablename__ = "bug_steps"
    __table_args__ = (
        PrimaryKeyConstraint("severity", "hour"),
        Index("ix_bug_steps_nothing", "severity", postgresql_where=text(NO_BUG)),
    )

    hour: Mapped[datetime] = mapped_column(sort_order=-1)


class BugStepByDay(_BugSteps, Base):
    """The same within a day (UTC)."""

    __tablename__ = "bug_steps_by_day"
    __table_args__ = (
        PrimaryKeyConstraint("severity", "day"),
        Index("ix_bug_steps_by_day_nothing", "severity", postgresql_where=text(NO_BUG)),
    )

    day: Mapped[datetime] = mapped_column(sort_order=-1)


class SlaPolicyVersion(Base):
    """A policy of the SLA (`days`, `accounts`) from an instant on; the first counts since ever.

    The roll-up of counts goes by those that are `rolled` (`etl.history.clocks`).
    """

    __tablename__ = "sla_policies"

    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    policy: Mapped[dict[str, object]] = mapped_column(JSONB)
    rolled: Mapped[bool] = mapped_column(server_default=FALSE)


class Annotation(Base):
    """What somebody noted about an instant, for the charts over time."""

    __tablename__ = "annotations"
    __table_args__ = (Index("ix_annotations_at", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    told: Mapped[str]
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deleted_at: Mapped[datetime | None]


class CaseDetails(Base):
    """Whose details were fetched: as of which last update, and whether they will change no more."""

    __tablename__ = "case_details"

    case_number: Mapped[str] = mapped_column(
        ForeignKey("cases.case_number", onupdate="CASCADE"), primary_key=True
    )
    told_at: Mapped[datetime]
    stable: Mapped[bool] = mapped_column(server_default=FALSE)


class Sync(Base):
    """What is due: one row per scheduled sync. The database's clock decides.

    `schedule` and `full_schedule` are cron lines (UTC); `fresh_seconds` is how old the data may get
    before people are told. `due_at` is the next slot of the schedule, `full_due_at` that of a full
    enumeration. `asked_at` is set while somebody, or another sync, waits for a run out of turn.
    `attempts` counts runs that began and came to nothing; nothing starts before `retry_at`.
    """

    __tablename__ = "syncs"

    name: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    place: Mapped[int] = mapped_column(SmallInteger)
    told: Mapped[str]
    schedule: Mapped[str]
    full_schedule: Mapped[str | None]
    fresh_seconds: Mapped[int]
    due_at: Mapped[datetime]
    full_due_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    asked_full: Mapped[bool] = mapped_column(server_default=FALSE)
    allow_drop: Mapped[bool] = mapped_column(server_default=FALSE)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retry_at: Mapped[datetime | None]


class SyncRun(Base):
    """One run of one sync or import, with what it saw and did.

    `state`: running; finished; partial (some of it could not be read); held (an implausible drop
    was not believed); failed; lost (its worker died). Only a running run may write: the id fences
    every load. `exclusive` is the source that nobody else may run meanwhile, None for imports.
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        CheckConstraint(
            "state in ('running', 'finished', 'partial', 'held', 'failed', 'lost')", name="state"
        ),
        Index("ix_sync_runs_started", "sync", "started_at"),
        Index(
            "ux_sync_runs_running",
            "exclusive",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    sync: Mapped[str]
    source: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]
    seen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    inserted: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    updated: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    gone: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rejected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    error: Mapped[str | None]
    exclusive: Mapped[str | None]
    mode: Mapped[str] = mapped_column(server_default=text("'full'"))
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    requests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    doing: Mapped[str | None]
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int | None] = mapped_column(BigInteger)
    notes: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)


class SyncSighting(Base):
    """What a full enumeration has seen so far; emptied when it ends."""

    __tablename__ = "sync_sightings"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)


class MetricSnapshot(Base):
    """What the catalogue said of a day when it ended, to be compared with what is computed later.

    `day` is a day in UTC; the values are those at its end, computed under data `version`.
    """

    __tablename__ = "metric_snapshots"

    day: Mapped[date] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, object]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(BigInteger)
    taken_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class OldStatistics(Base):
    """What a system before this one counted on a day, as it counted; never compared with ours.

    `origin` names the system and its list (`t5g`), `numbers` is all that it said of the day.
    """

    __tablename__ = "old_statistics"

    origin: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    numbers: Mapped[dict[str, object]] = mapped_column(JSONB)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sync_runs.id"))
    learned_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SnapshotCheck(Base):
    """When a day's snapshot was last compared with what is computed now.

    `facts` is how many facts about the time up to that day had been learned by then that were not
    known when the snapshot was taken.
    """

    __tablename__ = "snapshot_checks"

    day: Mapped[date] = mapped_column(primary_key=True)
    facts: Mapped[int] = mapped_column(BigInteger)
    checked_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Restatement(Base):
    """A value of a day's snapshot that is computed differently now; `value` is the newer one.

    `found_at` is when they first differed.
    """

    __tablename__ = "restatements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["day", "metric"], ["metric_snapshots.day", "metric_snapshots.metric"]
        ),
    )

    day: Mapped[date] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, object]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Recount(Base):
    """How many records of a kind a source and the board had when they were last compared.

    Kinds are `case`, `tracking`, `escalation`, `issue`, `bug`. `lost` are records that only the
    source has still; `loaded` were lost, and were loaded then; `surplus` only the board has.
    """

    __tablename__ = "recounts"

    kind: Mapped[str] = mapped_column(primary_key=True)
    sync: Mapped[str]
    shown: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger)
    lost: Mapped[int] = mapped_column(BigInteger)
    loaded: Mapped[int] = mapped_column(BigInteger)
    surplus: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int] = mapped_column(BigInteger)
    counted_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Difference(Base):
    """A record that source and board do not both have: `lacks` says which has it not.

    `lacks` is `board` or `source`; `told` explains in words. Settled when both agree again:
    `outcome` is `loaded` where we loaded it, else `agreed`.
    """

    __tablename__ = "differences"
    __table_args__ = (
        Index(
            "ux_differences_open",
            "kind",
            "key",
            "lacks",
            unique=True,
            postgresql_where=text("settled_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    lacks: Mapped[str]
    told: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Mute(Base):
    """An entry of a work list of `/quality` that need not be seen until an instant, and why.

    `ended_at` is set when somebody ends it, or replaces it by another; else it ends by itself.
    """

    __tablename__ = "mutes"
    __table_args__ = (
        CheckConstraint("at < until", name="positive_length"),
        Index(
            "ux_mutes_entry",
            "list",
            "subject",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    list: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]
    until: Mapped[datetime]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None]


class Watermark(Base):
    """How far a source has been read, and what else must be remembered between its runs."""

    __tablename__ = "watermarks"

    source: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Reject(Base):
    """A record that could not be understood: kept with its reason until it can be."""

    __tablename__ = "rejects"
    __table_args__ = (
        Index("ux_rejects_record", "source", "position", "fingerprint", unique=True),
        Index("ix_rejects_run", "run_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sync_runs.id"))
    source: Mapped[str]
    position: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str | None]
    reason: Mapped[str]
    payload: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    fingerprint: Mapped[str]
    rejected_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    resolved_at: Mapped[datetime | None]


class CaseWords(Base):
    """What a search looks through: the words of a case, its comments, cards and bugs.

    Derived by the function `case_words`; `search_query` makes a query of what somebody typed, and
    `searched` the same for the planner to know. From `rests_from` on the case was neither open nor
    told to be created or closed; from `said_from` on it said what it says now.
    """

    __tablename__ = "case_words"
    __table_args__ = (
        Index("ix_case_words_words", "words", postgresql_using="gin"),
        Index("ix_case_words_rests_from", "rests_from"),
    )

    case_number: Mapped[str] = mapped_column(
        ForeignKey("cases.case_number", onupdate="CASCADE"), primary_key=True
    )
    words: Mapped[str] = mapped_column(TSVECTOR)
    rests_from: Mapped[datetime] = mapped_column(server_default=text("'infinity'"))
    said_from: Mapped[datetime] = mapped_column(server_default=text("'infinity'"))


class Word(Base):
    """A word that some case says: where a mistyped one finds its kin."""

    __tablename__ = "known_words"
    __table_args__ = (
        Index(
            "ix_known_words_kin",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
        Index("ix_known_words_prefix", "word", postgresql_ops={"word": "text_pattern_ops"}),
    )

    word: Mapped[str] = mapped_column(primary_key=True)


class SavedView(Base):
    """A View that somebody named: its query, and how its columns are laid out in the grid.

    `owner` is the person's name; `team`: everybody sees it. Deleted ones are kept, to be undone.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        Index(
            "ux_saved_views_own",
            "owner",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at is null and not team"),
        ),
        Index(
            "ux_saved_views_team",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at is null and team"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    owner: Mapped[str]
    name: Mapped[str]
    team: Mapped[bool] = mapped_column(server_default=FALSE)
    query: Mapped[str]
    layout: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deleted_at: Mapped[datetime | None]


class ViewMark(Base):
    """What a View is to a person: pinned to the top, or the one that `/cases` opens with.

    `view` is the id of a saved View, or the name of a ready-made one.
    """

    __tablename__ = "view_marks"
    __table_args__ = (
        Index("ux_view_marks_opening", "person", unique=True, postgresql_where=text("opening")),
    )

    person: Mapped[str] = mapped_column(primary_key=True)
    view: Mapped[str] = mapped_column(primary_key=True)
    pinned: Mapped[bool] = mapped_column(server_default=FALSE)
    opening: Mapped[bool] = mapped_column(server_default=FALSE)


class User(Base):
    """A person who has come in, known by who vouched for them and the exact name they vouched for.

    Made at the first login; `role` and `groups` are what the latest login said, `lost_at` that it
    found no group with a role any more. The one of issuer `local` is whoever works at this machine
    itself.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("issuer", "name_id_format", "name_id"),
        CheckConstraint("role in ('viewer', 'editor', 'admin')", name="known_role"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    issuer: Mapped[str]
    name_id_format: Mapped[str]
    name_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    groups: Mapped[list[str]] = mapped_column(server_default=EMPTY_LIST)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    login_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]


class Session(Base):
    """A signed-in browser; `digest` is the SHA-256 of its cookie, which itself is kept nowhere."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_user", "user_id", postgresql_where=text("ended_at is null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    session_index: Mapped[str | None]
    begun_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    address: Mapped[str | None]
    agent: Mapped[str | None]


class ApiToken(Base):
    """A personal access token; `digest` is its SHA-256, `prefix` what people know it by."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index("ix_api_tokens_user", "user_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Embed(Base):
    """A chart or a table that pages of `ancestors` may show, until it runs out or is revoked.

    `what` is the name of a panel, or `cases`; `query` says which View and period, locked; `fixed`
    that it stays as of an instant. The address that shows it is signed and kept nowhere.
    """

    __tablename__ = "embeds"
    __table_args__ = (
        Index("ix_embeds_user", "user_id"),
        CheckConstraint("theme in ('auto', 'light', 'dark')", name="known_theme"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    what: Mapped[str]
    title: Mapped[str | None]
    query: Mapped[str]
    fixed: Mapped[bool]
    theme: Mapped[str]
    width: Mapped[int] = mapped_column(SmallInteger)
    height: Mapped[int] = mapped_column(SmallInteger)
    ancestors: Mapped[list[str]]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"))
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("users.id", ondelete="SET NULL")
    )


class AuditEntry(Base):
    """Who did, saw or took what, or was refused it; the database refuses to change a row.

    Only retention removes rows, and none of the last 90 days.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_actor", "actor", "id"),
        Index("ix_audit_log_act", "act", "id"),
        CheckConstraint("outcome in ('done', 'refused')", name="known_outcome"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor: Mapped[str | None]
    act: Mapped[str]
    outcome: Mapped[str]
    target: Mapped[str | None]
    reason: Mapped[str | None]
    address: Mapped[str | None]
    agent: Mapped[str | None]
    request_id: Mapped[str | None]
    detail: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class SamlRequest(Base):
    """A question to the identity provider that is not answered yet: to let in, or to sign out.

    `browser` is the SHA-256 of the cookie of the browser that asked.
    """

    __tablename__ = "saml_requests"
    __table_args__ = (
        Index("ix_saml_requests_expires", "expires_at"),
        CheckConstraint("kind in ('login', 'logout')", name="known_kind"),
        CheckConstraint("kind = 'logout' or browser is not null", name="bound"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    browser: Mapped[str | None]
    return_path: Mapped[str]
    expires_at: Mapped[datetime]


class SamlSeen(Base):
    """A message of an identity provider that counts no second time while it could be believed."""

    __tablename__ = "saml_seen"
    __table_args__ = (Index("ix_saml_seen_until", "until"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class SamlCode(Base):
    """A believed answer between two requests of a browser, by the SHA-256 of its one-time code."""

    __tablename__ = "saml_codes"
    __table_args__ = (Index("ix_saml_codes_expires", "expires_at"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    browser: Mapped[str | None]
    return_path: Mapped[str]
    answer: Mapped[dict[str, object]] = mapped_column(JSONB)
    expires_at: Mapped[datetime]


class SamlSession(Base):
    """What the identity provider calls a session (`digest` as in `sessions`), for signing out.

    `person` is the `users.name_id` that it let in, which may come from another attribute.
    """

    __tablename__ = "saml_sessions"
    __table_args__ = (
        Index("ix_saml_sessions_subject", "issuer", "name_id"),
        Index("ix_saml_sessions_expires", "expires_at"),
    )

    digest: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    name_id: Mapped[str]
    name_id_format: Mapped[str | None]
    name_qualifier: Mapped[str | None]
    sp_name_qualifier: Mapped[str | None]
    session_index: Mapped[str | None]
    person: Mapped[str]
    expires_at: Mapped[datetime]


class ReportSending(Base):
    """The sending of a report of a period by one way (mail, slack): written before and after.

    `state`: sending; sent; failed (surely not sent, may be tried again); unknown (nobody knows
    whether it was: never sent again by itself). `query` is that of the report's View.
    """

    __tablename__ = "report_sendings"
    __table_args__ = (
        CheckConstraint("way in ('mail', 'slack')", name="way"),
        CheckConstraint("state in ('sending', 'sent', 'failed', 'unknown')", name="state"),
        Index(
            "ux_report_sendings_once",
            "way",
            "period_start",
            "period_end",
            text("md5(query)"),
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    way: Mapped[str]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    query: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'sending'"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    begun_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    ended_at: Mapped[datetime | None]
    told: Mapped[str | None]


class Outgoing(Base):
    """Something to be done outside, or told: written down before it is done, and what became of it.

    `key` names it once and for all. `sync` plans it; `waits_for` is the key of what must be done
    before, whose `result` tells the `target` of what was made only then. `before` is what we know
    to be there, `after` what is to be.

    `state`: planned; held (too many at once: an admin decides); approved; acting (begun: after a
    crash the tracker is asked first); uncertain (nobody knows whether it was done: asked first,
    or, what cannot be asked for, left); done; failed (refused: an admin may let it be tried
    again); withdrawn (no longer called for). `sent_at` is when the writing request last left, None
    when surely none did anything; `result` also holds `before`, what was there then, and
    `left`, that a request ever did. `held_at` is
    since when it is held.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(
            "state in ('planned', 'held', 'approved', 'acting', 'uncertain', 'done', 'failed', "
            "'withdrawn')",
            name="state",
        ),
        UniqueConstraint("key"),
        Index("ix_outbox_case", "case_number", "ended_at"),
        Index(
            "ix_outbox_open",
            "sync",
            "id",
            postgresql_where=text("state not in ('done', 'withdrawn')"),
        ),
        Index("ix_outbox_ended", "ended_at"),
        Index(
            "ix_outbox_about",
            text("(after -> 'about')"),
            postgresql_using="gin",
            postgresql_where=text("kind in ('mail', 'slack')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str]
    sync: Mapped[str]
    kind: Mapped[str]
    case_number: Mapped[str | None]
    target: Mapped[str | None]
    waits_for: Mapped[str | None]
    before: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, object]] = mapped_column(JSONB)
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'planned'"))
    told: Mapped[str | None]
    result: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    planned_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    held_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    undoes: Mapped[int | None] = mapped_column(BigInteger)


class DataVersion(Base):
    """One row: the version of the data. A load increments it in its own transaction.

    `latest` is when the latest case version begins: from then on the board is what has no end.
    """

    __tablename__ = "data_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changed_at: Mapped[datetime | None]
    latest: Mapped[datetime | None]
