"""The clocks of the SLA in the roll-up of counts: when an open case is at risk, when in breach.

They go by the policies that are marked as `rolled`, each while it was in force
(`etl.history.policies`).
"""

# In force from `since` until `until`; the first one since ever.
POLICIES = """
(
    select policy,
        case when row_number() over in_order > 1 then valid_from else '-infinity' end as since,
        coalesce(lead(valid_from) over in_order, 'infinity') as until
    from sla_policies where {chosen} window in_order as (order by valid_from)
) policies
"""
# What `app.targets` says: at risk is who has used up more than half of the target.
CLOCKS = """
select at, {key}, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, at_risk * side, breached * side, {sign}
from {versions}
cross join {policies}
cross join lateral (
    select (coalesce(policy -> 'accounts' -> account, policy -> 'days') ->> (severity - 1))::float8
) targets (days)
cross join lateral (values (
    created_date + make_interval(secs => days * 0.5 * 86400) + interval '1 microsecond',
    created_date + make_interval(secs => days * 86400)
)) marks (half, whole)
cross join lateral (values
    (1, 0, greatest(half, valid_from, since), least(whole, spell_to, until)),
    (0, 1, greatest(whole, valid_from, since), least(spell_to, until))
) parts (at_risk, breached, part_from, part_to)
cross join lateral (values (part_from, 1), (part_to, -1)) moments (at, side)
where is_open and spell_to is not null and days is not null and part_from < part_to
"""


def clocks(key: str, policies: str = "rolled") -> str:
    """The moments at which a clock passes a mark, of spells with a key, under some policies."""
    asked = POLICIES.replace("{chosen}", policies)
    return CLOCKS.replace("{key}", key).replace("{policies}", asked)
