"""Store files: durable, upgraded, refused when they cannot be used, served by one process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from domain.errors import StoreFull, StoreLocked, StoreUnavailable
from domain.units import Unit
from store.engines import parse_url, reader_engine, writer_engine
from store.faults import fault_of
from store.locking import serve_lock
from store.schema import migrate
from store.sql import SqlStore, open_store
from store.tables import metadata

UNITS = [Unit(unit_id=f"{i:04}", name="x" * 200) for i in range(500)]


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def fill(path: Path) -> None:
    """A store with some hundred pages."""
    with closing(open_store(url(path))) as store:
        store.write(lambda session: session.put_units(UNITS))


def units(store: SqlStore) -> list[Unit]:
    with store.read() as session:
        return list(session.units())


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    with closing(open_store(url(tmp_path / "s.db"))) as store:
        assert units(store) == UNITS
        assert store.write(lambda session: session.put_units(UNITS)) == 0


def test_what_was_answered_outlives_a_killed_process(tmp_path: Path) -> None:
    script = (
        "import os; from store.sql import open_store; from domain.units import Unit\n"
        f"store = open_store({url(tmp_path / 's.db')!r})\n"
        "store.write(lambda session: session.put_units([Unit(unit_id='1', name='')]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == -9
    with closing(open_store(url(tmp_path / "s.db"))) as store:
        assert [unit.unit_id for unit in units(store)] == ["1"]


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    engine = writer_engine(parse_url(url(tmp_path / "s.db")))
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        ]
    engine.dispose()
    assert pragmas == [2, "wal", 1]  # 2 is FULL


def test_readers_cannot_write(tmp_path: Path) -> None:
    fill(tmp_path / "s.db")
    engine = reader_engine(parse_url(url(tmp_path / "s.db")))
    with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM units")
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    engine = writer_engine(parse_url(url(tmp_path / "s.db")))
    with engine.begin() as connection:
        migrate(connection, "s.db")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_store_of_the_first_version_is_upgraded(tmp_path: Path) -> None:
    engine = writer_engine(parse_url(url(tmp_path / "s.db")))
    with engine.begin() as connection:
        migrate(connection, "s.db", "0001")
        connection.exec_driver_sql(
            "INSERT INTO units VALUES ('1', ?)", ('{"unit_id":"1","name":"of old","kinds":["leak"]}',)
        )
    engine.dispose()
    with closing(open_store(url(tmp_path / "s.db"))) as store:
        assert units(store) == [Unit(unit_id="1", name="of old", kinds=frozenset({"leak"}))]
        assert store.write(lambda session: session.put_units(UNITS)) == len(UNITS)
    with closing(sqlite3.connect(tmp_path / "s.db")) as file:
        (revision,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
    scripts = Path(sys.modules[migrate.__module__].__file__ or "").parent / "migrations"
    assert revision == ScriptDirectory(str(scripts)).get_current_head()


def of_a_newer_version(path: Path) -> None:
    fill(path)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE songs (name TEXT)")


def not_a_database(path: Path) -> None:
    path.write_bytes(b"ticket,unit\n" * 1000)


def a_directory(path: Path) -> None:
    path.mkdir()


def damaged_schema(path: Path) -> None:
    fill(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "problem", "mend"),
    [
        (of_a_newer_version, "newer gridroute", "Upgrade"),
        (of_another_program, "another program's database", "Name another"),
        (not_a_database, "not a database", "Name another"),
        (a_directory, "cannot be opened", "directory"),
        (damaged_schema, "damaged", "backup"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, make: Callable[[Path], None], problem: str, mend: str
) -> None:
    make(tmp_path / "s.db")
    with pytest.raises(StoreUnavailable) as caught:
        open_store(url(tmp_path / "s.db"))
    assert problem in caught.value.problem
    assert str(tmp_path / "s.db") in caught.value.problem
    assert mend in caught.value.mend


def test_a_refused_file_is_left_as_it_was(tmp_path: Path) -> None:
    not_a_database(tmp_path / "s.db")
    before = (tmp_path / "s.db").read_bytes()
    with pytest.raises(StoreUnavailable):
        open_store(url(tmp_path / "s.db"))
    assert (tmp_path / "s.db").read_bytes() == before


@pytest.mark.parametrize("wrong", ["nonsense", "sqlite://", "sqlite:///:memory:"])
def test_a_store_needs_a_file(wrong: str) -> None:
    with pytest.raises(StoreUnavailable, match="sqlite:///"):
        open_store(wrong)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        open_store(url(tmp_path / "missing" / "s.db"))


def test_damage_found_while_reading_is_the_stores_fault(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    fill(path)
    with path.open("r+b") as file:
        file.seek(-20 * 4096, os.SEEK_END)
        file.write(b"\xff" * (20 * 4096))
    with closing(open_store(url(path))) as store, pytest.raises(StoreUnavailable, match="damaged"):
        units(store)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (sqlite3.SQLITE_FULL, StoreFull),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailable),
        (sqlite3.SQLITE_CORRUPT, StoreUnavailable),
        (sqlite3.SQLITE_CONSTRAINT, type(None)),
        (sqlite3.SQLITE_ERROR, type(None)),
    ],
)
def test_faults_of_the_store_are_told_from_wrong_statements(code: int, fault: type) -> None:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    assert type(fault_of(error, "s.db")) is fault


def test_an_io_error_without_room_on_the_disk_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert not isinstance(fault_of(error, str(tmp_path / "s.db")), StoreFull)
    monkeypatch.setattr("store.faults.LEAST_ROOM", 1 << 62)
    assert isinstance(fault_of(error, str(tmp_path / "s.db")), StoreFull)


def test_one_process_serves_a_file(tmp_path: Path) -> None:
    (tmp_path / "alias.db").symlink_to(tmp_path / "s.db")
    with serve_lock(tmp_path / "s.db"):
        for name in ("s.db", "alias.db"):
            with pytest.raises(StoreLocked) as caught, serve_lock(tmp_path / name):
                pass
            assert f"process {os.getpid()}" in caught.value.problem
            assert "--home" in caught.value.mend
        with serve_lock(tmp_path / "other.db"):
            pass
    with serve_lock(tmp_path / "s.db"):
        pass


def test_a_killed_server_leaves_no_lock(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path; from store.locking import serve_lock\n"
        f"with serve_lock(Path({str(tmp_path / 's.db')!r})): os.kill(os.getpid(), 9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == -9
    with serve_lock(tmp_path / "s.db"):
        assert (tmp_path / "s.db.lock").read_text() == str(os.getpid())


def test_a_lock_in_a_missing_directory_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match="Make the directory"),
        serve_lock(tmp_path / "missing" / "s.db"),
    ):
        pass
