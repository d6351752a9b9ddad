"""The numbers that matter now, a week ago, and in the weeks before: what tiles show."""

from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from app.added_up import whole_hour
from app.cache import remembered
from app.database import fetch_rows
from app.days import counted
from app.metrics import CATALOGUE, WEEK, Count
from app.scope import Scope
from app.version import Version
from app.versions import TICK
from app.view import View
from app.view_fields import write_instant

WEEKS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Kpi:
    """A count at the instant, with its values at hours a week apart before it, oldest first.

    `rows` is the View that lists what is counted; None where the filters leave nothing to count.
    """

    metric: Count
    values: tuple[int, ...]
    rows: View | None

    @property
    def value(self) -> int:
        """The value at the instant."""
        return self.values[-1]

    @property
    def week_ago(self) -> int:
        """The value a week before."""
        return self.values[-2]


def kpis(names: tuple[str, ...], scope: Scope, version: Version) -> list[Kpi]:
    """Some counts of the catalogue for a View, in one statement, remembered by data version."""
    view = scope.view.only_filters()
    asked = [metric for name in names if isinstance(metric := CATALOGUE[name], Count)]
    key = ("kpis", ",".join(names), view.to_query(), write_instant(scope.instant), version.key)

    def compute() -> str:
        statement = counted(asked)(replace(scope, view=view), weekly(scope.instant))
        return orjson.dumps(fetch_rows(statement)).decode()

    rows = orjson.loads(remembered(key, compute))
    return [
        Kpi(metric, tuple(row[place] for row in rows), metric.rows(view, scope.instant))
        for place, metric in enumerate(asked, start=1)
    ]


def weekly(instant: datetime) -> list[datetime]:
    """An instant, and before it the ends of whole hours a week apart, oldest first.

    Of whole hours the roll-up tells; an instant within an hour costs a look at its versions.
    """
    last_hour = whole_hour(instant) - TICK
    return [*(last_hour - n * WEEK for n in range(WEEKS_SHOWN, 0, -1)), instant]
