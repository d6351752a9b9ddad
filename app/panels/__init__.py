"""The panels, one file a subject. `PANELS` is the whole list."""

from app.panel import Panel
from app.panels import breakdown, trends, valuelines
from app.panels.ageing import BY_AGE
from app.panels.arrivals import ARRIVALS
from app.panels.backlog import BACKLOG
from app.panels.control import CONTROL
from app.panels.cumulative import CUMULATIVE
from app.panels.durations import TIME_TO_CLOSE, TIME_TO_RELIEF, TIME_TO_RESOLUTION
from app.panels.holdup import HOLDS_UP
from app.panels.milestones import DAILY_MILESTONES
from app.panels.old_statistics import OLD_STATISTICS
from app.panels.open_work import AGEING
from app.panels.reopening import REOPEN_RATE, REOPENED
from app.panels.survival import SURVIVAL_CLOSE, SURVIVAL_RELIEF, SURVIVAL_RESOLUTION
from app.panels.waiting import WAITING

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
        TIME_TO_RELIEF,
        TIME_TO_RESOLUTION,
        TIME_TO_CLOSE,
        SURVIVAL_RELIEF,
        SURVIVAL_RESOLUTION,
        SURVIVAL_CLOSE,
        CONTROL,
        AGEING,
        WAITING,
        REOPEN_RATE,
        REOPENED,
        HOLDS_UP,
        trends.OPEN_WORK,
        trends.ATTENTION,
        trends.SLA,
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
        OLD_STATISTICS,
    )
}
