"""Connections, transactions and migrations, on a real PostgreSQL."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest

from app.domain.errors import NotFound, Unavailable
from app.storage.connection import connect
from app.storage.database import Database
from app.storage.migrate import MigrationError, list_migrations, migrate, pending


@pytest.fixture
def fresh(servers: tuple[str, str]) -> Iterator[str]:
    """The URL of a new, empty database."""
    name = f"fresh_{os.urandom(4).hex()}"
    opened = connect(servers[0])
    opened.autocommit = True
    with opened.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(servers[0])._replace(path=f"/{name}"))
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    opened.close()


@pytest.fixture
def database(fresh: str) -> Iterator[Database]:
    opened = Database(fresh, size=2, patience=0.2)
    opened.run("CREATE TABLE things (name text)")
    yield opened
    opened.close()


def test_an_exception_rolls_back_and_hooks_do_not_run(database: Database) -> None:
    ran: list[str] = []
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        tx.run("INSERT INTO things VALUES ('a')")
        tx.after_commit(lambda: ran.append("hook"))
        raise ZeroDivisionError
    assert (database.many("SELECT * FROM things"), ran) == ([], [])


def test_hooks_run_once_the_work_is_visible_to_others(database: Database) -> None:
    seen: list[int] = []
    with database.transaction() as tx:
        tx.run("INSERT INTO things VALUES ('a')")
        tx.after_commit(lambda: seen.append(database.one("SELECT count(*) AS n FROM things")["n"]))
    assert seen == [1]


def test_one_says_when_there_is_none(database: Database) -> None:
    with pytest.raises(NotFound):
        database.one("SELECT * FROM things")
    assert database.find("SELECT * FROM things") is None


def test_who_finds_no_connection_free_is_told(database: Database) -> None:
    with database.transaction(), database.transaction(), pytest.raises(Unavailable, match="busy"):
        database.run("SELECT 1")


def test_a_closed_connection_is_replaced(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.storage.database._PING_AFTER", 0)
    pid = database.one("SELECT pg_backend_pid() AS pid")["pid"]
    other = connect(database.url)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (pid,))
    other.close()
    assert database.one("SELECT pg_backend_pid() AS pid")["pid"] != pid


def test_a_connection_lost_in_the_middle_is_said_to_be(database: Database) -> None:
    with pytest.raises(Unavailable), database.transaction() as tx:
        tx.run("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_server_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Database("postgresql://nobody@127.0.0.1:9/none").run("SELECT 1")


def test_a_forked_process_opens_its_own_connections(database: Database) -> None:
    mine = database.one("SELECT pg_backend_pid() AS pid")["pid"]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(database.one("SELECT pg_backend_pid() AS pid")["pid"]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 20)) != mine
    assert database.one("SELECT pg_backend_pid() AS pid")["pid"] == mine
    os.close(reading)
    os.close(writing)


def test_threads_share_the_pool(database: Database) -> None:
    patient = Database(database.url, size=3)
    barrier = threading.Barrier(8)

    def insert(number: int) -> None:
        barrier.wait()
        patient.run("INSERT INTO things VALUES (%(name)s)", name=str(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insert, range(8)))
    assert patient.one("SELECT count(*) AS n FROM things")["n"] == 8
    patient.close()


class TestMigrations:
    """Each is applied once, by whoever comes first."""

    def test_two_at_once_take_turns(self, fresh: str) -> None:
        names = [migration.name for migration in list_migrations()]
        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(lambda _: migrate(fresh), range(4)))
        assert sorted(applied, key=len) == [[], [], [], names]
        assert pending(fresh) == []

    def test_what_is_pending_is_named(self, fresh: str) -> None:
        assert pending(fresh) == [migration.name for migration in list_migrations()]

    def test_one_that_fails_leaves_nothing(self, fresh: str, tmp_path: Path) -> None:
        (tmp_path / "0001_break.sql").write_text("CREATE TABLE made (a int); SELECT 1/0;")
        with pytest.raises(MigrationError, match=r"0001_break\.sql failed: division by zero"):
            migrate(fresh, tmp_path)
        with pytest.raises(psycopg2.errors.UndefinedTable):
            Database(fresh).run("SELECT * FROM made")
        (tmp_path / "0001_break.sql").write_text("CREATE TABLE made (a int)")
        assert migrate(fresh, tmp_path) == ["0001_break"]

    def test_a_changed_file_and_a_newer_database_are_refused(self, fresh: str, tmp_path: Path) -> None:
        (tmp_path / "0001_make.sql").write_text("CREATE TABLE made (a int)")
        migrate(fresh, tmp_path)
        (tmp_path / "0001_make.sql").write_text("CREATE TABLE made (b int)")
        with pytest.raises(MigrationError, match="was changed after it had been applied"):
            migrate(fresh, tmp_path)
        (tmp_path / "0001_make.sql").unlink()
        with pytest.raises(MigrationError, match="Run a newer version"):
            migrate(fresh, tmp_path)

    def test_numbers_have_no_gaps(self, tmp_path: Path) -> None:
        (tmp_path / "0002_two.sql").write_text("")
        with pytest.raises(MigrationError, match="without gaps"):
            list_migrations(tmp_path)
