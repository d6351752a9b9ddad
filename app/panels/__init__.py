"""The panels, one file a subject. `PANELS` is the whole list."""

from app.panel import Panel
from app.panels.arrivals import ARRIVALS
from app.panels.backlog import BACKLOG
from app.panels.breakdown import BY_ACCOUNT, BY_SEVERITY, BY_STATUS
from app.panels.resolution import TIME_TO_RESOLUTION

PANELS: dict[str, Panel] = {
    panel.name: panel
    for panel in (BACKLOG, ARRIVALS, BY_SEVERITY, BY_STATUS, BY_ACCOUNT, TIME_TO_RESOLUTION)
}
