"""What has been kept for long enough goes, once a day; everything else stays, whoever asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import database
from app.settings import use
from etl import schedule, sync
from etl.syncs import BY_NAME
from etl.syncs.retention import RULES

pytestmark = pytest.mark.database

WORLD = """
insert into users (issuer, name_id_format, name_id, name, role)
values ('idp', 'x', 'p', 'P', 'viewer');
insert into sessions (digest, user_id, expires_at, ended_at)
select 'ended long ago', id, now() - interval '91 days', now() - interval '92 days' from users
where name_id = 'p'
union all select 'expired long ago', id, now() - interval '91 days', null from users
where name_id = 'p'
union all select 'ended lately', id, now() + interval '1 hour', now() - interval '1 day' from users
where name_id = 'p'
union all select 'lives', id, now() + interval '1 hour', null from users where name_id = 'p';
insert into sync_runs (sync, source, state, started_at, finished_at)
select 'cases', 'portal', 'finished', at, at
from (select now() - make_interval(days => 500 - n) as at from generate_series(1, 50) n) days;
insert into sync_runs (sync, source, state, started_at, finished_at)
values ('cases', 'portal', 'failed', now() - interval '450 days', now() - interval '450 days'),
    ('cases', 'portal', 'finished', now() - interval '1 day', now() - interval '1 day');
insert into changes (entity, key, field, value, at, run_id)
select 'case', '01', 'status', 'New', now() - interval '490 days', id from sync_runs
where started_at < now() - interval '489 days' and started_at > now() - interval '491 days';
insert into rejects (run_id, source, position, reason, fingerprint, resolved_at)
select min(id), 'portal', 1, 'settled long ago', 'a', now() - interval '91 days' from sync_runs
union all select min(id), 'portal', 2, 'settled lately', 'b', now() from sync_runs
union all select min(id), 'portal', 3, 'open', 'c', null from sync_runs;
insert into report_sendings (way, period_start, period_end, query, state, begun_at, ended_at)
values ('mail', now() - interval '510 days', now() - interval '503 days', '', 'sent',
        now() - interval '503 days', now() - interval '503 days'),
    ('mail', now() - interval '8 days', now() - interval '1 day', '', 'sent', now(), now());
"""
OLD_ENTRIES = """
alter table audit_log disable trigger audit_clock;
insert into audit_log (at, act, outcome, reason)
values (now() - interval '200 days', 'login', 'done', 'old'),
    (now() - interval '91 days', 'login', 'done', 'middling'),
    (now() - interval '89 days', 'login', 'done', 'young');
alter table audit_log enable trigger audit_clock
"""


def run(statements: str) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql(statements)


def column(statement: str) -> list:
    with database.snapshot() as connection:
        return list(connection.execute(text(statement)).scalars())


def purge():
    schedule.ask("retention")
    (ended,) = sync.work(BY_NAME["retention"].source, "retention")
    assert ended.state == "finished", ended.error


def test_what_is_old_goes_and_all_else_stays(empty):
    run(WORLD)
    purge()
    assert column("select digest from sessions order by 1") == ["ended lately", "lives"]
    assert column("select reason from rejects order by 1") == ["open", "settled lately"]
    assert column("select count(*) from report_sendings") == [1]
    # 50 old ones: one with a fact stays, and the one of the open reject.
    assert column("select count(*) from sync_runs where sync = 'cases' and state = 'finished' "
                  "and started_at < now() - interval '400 days'") == [2]  # fmt: skip
    assert column("select count(*) from sync_runs where state = 'failed'") == [1]
    assert column("select count(*) from changes") == [1]
    (told,) = column("select notes from sync_runs where sync = 'retention'")
    assert "2 rows of sessions older than 90 days are gone" in told
    purge()
    assert column("select gone from sync_runs where sync = 'retention' order by id") == [52, 0]


def test_the_audit_log_is_kept_for_ever_unless_a_setting_says_otherwise(empty):
    run(OLD_ENTRIES)
    purge()
    assert column("select reason from audit_log order by id") == ["old", "middling", "young"]
    use({"CASEBOARD_KEEP_AUDIT_DAYS": "120"})
    purge()
    assert column("select reason from audit_log where act = 'login' order by id") == [
        "middling", "young",
    ]  # fmt: skip
    (told,) = column("select detail from audit_log where act = 'audit_purge'")
    assert told == {"rows": 1, "kept_days": 120}
    purge()
    assert column("select count(*) from audit_log where act = 'audit_purge'") == [1]


@pytest.mark.parametrize("word", ["", "select set_config('caseboard.retention', 'on', true);"])
@pytest.mark.parametrize(
    "statement",
    ["delete from audit_log", "delete from changes", "update audit_log set act = 'x'",
     "truncate audit_log", "truncate changes", "update changes set value = 'x'"],
)  # fmt: skip
def test_what_is_recent_can_never_be_removed(empty, statement, word):
    run(WORLD)
    run(OLD_ENTRIES)
    with pytest.raises(DBAPIError, match="append-only"):
        run(word + statement)
    assert column("select count(*) from audit_log") == [3]


def test_without_the_word_even_what_is_old_stays(empty):
    run(OLD_ENTRIES)
    with pytest.raises(DBAPIError, match="append-only"):
        run("delete from audit_log where reason = 'old'")


def test_every_rule_has_its_setting(empty):
    from app.settings import get_settings

    assert all(hasattr(get_settings(), rule.setting) for rule in RULES)
