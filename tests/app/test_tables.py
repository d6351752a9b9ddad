"""The tables: forward and back, equal to the models, and as the architecture drawing has them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from app import database
from app.models import Base
from etl.events_import import SAMPLE, import_events

pytestmark = pytest.mark.database

DRAWING = {
    "cases": "case_number created_date owner severity account summary status last_update description"
    " product product_version fe_jira_card",
    "comments": "id case_number created_date author comment_text commented_at",
    "jira_comments": "jira_comment_id case_number created_date author body last_update_date",
}
KEYS = {
    "cases": ["case_number", "created_date"],
    "comments": ["id"],
    "jira_comments": ["jira_comment_id"],
}


def test_the_migrations_make_what_the_models_say(empty):
    with database.engine().connect() as connection:
        # What is read back of an index does not tell its collation: the next test compares them.
        opts = {"compare_type": True, "include_object": lambda _o, _n, kind, *_: kind != "index"}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_make_the_indexes_of_the_models(empty):
    told = text(
        "select indexdef from pg_indexes where schemaname = 'public' "
        "and tablename <> 'alembic_version' order by 1"
    )
    migrated = database.read(told)["indexdef"].tolist()
    database.downgrade("base")
    with database.transaction() as connection:
        Base.metadata.create_all(connection)
    assert database.read(told)["indexdef"].tolist() == migrated


@pytest.mark.parametrize("table", DRAWING)
def test_the_drawing_is_kept(empty, table):
    tables = inspect(database.engine())
    columns = {column["name"] for column in tables.get_columns(table)}
    assert set(DRAWING[table].split()) <= columns
    assert tables.get_pk_constraint(table)["constrained_columns"] == KEYS[table]
    if table != "cases":
        (key,) = tables.get_foreign_keys(table)
        assert key["referred_table"] == "cases"
        assert key["constrained_columns"] == ["case_number", "created_date"]


def test_back_and_forward_again_on_a_filled_database(empty):
    import_events(SAMPLE)
    database.downgrade("base")
    left = inspect(database.engine()).get_table_names()
    assert left == ["alembic_version"]
    database.upgrade()
    assert import_events(SAMPLE).inserted == 5998
    made = "select count(*) as n from pg_trigger where tgname = 'append_only'"
    assert database.read(text(made))["n"].iloc[0] == len(["changes", "audit_log"])
