"""What a backup takes from the database besides its dump, and what a restored database needs before work goes on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection

from app.domain.errors import Conflict
from app.local.backup_folder import Entry, Missing
from app.storage.connection import connect

_KEPT_BY_ITSELF = {"schema_migrations", "jobs", "queue_turns", "repairs"}
"""Tables with rows as soon as an installation has been started once, without anything that people have made."""

_REFERRED = (
    "SELECT file.value ->> 'name' AS name, (file.value ->> 'size')::bigint AS size, file.value ->> 'sha256' AS sha256,"
    " kind, whose FROM ("
    "  SELECT 'dataset' AS kind, key AS whose, result -> 'files' AS files FROM datasets WHERE result IS NOT NULL"
    "  UNION ALL SELECT 'upload', id, jsonb_build_object('file', file) FROM uploads"
    "  UNION ALL SELECT 'checkpoint', id::text, jsonb_array_elements(to_jsonb(j) -> 'checkpoint' -> 'parts')"
    "  FROM jobs j WHERE state <> 'failed'"
    ") referred, jsonb_each(files) AS file"
)
_TABLES = (
    "SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')"
    " AND NOT relispartition ORDER BY relname"
)
_DROP_ALL = """DO $drop$
DECLARE command text;
BEGIN
    FOR command IN SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW'
            WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
        AND NOT EXISTS (SELECT 1 FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY c.relkind = 'S', c.relname
    LOOP
        EXECUTE command;
    END LOOP;
    FOR command IN SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
        FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE command;
    END LOOP;
END
$drop$"""
_WAITS = "Waiting again: it was running when the backup was made that this comes from."
_WAIT_AGAIN = (
    "UPDATE datasets SET status = 'waiting', message = {message}, progress = NULL, started = NULL, ended = NULL,"
    " result = NULL WHERE status = 'running' AND key IN"
    " (SELECT dataset FROM jobs WHERE state = 'running' AND cancel_requested IS NULL)"
)
_RELEASE = (
    "UPDATE jobs SET attempts = greatest(attempts - CASE state WHEN 'running' THEN 1 ELSE 0 END, 0),"
    " state = 'waiting', token = NULL, rung = NULL, claimed = NULL, heartbeat = NULL, host = NULL, pid = NULL"
    " WHERE state = 'rung' OR (state = 'running' AND cancel_requested IS NULL)"
)
_FENCE = (
    "UPDATE jobs SET token = nextval('job_tokens') * 1073741824 + floor(random() * 1073741824)::bigint,"
    " heartbeat = to_timestamp(0) WHERE state = 'running'"
)
_WITHOUT = {
    "dataset": "UPDATE datasets SET status = 'failed', message = {message}, result = NULL WHERE key = {which}",
    "upload": "DELETE FROM uploads WHERE id = {which}",
    "checkpoint": "UPDATE jobs SET checkpoint = NULL WHERE id = {which}",
}
"""What to do where a file is missing, by what refers to it."""


@dataclass(frozen=True)
class Facts:
    """The database at one moment."""

    postgresql: str
    migrations: dict[str, str]
    tables: dict[str, int]
    running: int


@contextlib.contextmanager
def frozen(database_url: str) -> Iterator[tuple[connection, str]]:
    """A transaction that sees the database as it is now, and the name under which others can see the same."""
    opened = connect(database_url, name="backup")
    try:
        opened.set_session(isolation_level="REPEATABLE READ", readonly=True)
        _one(opened, "SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        yield opened, str(_one(opened, "SELECT pg_export_snapshot() AS name")["name"])
    finally:
        opened.close()


def server_version(opened: connection) -> tuple[int, str]:
    """The server's major version, and its version in full."""
    return opened.server_version // 10_000, str(_one(opened, "SHOW server_version")["server_version"])


def read_facts(opened: connection) -> Facts:
    """Count what is there. :raises Conflict: when there is no installation in this database"""
    if _one(opened, "SELECT to_regclass('schema_migrations') AS found")["found"] is None:
        raise Conflict("This database holds no installation of 4CAT. Is DATABASE_URL the right one?")
    with opened.cursor() as cursor:
        cursor.execute("SELECT name, checksum FROM schema_migrations ORDER BY number")
        rows: list[Any] = cursor.fetchall()
    running = _one(
        opened,
        "SELECT count(*) AS found FROM jobs"
        " WHERE state = 'running' AND dataset IS NOT NULL AND cancel_requested IS NULL",
    )
    migrations = {row["name"]: row["checksum"] for row in rows}
    return Facts(server_version(opened)[1], migrations, count_rows(opened), int(running["found"]))


def count_rows(opened: connection) -> dict[str, int]:
    """The rows of each table."""
    counts = {}
    with opened.cursor() as cursor:
        cursor.execute(_TABLES)
        rows: list[Any] = cursor.fetchall()
        for row in rows:
            cursor.execute(sql.SQL("SELECT count(*) AS found FROM {}").format(sql.Identifier(row["name"])))
            found: Any = cursor.fetchone()
            counts[row["name"]] = int(found["found"])
    return counts


def write_list(opened: connection, target: Path) -> tuple[int, int]:
    """Write down the files that rows refer to, a line each; how many, and their bytes together."""
    count = size = 0
    with opened.cursor(name="files") as cursor, target.open("x") as lines:
        target.chmod(0o600)
        cursor.itersize = 2_000
        cursor.execute(_REFERRED + " ORDER BY 1, 4, 5")
        row: Any
        for row in cursor:
            lines.write(json.dumps(asdict(Entry(**row))) + "\n")
            count, size = count + 1, size + row["size"]
    return count, size


def still_referred(database_url: str, names: list[str]) -> set[str]:
    """Which of these files the database still refers to."""
    opened = connect(database_url, name="backup")
    try:
        with opened.cursor() as cursor:
            asked = sql.SQL("SELECT name FROM ({}) referred WHERE name = ANY(%s)").format(sql.SQL(_REFERRED))
            cursor.execute(asked, (names,))
            rows: list[Any] = cursor.fetchall()
            return {row["name"] for row in rows}
    finally:
        opened.close()


def require_quiet(opened: connection) -> None:
    """Make sure that nothing of 4CAT is connected. :raises Conflict: naming what is"""
    with opened.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT application_name AS name FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE '4cat%'"
        )
        rows: list[Any] = cursor.fetchall()
    if rows:
        names = ", ".join(sorted(row["name"] for row in rows))
        raise Conflict(f"4CAT is at work on this database ({names}). Stop web, worker and scheduler first.")


