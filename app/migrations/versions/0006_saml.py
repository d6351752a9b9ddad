"""SAML: open questions, messages that were seen, codes between requests, names of sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "saml_requests",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=True),
        sa.Column("return_path", sa.Text(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.CheckConstraint("kind in ('login', 'logout')", name="known_kind"),
        sa.CheckConstraint("kind = 'logout' or browser is not null", name="bound"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_saml_requests_expires", "saml_requests", ["expires_at"])
    op.create_table(
        "saml_seen",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "message_id"),
    )
    op.create_index("ix_saml_seen_until", "saml_seen", ["until"])
    op.create_table(
        "saml_codes",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=True),
        sa.Column("return_path", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_saml_codes_expires", "saml_codes", ["expires_at"])
    op.create_table(
        "saml_sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("name_id_format", sa.Text(), nullable=True),
        sa.Column("name_qualifier", sa.Text(), nullable=True),
        sa.Column("sp_name_qualifier", sa.Text(), nullable=True),
        sa.Column("session_index", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_saml_sessions_subject", "saml_sessions", ["issuer", "name_id"])
    op.create_index("ix_saml_sessions_expires", "saml_sessions", ["expires_at"])


def downgrade() -> None:
    for table in ("saml_sessions", "saml_codes", "saml_seen", "saml_requests"):
        op.drop_table(table)
