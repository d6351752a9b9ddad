"""The report as pages and the API have it: made once while the data stay the same."""

from datetime import datetime

from app.cache import remembered
from app.report.make import make, population
from app.report.value import Report
from app.version import Version
from app.view import View
from app.view_fields import write_instant


def report_of(view: View, start: datetime, end: datetime, version: Version) -> Report:
    """The report about a View in `[start, end)` (UTC), by (View, period, data version)."""
    asked = population(view)
    key = ("report", asked.to_query(), write_instant(start), write_instant(end), version.key)
    return Report.from_json(remembered(key, lambda: make(asked, start, end).to_json()))
