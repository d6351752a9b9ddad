"""What comes back out of a backup is what went in; what is damaged or does not fit is refused."""

import os
import random
import re
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from app import cli, database
from app.backup import BackupError, contents, programs
from app.backup.make import backup
from app.backup.manifest import manifest_of, read, verify
from app.backup.restore import differences, restore
from app.metric_values import same
from app.settings import use
from tests.backup.conftest import bare, connected, execute, url_of

pytestmark = pytest.mark.database

# The history as an outsider would compare it, without Caseboard's own hashes.
HISTORY = """
select count(*), md5(string_agg(c::text, E'\\n' order by id)) from changes c
"""
HIDDEN = "select (select count(*) from sessions) + (select count(*) from saml_seen)"


def told(sql: str):
    with database.snapshot() as connection:
        return connection.execute(text(sql)).one()


def whole():
    """What the database holds: hashes, and the catalogue at ten instants."""
    with database.snapshot() as connection:
        return contents.hashes(connection), told(HISTORY)


def test_what_comes_back_is_what_went_in(world, dump):
    hashes, history = whole()
    known = read(dump)
    assert known.tables == {**hashes, "audit_log": known.tables["audit_log"]}
    assert len(known.catalogue) == contents.INSTANTS
    assert known.tables["changes"]["rows"] > 1_000
    assert known.tables["users"]["rows"] == 2
    with bare():
        done = restore(dump)
        assert done.instants == 10
        assert done.revision == database.head_revision()
        assert told(HISTORY) == history
        again = whole()[0]
        again.pop("audit_log")
        assert again == {name: told for name, told in hashes.items() if name != "audit_log"}
        with database.snapshot() as connection:
            instants = [datetime.fromisoformat(at) for at in known.catalogue]
            now = contents.catalogue(connection, instants)
        assert same(now, dict(known.catalogue))
        assert any(values["open_cases"]["value"] for values in now.values())


def test_who_is_signed_in_is_not_in_the_dump(world, dump):
    assert told(HIDDEN) == (2,)
    with bare():
        restore(dump)
        assert told(HIDDEN) == (0,)
        assert told("select count(*) from api_tokens") == (1,)
        execute("insert into sessions (digest, user_id, expires_at) select 'x', 1, now()",
                database.engine().url.database)  # fmt: skip
        with pytest.raises(Exception, match="append-only"), database.transaction() as connection:
            connection.execute(text("delete from changes"))


