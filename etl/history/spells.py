"""Spells: the versions of a case told more coarsely, by what numbers over days go by.

Most versions differ by a comment or a status. A spell lasts while the case is open or not, and has
the same severity, people, account, product, group and flags. The version that begins one tells in
`spell_to` when it ends; in the others that is NULL.
"""

SAME = """
    is_open, gone, severity, owner, engineer, account, product, group_name, escalated, crit_sit,
    created_date, closed_at
"""


def with_spells(versions: str, columns: str) -> str:
    """A statement for some columns of versions, `spell_to` behind them.

    Each case has all its versions, or those since one that is `kept`, of which `kept_begins` tells.
    """
    return f"""
    select {columns},
        case when begins then coalesce(
            min(valid_from) filter (where begins) over (
                partition by case_number order by valid_from desc
                rows between unbounded preceding and 1 preceding),
            'infinity') end as spell_to
    from (
        select *, case when kept then kept_begins else
            ({SAME}) is distinct from lag(({SAME})) over (
                partition by case_number order by valid_from) end as begins
        from {versions}
    ) told
    """
