"""What holds for the migrations: their names, and that together they make the schema that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from app.local.schema import dump_schema
from app.storage.connection import connect
from app.storage.migrate import FOLDER, list_migrations, migrate, pending

SCHEMA = Path(__file__).resolve().parents[2] / "sql" / "schema.sql"
NAME = re.compile(r"\d{4}_[a-z]+(_[a-z0-9]+)+")
EMPTY = "schema_from_zero"


@pytest.fixture
def empty_database(servers: tuple[str, str]) -> Iterator[str]:
    """The address of a database in which nothing is."""
    opened = connect(servers[0])
    opened.autocommit = True
    with opened.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {EMPTY}")
        try:
            yield urlunsplit(urlsplit(servers[0])._replace(path=f"/{EMPTY}"))
        finally:
            cursor.execute(f"DROP DATABASE {EMPTY} WITH (FORCE)")
    opened.close()


def test_migrations_from_zero_make_the_schema_that_is_written_down(empty_database: str) -> None:
    migrate(empty_database)

    assert dump_schema(empty_database) == SCHEMA.read_text(), "run: python -m app.local.schema > sql/schema.sql"


def test_migrations_are_applied_once(empty_database: str) -> None:
    every = [migration.name for migration in list_migrations()]

    assert pending(empty_database) == every
    assert migrate(empty_database) == every
    assert migrate(empty_database) == []
    assert pending(empty_database) == []


def test_migrations_are_named_by_number_and_what_they_do() -> None:
    names = [path.stem for path in FOLDER.iterdir()]

    assert names
    assert [name for name in names if not NAME.fullmatch(name)] == []
    assert [path.name for path in FOLDER.iterdir() if path.suffix != ".sql"] == []
