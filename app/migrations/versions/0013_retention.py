"""Retention: what is old may leave the audit log, if it is asked to; what is recent never."""

from alembic import op

from app.migrations import live

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Both hold for everybody: without the word nothing goes, and with it nothing of the last 90 days.
GUARDS = """
create or replace function refuse_delete() returns trigger language plpgsql as $$
begin
    if coalesce(current_setting('caseboard.retention', true), '') <> 'on' then
        raise exception 'table % is append-only: delete refused', tg_table_name
            using hint = 'Only retention (CASEBOARD_KEEP_AUDIT_DAYS) removes what is old.';
    end if;
    return null;
end $$;
create or replace function refuse_recent_delete() returns trigger language plpgsql as $$
begin
    if old.at > clock_timestamp() - interval '90 days' then
        raise exception 'table % is append-only: delete of what is recent refused', tg_table_name
            using hint = 'Retention removes what is older than 90 days at the earliest.';
    end if;
    return old;
end $$;
drop trigger append_only on audit_log;
create trigger append_only before update or truncate on audit_log
    for each statement execute function refuse_change();
create trigger append_only_delete before delete on audit_log
    for each statement execute function refuse_delete();
create trigger append_only_recent before delete on audit_log
    for each row execute function refuse_recent_delete()
"""
NO_GUARDS = """
drop trigger append_only_recent on audit_log;
drop trigger append_only_delete on audit_log;
drop trigger append_only on audit_log;
create trigger append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_change();
drop function refuse_recent_delete();
drop function refuse_delete()
"""
# A run goes only when no fact and no reject is of it, which the foreign keys look up.
INDEXES = {
    "ix_changes_run": "changes using brin (run_id)",
    "ix_rejects_run": "rejects (run_id)",
}


def upgrade() -> None:
    with live.beside():
        for name, on in INDEXES.items():
            live.build_index(name, on)
    op.execute(GUARDS)


def downgrade() -> None:
    with live.beside():
        for name in INDEXES:
            live.drop_index(name)
    op.execute(NO_GUARDS)
