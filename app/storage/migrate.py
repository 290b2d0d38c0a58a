"""Bring the database to the present schema: numbered SQL files, forward only, each applied once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from app.domain.errors import FourcatError
from app.plugins.extensions import installed_extensions
from app.plugins.registry import database_scripts
from app.storage.connection import connect

FOLDER = Path(__file__).resolve().parents[2] / "sql" / "migrations"
_LOCK = 0x4CA7


class MigrationError(FourcatError):
    """The database cannot be brought to the present schema."""


@dataclass(frozen=True)
class Migration:
    """One migration file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def list_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations in order. :raises MigrationError: when numbers are not 1, 2, 3, …"""
    found = [Migration(int(path.name[:4]), path.stem, path.read_text()) for path in sorted(folder.glob("*.sql"))]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"The files in {folder} must be numbered 0001, 0002, … without gaps.")
    return found


def migrate(database_url: str, folder: Path = FOLDER, scripts: Sequence[Path] | None = None) -> list[str]:
    """Apply what is missing and return the names of what was applied.

    Then the `scripts` are applied, by default those of all data sources, which may be applied again without harm.

    Safe when several processes do it at once: they take turns, and the later ones find nothing to do.

    :raises MigrationError: when an applied migration was changed since, or the database is newer than this code
    """
    migrations = list_migrations(folder)
    opened = connect(database_url, name="4cat migrate")
    opened.autocommit = True
    try:
        with opened.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL,"
                " checksum text NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
            )
            cursor.execute("SELECT number, checksum FROM schema_migrations")
            rows: list[Any] = cursor.fetchall()
            applied = {row["number"]: row["checksum"] for row in rows}
        _check(migrations, applied)
        done = [_apply(opened, migration) for migration in migrations if migration.number not in applied]
        for script in _scripts() if scripts is None else scripts:
            _run(opened, script)
        return done
    finally:
        opened.close()


def _scripts() -> list[Path]:
    """The tables of the data sources that come with the tool and with installed packages."""
    return database_scripts(("datasources", *dict.fromkeys(found.package for found in installed_extensions())))


def _run(opened: psycopg2.extensions.connection, script: Path) -> None:
    """Apply the tables of a data source, in a transaction."""
    with opened.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute("SET LOCAL client_min_messages = 'warning'")
            cursor.execute(script.read_text())
            cursor.execute("COMMIT")
        except psycopg2.Error as error:
            cursor.execute("ROLLBACK")
            raise MigrationError(f"{script.parent.name}/{script.name} failed: {str(error).strip()}") from error


def pending(database_url: str, folder: Path = FOLDER) -> list[str]:
    """Names of the migrations that have not been applied."""
    opened = connect(database_url, name="4cat migrate")
    try:
        with opened.cursor() as cursor:
            cursor.execute("SELECT to_regclass('schema_migrations') AS found")
            row: Any = cursor.fetchone()
            if row is None or row["found"] is None:
                return [migration.name for migration in list_migrations(folder)]
            cursor.execute("SELECT number FROM schema_migrations")
            rows: list[Any] = cursor.fetchall()
            applied = {found["number"] for found in rows}
    finally:
        opened.close()
    return [migration.name for migration in list_migrations(folder) if migration.number not in applied]


def _check(migrations: list[Migration], applied: dict[int, str]) -> None:
    known = {migration.number: migration for migration in migrations}
    for number, checksum in applied.items():
        if number not in known:
            raise MigrationError(
                f"The database has migration {number:04}, which this version does not know."
                " Run a newer version of 4CAT."
            )
        if known[number].checksum != checksum:
            raise MigrationError(f"{known[number].name}.sql was changed after it had been applied. Restore that file.")


def _apply(opened: psycopg2.extensions.connection, migration: Migration) -> str:
    with opened.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute(migration.sql)
            cursor.execute(
                "INSERT INTO schema_migrations (number, name, checksum) VALUES (%s, %s, %s)",
                (migration.number, migration.name, migration.checksum),
            )
            cursor.execute("COMMIT")
        except psycopg2.Error as error:
            cursor.execute("ROLLBACK")
            raise MigrationError(f"{migration.name}.sql failed: {str(error).strip()}") from error
    return migration.name
