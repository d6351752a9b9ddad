"""A next release, made of this one: a migration more, and code that needs what it brings."""

import shutil
from pathlib import Path

from app import database

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("app", "etl", "components", "pages", "assets", "samples")
REVISION = "9001"
# How the panel `by_severity` is called by each.
TITLE, NEXT_TITLE = "Open by severity", "Open by severity, as the next release calls it"
PANEL = Path("app", "panels", "breakdown.py")
# What is done with the two, as the table calls it.
UPGRADE = "upgraded to a next release, both at work for a while"
BACK = "web gone back to the release before, on the newer tables"
BROUGHT_BACK = "tables brought back to the release before, which serves"

MIGRATION = '''
"""What the next release brings: a column that it fills, and a table that each load writes to."""

import sqlalchemy as sa
from alembic import op

from app.migrations import live

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None

FILL = """
update cases set next_words = 'of ' || case_number
where next_words is null and case_number > :after and case_number <= :upto
"""


def upgrade() -> None:
    with live.beside():
        op.execute("alter table cases add column if not exists next_words text")
        live.in_batches(FILL)
    op.create_table("next_loads", sa.Column("run_id", sa.BigInteger(), nullable=False))
    # From here on, each load of the next release.
    op.execute("create table next_begins as select coalesce(max(id), 0) as change_id from changes")


def downgrade() -> None:
    op.drop_table("next_loads")
    op.drop_table("next_begins")
    op.drop_column("cases", "next_words")
'''
MODEL = "    product: Mapped[str | None]\n"
LOAD = "        rebuild(connection)\n"
LOADED = """
        connection.execute(text(
            "insert into next_loads (run_id) values (:run_id)"), {"run_id": run_id}
        )
        connection.execute(text(
            "update cases set next_words = 'of ' || case_number where next_words is null"
        ))
"""


def make(place: Path) -> Path:
    """Lay the next release down at a place."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, place / room, ignore=shutil.ignore_patterns("__pycache__"))
    versions = place / "app" / "migrations" / "versions"
    told = MIGRATION.strip().format(revision=REVISION, before=database.head_revision())
    (versions / f"{REVISION}_next.py").write_text(told + "\n")
    _change(place / "app" / "models.py", MODEL, f"{MODEL}    next_words: Mapped[str | None]\n")
    _change(place / "etl" / "load.py", LOAD, LOAD + LOADED)
    _change(place / PANEL, f'title="{TITLE}"', f'title="{NEXT_TITLE}"')
    return place


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path.name} has changed; what is the next release to be made of?"
    path.write_text(text.replace(old, new, 1))
