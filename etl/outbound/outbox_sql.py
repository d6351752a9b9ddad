"""The statements by which a row of the outbox goes its way; `outbox.py` says when."""

KNOWN = """
select key, state, target, before, after, reason from outbox where key = any(:keys)
"""
# Whoever approves up to an id has seen all that is held until there: what comes back, is held only
# now or has changed is new to them. Nothing is left of what was once begun and then overtaken.
PUT = """
insert into outbox (key, sync, kind, case_number, target, waits_for, before, after, reason, state,
    held_at)
values (:key, :sync, :kind, :case, :target, :waits_for, cast(:before as jsonb),
    cast(:after as jsonb), :reason, :state, case when :state = 'held' then clock_timestamp() end)
on conflict (key) do update set target = excluded.target, before = excluded.before,
    after = excluded.after, reason = excluded.reason, state = excluded.state, told = null,
    planned_at = clock_timestamp(), ended_at = null,
    held_at = case when outbox.state = 'held' and excluded.state = 'held'
        then outbox.held_at else excluded.held_at end,
    id = case when outbox.state = 'withdrawn' or outbox.after <> excluded.after
            or (excluded.state = 'held' and outbox.state <> 'held')
        then nextval(pg_get_serial_sequence('outbox', 'id')) else outbox.id end,
    decided_at = case when outbox.state <> 'withdrawn' then outbox.decided_at end,
    decided_by = case when outbox.state <> 'withdrawn' then outbox.decided_by end,
    result = case when outbox.state <> 'withdrawn' or outbox.kind in ('create_card', 'comment')
        then outbox.result end,
    sent_at = case when outbox.state <> 'withdrawn' or outbox.kind in ('create_card', 'comment')
        then outbox.sent_at end
where outbox.state in ('planned', 'held', 'withdrawn')
"""
# What hangs on something that was begun goes its way.
WITHDRAW = """
update outbox o set state = 'withdrawn', ended_at = clock_timestamp(),
    told = 'It is no longer called for.'
where o.sync = :sync and o.undoes is null and o.state in ('planned', 'held', 'approved')
    and not (o.key = any(:keys)) and not exists (
        select from outbox head where head.key = o.waits_for
            and head.state in ('acting', 'uncertain', 'done'))
"""
# What was tried most often comes last, so that it keeps nothing else from being done; what hangs on
# something comes after it, and not at all when that cannot be done now.
DUE = """
select o.id, o.kind from outbox o left join outbox head on head.key = o.waits_for
where o.sync = :sync and o.state in ('planned', 'approved', 'acting', 'uncertain')
    and (o.waits_for is null
        or head.state in ('planned', 'approved', 'acting', 'uncertain', 'done'))
order by greatest(o.attempts, head.attempts), coalesce(head.id, o.id), o.waits_for is not null, o.id
"""
BEGIN = """
update outbox o set state = 'acting', attempts = o.attempts + 1, run_id = :run_id
from outbox self left join outbox head on head.key = self.waits_for
where o.id = :id and self.id = o.id and o.state in ('planned', 'approved', 'acting', 'uncertain')
    and (self.waits_for is null or head.state = 'done')
returning o.id, o.key, o.kind, o.case_number, coalesce(o.target, head.result ->> 'key') as target,
    o.before, o.after, coalesce(head.result, '{}') as head, o.result -> 'before' as found,
    coalesce(o.result ? 'left', false) as has_left,
    extract(epoch from clock_timestamp() - o.sent_at)::float as sent_seconds
"""
# That something leaves, and what was there, is kept before it does: after a crash it could not be
# told any more.
GO = """
update outbox set sent_at = clock_timestamp(), result = coalesce(result, '{}')
    || jsonb_build_object('left', true) || case when cast(:found as jsonb) is null then '{}'
        else jsonb_build_object('before', cast(:found as jsonb)) end
where id = :id and run_id = :run_id
"""
# What somebody has approved stays so when it was not done.
END = """
update outbox set told = :told,
    state = case when :state = 'planned' and decided_at is not null then 'approved'
        else :state end,
    result = case when cast(:result as jsonb) is null then result
        else coalesce(result, '{}') || cast(:result as jsonb) end,
    target = coalesce(target, :target),
    ended_at = case when :state in ('done', 'failed', 'withdrawn') then clock_timestamp() end,
    sent_at = case when :undone then null else sent_at end
where id = :id and run_id = :run_id
"""
AUDIT = """
insert into audit_log (actor, act, outcome, target, reason, detail)
values ('caseboard', 'write_back', :outcome, :target, :reason, cast(:detail as jsonb))
"""
