"""The metric catalogue, from `app/metrics.py`."""

from app.metric_words import formula, nulls, population
from app.metrics import METRICS, Breakdown, BugCount, Count, Duration, Metric
from docs.reference.markdown import code, page, prose, table

SOURCE = "app/metrics.py"
ABOUT = """\
Each number of the board is defined once. Pages, files, API, reports and Prometheus read this
list, so they cannot disagree. T is the instant looked at (now, or `as_of`); all of them count
cases under the filters of the View. A case is open at T when it was created by then and not
closed at T. Instants are compared in UTC; days are spans of 24 hours."""
GROUPS: tuple[tuple[str, tuple[type[Metric], ...], str], ...] = (
    ("Counts", (Count, BugCount), "Each count of cases leads to exactly the rows that it counts."),
    ("Breakdowns", (Breakdown,), "The value is an object: how many for each value of the field."),
    (
        "Durations",
        (Duration,),
        "The value is a list, a row for each severity. `/flow` also tells who is still on the way.",
    ),
)
HEADS = ("name", "title", "definition", "over", "unit", "where nothing is known")


def render() -> str:
    """The whole page."""
    parts = []
    for title, kinds, told in GROUPS:
        found = [metric for metric in METRICS if isinstance(metric, kinds)]
        parts += [f"## {title}", told, table(HEADS, map(_row, found))]
    return page("Metric catalogue", SOURCE, ABOUT, *parts)


def _row(metric: Metric) -> tuple[str, ...]:
    return (
        code(metric.name),
        prose(metric.label),
        prose(formula(metric)),
        population(metric),
        metric.unit,
        prose(nulls(metric)),
    )
