"""While which cases had two cards: the same from a load, from all facts, and from the migration."""

from importlib import import_module

import pytest
from sqlalchemy import text

from app import database
from etl.history import rebuild_all
from tests import faulty

pytestmark = pytest.mark.database


def overlaps() -> list[tuple]:
    found = database.read(text("select * from card_overlaps order by case_number, valid_from"))
    return list(found.itertuples(index=False, name=None))


def test_overlaps_are_derived_alike_everywhere(empty):
    faulty.fill(2, 60)
    loaded = overlaps()
    assert len(loaded) > 10
    rebuild_all()
    assert overlaps() == loaded
    migration = import_module("app.migrations.versions.0007_quality")
    with database.transaction() as connection:
        connection.execute(text("delete from card_overlaps"))
        connection.execute(text(migration.OVERLAPS))
    assert overlaps() == loaded
