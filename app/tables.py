"""The tables made ready for work: at the newest revision, with the SLA policy that counts."""

from app import database, sla


def upgrade() -> None:
    """Bring the tables forward, and write down the SLA policy where the settings name a new one."""
    database.upgrade()
    sla.keep()
