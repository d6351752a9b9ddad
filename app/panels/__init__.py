"""The panels, one file a subject. `PANELS` is the whole list."""

from app.panel import Panel
from app.panels import breakdown, trends, valuelines
from app.panels.ageing import BY_AGE
from app.panels.arrivals import ARRIVALS
from app.panels.backlog import BACKLOG
from app.panels.cumulative import CUMULATIVE
from app.panels.milestones import DAILY_MILESTONES
from app.panels.resolution import TIME_TO_RESOLUTION

PANELS: dict[str, Panel] = {
    panel.name: panel
    for panel in (
        BACKLOG,
        ARRIVALS,
        breakdown.BY_SEVERITY,
        breakdown.BY_STATUS,
        breakdown.BY_ACCOUNT,
        breakdown.BY_ENGINEER,
        breakdown.BY_PRODUCT,
        breakdown.BY_CARD_STATUS,
        BY_AGE,
        TIME_TO_RESOLUTION,
        trends.OPEN_WORK,
        trends.ATTENTION,
        trends.TURNOVER,
        trends.BUGS_BEHIND,
        CUMULATIVE,
        DAILY_MILESTONES,
        valuelines.DAILY_SEVERITY,
        valuelines.DAILY_STATUS,
        valuelines.DAILY_ACCOUNT,
        valuelines.DAILY_ENGINEER,
        valuelines.DAILY_PRODUCT,
        valuelines.DAILY_CARD_STATUS,
    )
}
