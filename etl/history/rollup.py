"""A roll-up: what steps up and down, added up by hours, and the same by longer times.

What holds for ever ends in the hour `infinity`, so that all steps add up to nothing, and those
after an instant to what holds by then, taken away. A load adds what its cases say after it and
takes away what they said before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

# The day (UTC) of an hour.
OF_DAY = "date_bin('1 day', hour, 'epoch')"
CASE_VERSIONS = "case_versions"
# The versions that a load has changed: those of before have the sign -1, those of now 1.
DIFFERENCE = "(select * from stepped_versions where sign <> 0) difference"
# All that the cases of a load have now.
NOW = "(select * from stepped_versions where now) now"


@dataclass(frozen=True, slots=True)
class Level:
    """A table of a roll-up: its primary key, its time, how that is told from an hour, its sums."""

    table: str
    key: tuple[str, ...]
    time: str
    of_hour: str
    steps: tuple[str, ...]

    @property
    def added(self) -> str:
        """What is done with a row that there is already."""
        sums = (f"{step} = known.{step} + excluded.{step}" for step in self.steps)
        return f"on conflict ({', '.join(self.key)}) do update set {', '.join(sums)}"

    @property
    def tidy(self) -> str:
        """Take away rows in which nothing happened after all; an index of its own finds them."""
        nothing = " and ".join(f"{step} = 0" for step in self.steps)
        return f"tidied_{self.table} as (delete from {self.table} where {nothing})"

    def summed(self, hours: str) -> str:
        """Insert the sums out of rows by the hour; a row may tell of less than an hour."""
        key = ", ".join(self.of_hour if one == self.time else one for one in self.key)
        sums = ", ".join(f"sum({step})" for step in self.steps)
        return f"""
        insert into {self.table} as known ({", ".join((*self.key, *self.steps))})
        select {key}, {sums} from {hours}
        group by {", ".join(str(n + 1) for n in range(len(self.key)))}
        having ({sums}) <> ({", ".join("0" for _ in self.steps)})
        order by {", ".join(str(n + 1) for n in range(len(self.key)))}
        """


@dataclass(frozen=True, slots=True)
class RollUp:
    """`key` tells the rows of an hour apart, `steps` are added up.

    `moments` are SELECTs of an instant, the key, the steps, and what they count for (`{sign}`, or a
    sign of their own) from `{versions}`; those of `beside` go by more than the versions, the spans
    of bugs. The first of the `levels` is that of hours.

    Moments may read something else for `{versions}`: all that is `known`, or what a load has
    `changed`. For the latter statements have `noted` something before the load and `found`
    something after it; `asked` is a SELECT of its parameters, without a row if nothing changed.
    """

    key: tuple[str, ...]
    steps: tuple[str, ...]
    levels: tuple[Level, ...]
    moments: tuple[str, ...]
    beside: tuple[str, ...] = ()
    known: str = CASE_VERSIONS
    changed: str = DIFFERENCE
    noted: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    asked: str = ""

    @property
    def name(self) -> str:
        """What its temp tables are called by."""
        return self.levels[0].table

    def told(self, versions: str, parts: Sequence[str], sign: str = "1") -> str:
        """The steps by hour of the moments of some versions."""
        key, moments = ", ".join(self.key), "union all".join(parts)
        sums = ", ".join(f"sum({step} * sign)::integer as {step}" for step in self.steps)
        return f"""
        select date_bin('1 hour', at, 'epoch') as hour, {key}, {sums}
        from ({moments.format(versions=versions, sign=sign)})
            moments (at, {key}, {", ".join(self.steps)}, sign)
        group by 1, {key}
        """

    def before(self, versions: str) -> Iterator[str]:
        """Note what is about to change, where the versions by themselves do not tell it later."""
        yield from self.noted
        if self.beside:
            yield f"""
            create temp table {self.name}_before on commit drop as
            {self.told(versions, self.beside)}
            """

    def keep(self, connection: Connection) -> None:
        """Bring the tables to what is to be said after a load."""
        for statement in self.found:
            connection.execute(text(statement))
        parameters = {}
        if self.asked:
            found = connection.execute(text(self.asked)).mappings().one_or_none()
            if found is None:
                return
            parameters = dict(found)
        connection.execute(text(self.after), parameters)

    @property
    def after(self) -> str:
        """Add what is said now, and take away what was said before."""
        told = [self.told(self.changed, self.moments, "sign")]
        if self.beside:
            taken = ", ".join(f"-{step}" for step in self.steps)
            told.append(self.told(NOW, self.beside))
            told.append(f"select hour, {', '.join(self.key)}, {taken} from {self.name}_before")
        return self.added(told)

    def added(self, told: Sequence[str]) -> str:
        """Add steps by hour to the tables."""
        levels = (
            f"level_{n} as ({level.summed('told')} {level.added})"
            for n, level in enumerate(self.levels)
        )
        return f"""
        with told as materialized ({" union all ".join(told)}), {", ".join(levels)} select
        """

    def told_of_all(self) -> str:
        """Note what all versions say by themselves."""
        return f"""
        create temp table {self.name}_told on commit drop as
        {self.told(self.known, self.moments)}
        """

    def fill(self) -> Iterator[str]:
        """Derive the tables from that, and from what all versions say with more than themselves."""
        if self.beside:
            yield f"insert into {self.name}_told {self.told(CASE_VERSIONS, self.beside)}"
        for level in self.levels:
            yield f"delete from {level.table}"
            yield level.summed(f"{self.name}_told")
        yield f"drop table {self.name}_told"
