"""The day's values of all metrics, kept and compared with what is computed later."""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.database import transaction
from app.metrics import board_values
from app.models import MetricSnapshot
from app.version import data_version
from etl.restated import check
from etl.run import Run
from etl.runs import own


def work(run: Run) -> None:
    """Store what the catalogue says of the end of yesterday (UTC), once; compare earlier days."""
    with transaction() as connection:
        today = connection.execute(select(func.current_date())).scalar_one()
        end = datetime.combine(today, time(), UTC)
    values = board_values(end)
    version = data_version().number
    yesterday = today - timedelta(days=1)
    rows = [
        {"day": yesterday, "metric": name, "value": told, "version": version}
        for name, told in values.items()
    ]
    with transaction() as connection:
        own(connection, run.id)
        connection.execute(insert(MetricSnapshot).on_conflict_do_nothing(), rows)
    run.tell("metrics", len(rows), len(rows))
    check(run)