def test_a_dump_is_for_its_owner_only_and_standard_tools_read_it(dump):
    for path in (dump, manifest_of(dump)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    major, _ = programs.server_version()
    listing = subprocess.run(
        [programs.program("pg_restore", major), "--list", dump],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "TABLE DATA public changes" in listing
    assert "TABLE DATA public sessions" not in listing


def damaged(dump: Path, folder: Path, *, which: str, how: str, chance: random.Random) -> Path:
    """A copy of a backup with one fault in it."""
    copy = folder / "copy.dump"
    for path in (copy, manifest_of(copy)):
        path.unlink(missing_ok=True)
    shutil.copy(dump, copy)
    shutil.copy(manifest_of(dump), manifest_of(copy))
    victim = copy if which == "dump" else manifest_of(copy)
    raw = bytearray(victim.read_bytes())
    if how == "flip":
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    elif how == "cut":
        del raw[chance.randrange(len(raw)) :]
    else:
        raw += bytes([chance.randrange(256)])
    victim.write_bytes(raw)
    return copy


def test_every_damaged_backup_is_found(dump, tmp_path):
    chance = random.Random(8)
    kinds = [(which, how) for which in ("dump", "manifest") for how in ("flip", "cut", "more")]
    tried = 0
    for number in range(150):
        which, how = kinds[number % len(kinds)]
        copy = damaged(dump, tmp_path, which=which, how=how, chance=chance)
        with pytest.raises(BackupError, match="damaged"):
            verify(copy, read(copy))
        tried += 1
    assert tried == 150
    verify(dump, read(dump))


def test_a_damaged_backup_leaves_the_database_empty(dump, tmp_path):
    with bare():
        copy = damaged(dump, tmp_path, which="dump", how="flip", chance=random.Random(1))
        with pytest.raises(BackupError, match="damaged"):
            restore(copy)
        with database.snapshot() as connection:
            assert contents.tables(connection) == []
        manifest_of(copy).unlink()
        with pytest.raises(BackupError, match="manifest"):
            restore(copy)


def test_what_came_out_otherwise_is_told(dump, tmp_path):
    """Even with right checksums: a manifest of other rows is not what comes out of the dump."""
    copy = tmp_path / "copy.dump"
    shutil.copy(dump, copy)
    right = read(dump)
    bugs = {**right.tables["bugs"], "hash": "2"}
    tables = {**right.tables, "cases": {"rows": 399, "hash": "1"}, "bugs": bugs}
    manifest_of(copy).write_bytes(replace(right, tables=tables).to_bytes())
    with bare(), pytest.raises(BackupError) as fault:
        restore(copy)
    assert "table cases: 399 rows before, 400 now" in str(fault.value)
    assert "table bugs: other contents in as many rows" in str(fault.value)
    assert differences(right.tables, right.tables) == []


def test_a_filled_database_is_refused(world, dump):
    with pytest.raises(BackupError, match=r"has \d+ tables already.*createdb"):
        restore(dump)
    assert told("select count(*) from cases") == (400,)


def test_one_brought_down_to_nothing_is_empty(dump):
    with bare():
        database.upgrade()
        with pytest.raises(BackupError, match="db downgrade base"):
            restore(dump)
        database.downgrade("base")
        restore(dump)
        assert told("select count(*) from cases") == (400,)


def test_an_older_backup_is_brought_up_to_date(world, tmp_path):
    older = "0008"
    name = database.engine().url.database
    database.reset()
    execute(f"create database older_{name} template {name}")
    try:
        with connected(url_of(f"older_{name}")):
            database.downgrade(older)
            path, known = backup(tmp_path)
            assert (known.revision, known.catalogue) == (older, None)
        with bare():
            done = restore(path)
            assert done.manifest.revision == older
            assert done.revision == database.head_revision()
            now = told(HISTORY)
        assert now == told(HISTORY)
    finally:
        execute(f"drop database older_{name} with (force)")


def test_a_newer_backup_is_refused(dump, tmp_path):
    copy = tmp_path / "newer.dump"
    shutil.copy(dump, copy)
    right = read(dump)
    for wrong, words in (
        (replace(right, revision="9999"), "revision 9999.*version that made it, or a newer one"),
        (replace(right, postgresql_major=99, postgresql="99.1"), "PostgreSQL 99.1.*older one"),
        (replace(right, format=2), "restore it with that version or a newer one"),
    ):
        manifest_of(copy).write_bytes(wrong.to_bytes())
        with bare(), pytest.raises(BackupError, match=words):
            restore(copy)


def test_nothing_is_overwritten_and_nothing_half_written_stays(dump, tmp_path, monkeypatch):
    before = dump.read_bytes()
    with pytest.raises(BackupError, match="not overwritten"):
        backup(dump)
    lonely = tmp_path / "board.dump"
    manifest_of(lonely).write_text("{}")
    with pytest.raises(BackupError, match=r"board\.dump\.json exists"):
        backup(lonely)
    manifest_of(lonely).unlink()
    with pytest.raises(BackupError, match="no folder"):
        backup(tmp_path / "nowhere" / "board.dump")

    def fail(*_):
        raise RuntimeError("in mid-backup")

    monkeypatch.setattr(contents, "hashes", fail)
    with pytest.raises(RuntimeError):
        backup(lonely)
    assert list(tmp_path.iterdir()) == []
    assert dump.read_bytes() == before


def test_old_backups_go_when_a_newer_one_is_whole(world, dump, tmp_path, capsys):
    days = [tmp_path / f"caseboard-2026010{day}T020000Z.dump" for day in range(1, 6)]
    mine = [tmp_path / "before-upgrade.dump", tmp_path / "caseboard-20250101T020000Z.dump.old"]
    for path in [*days, *mine]:
        shutil.copy(dump, path)
        shutil.copy(manifest_of(dump), manifest_of(path))
    # Half removed, half written, and being written.
    days[0].unlink()
    stale = tmp_path / ".caseboard-20260101T020000Z.dump.abc_123.partial"
    busy = tmp_path / ".caseboard-20260106T020000Z.dump.json.abc.partial"
    lonely = tmp_path / "caseboard-20260102T090000Z.dump"
    for path in (stale, busy, lonely):
        path.write_text("")
    os.utime(stale, (1, 1))
    others = {manifest_of(path) for path in mine} | {*mine, busy, lonely}
    assert cli.main(["backup", str(tmp_path), "--keep", "3"]) == 0
    told = capsys.readouterr().out
    (new,) = set(tmp_path.glob("caseboard-*.dump")) - {*days, *mine, lonely}
    kept = [*days[-2:], new]
    assert set(tmp_path.iterdir()) == others | {*kept, *map(manifest_of, kept)}
    for path in days[:3]:
        assert f"Removed {path}: 3 are kept." in told
    verify(new, read(new))


def test_a_backup_that_failed_removes_nothing(world, tmp_path, monkeypatch, capsys):
    for day in range(1, 5):
        path = tmp_path / f"caseboard-2026010{day}T020000Z.dump"
        path.write_text("")
        manifest_of(path).write_text("")
    before = set(tmp_path.iterdir())
    monkeypatch.setenv("CASEBOARD_POSTGRESQL_BIN", str(tmp_path / "nowhere"))
    use({})
    assert cli.main(["backup", str(tmp_path), "--keep", "1"]) == 1
    assert set(tmp_path.iterdir()) == before
    assert cli.main(["backup", str(tmp_path / "one.dump"), "--keep", "1"]) == 2
    assert "--keep goes with a folder" in capsys.readouterr().err
    for wrong in ("0", "-1", "many"):
        with pytest.raises(SystemExit):
            cli.main(["backup", str(tmp_path), "--keep", wrong])
    monkeypatch.undo()
    use({})


def test_programs_of_another_version_are_refused_in_a_sentence(world, tmp_path):
    fake = tmp_path / "pg_dump"
    fake.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    fake.chmod(0o755)
    use({"CASEBOARD_POSTGRESQL_BIN": str(tmp_path)})
    try:
        major, _ = programs.server_version()
        with pytest.raises(BackupError) as fault:
            backup(tmp_path)
        assert f"PostgreSQL {major}" in str(fault.value)
        assert re.search(r"pg_dump is of 9\.6\.24.*postgresql-client-", str(fault.value))
        assert [path.name for path in tmp_path.iterdir()] == ["pg_dump"]
        fake.unlink()
        with pytest.raises(BackupError, match="pg_dump was not found"):
            backup(tmp_path)
    finally:
        del os.environ["CASEBOARD_POSTGRESQL_BIN"]
        use({})


def test_the_commands(world, tmp_path, capsys):
    assert cli.main(["backup", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("caseboard-*.dump")
    assert re.search(r"rows of \d+ tables at revision", capsys.readouterr().out)
    assert told("select count(*) from audit_log where act = 'backup'")[0] >= 1
    assert cli.main(["backup", str(path)]) == 1
    assert "not overwritten" in capsys.readouterr().err
    assert cli.main(["restore", str(path)]) == 1
    assert "tables already" in capsys.readouterr().err
    with bare():
        assert cli.main(["restore", str(path)]) == 0
        assert "the catalogue at 10 instants" in capsys.readouterr().out
        assert cli.main(["restore", str(tmp_path / "none.dump")]) == 1
        assert "is missing" in capsys.readouterr().err
        assert told("select count(*) from audit_log where act = 'restore'") == (1,)