def require_empty(opened: connection, *, replace: bool) -> None:
    """Make sure that nothing is lost. :raises Conflict: naming the tables with rows"""
    counts = count_rows(opened)
    if counts and "schema_migrations" not in counts:
        raise Conflict(
            f"This database is not 4CAT's: it holds the tables {', '.join(list(counts)[:5])}. "
            "Give 4CAT a database of its own in DATABASE_URL."
        )
    filled = [f"{name} ({count:,})" for name, count in counts.items() if count and name not in _KEPT_BY_ITSELF]
    if filled and not replace:
        raise Conflict(
            f"This installation is not empty: it has rows in {', '.join(filled)}. Restore into an empty one (--data "
            "DIR names a new folder), or say --replace, which deletes everything that its database holds now."
        )


def known_settings(opened: connection) -> set[str]:
    """The names of the server's settings."""
    with opened.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings")
        rows: list[Any] = cursor.fetchall()
    return {row["name"] for row in rows}


def statements_before() -> list[str]:
    """What makes room for the restored tables."""
    return ["SET LOCAL lock_timeout = '30s'", _DROP_ALL]


def statements_after(opened: connection, missing: Iterable[Missing]) -> list[str]:
    """What lets work go on in a restored database.

    An attempt that ran when the backup was made has no process here: its work waits again, with the attempt not counted
    and its token gone, so that nothing it may still publish counts. One that was being cancelled is left to the
    reconciler, as an attempt without a sign of life. Results whose files are not in the backup have failed.
    """
    again = sql.SQL(_WAIT_AGAIN).format(message=sql.Literal(_WAITS))
    statements = [again.as_string(opened), _RELEASE, _FENCE]
    for found in missing:
        message = f"Its file was not in the backup that this comes from: {found.why}. Run it again."
        change = sql.SQL(_WITHOUT[found.kind]).format(message=sql.Literal(message), which=sql.Literal(found.whose))
        statements.append(change.as_string(opened))
    return statements


def settle(opened: connection) -> None:
    """Let a restored and migrated database forget outages of another time, and count for its planner."""
    opened.autocommit = True
    with opened.cursor() as cursor:
        cursor.execute("UPDATE jobs SET away_since = NULL WHERE away_since IS NOT NULL")
        cursor.execute("ANALYZE")


def _one(opened: connection, statement: str) -> Any:
    with opened.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()
