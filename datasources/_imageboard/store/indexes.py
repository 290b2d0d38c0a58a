"""The search indexes of posts: taken away before much is stored, and made anew, which takes a third of keeping them up.

While they are missing the parent table keeps theirs, empty and not valid: so a start of the tool makes none, and what
is missing can be told. `make_search_indexes` makes it; the standing task `make-board-indexes` sees that it happens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).resolve().parents[1] / "database.sql"
_INDEX = re.compile(r"CREATE INDEX IF NOT EXISTS (\w+)\s+ON imageboard_posts (USING gin [^;]+);")
_LOCK = 0x4CA71DE
_PARTITIONS = "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'imageboard_posts'::regclass"
_HAS = (
    "SELECT x.indrelid::regclass::text AS name FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid"
    " WHERE i.inhparent = to_regclass(%(index)s)"
)
_IS_SCRAPED = "SELECT EXISTS (SELECT FROM imageboard_coverage WHERE ended > now() - interval '1 hour') AS scraped"


def search_indexes() -> dict[str, str]:
    """What defines the search indexes, by their names."""
    return dict(_INDEX.findall(_SCRIPT.read_text()))


def missing_indexes(url: str) -> list[tuple[str, str]]:
    """The search indexes that are missing: the name of each, and the table that should have it."""
    with _opened(url) as cursor:
        return _missing(cursor)


def drop_search_indexes(url: str, tell: Callable[[str], None]) -> None:
    """Take them away, until `make_search_indexes`. Waits while somebody makes some, and says so."""
    with _opened(url) as cursor, _alone(cursor, tell):
        cursor.execute("BEGIN")
        for name, definition in search_indexes().items():
            cursor.execute(f"DROP INDEX IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX {name} ON ONLY imageboard_posts {definition}")
        cursor.execute("COMMIT")


def make_search_indexes(url: str, tell: Callable[[str], None]) -> None:
    """Make those that are missing, table by table, while posts may be read.

    Waits while somebody else does, and says so. Those that store posts wait until it is done, unless a board was
    scraped within the last hour: then they need not, and it takes a third longer.
    """
    with _opened(url) as cursor, _alone(cursor, tell):
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute(_IS_SCRAPED)
        how = "CONCURRENTLY" if cursor.fetchone()["scraped"] else ""
        definitions = search_indexes()
        for name, definition in definitions.items():
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY imageboard_posts {definition}")
        for name, table in _missing(cursor):
            part = f"{table}_{name.removeprefix('imageboard_posts_')}_part"
            tell(f"making the search index {part}")
            cursor.execute(f"DROP INDEX IF EXISTS {part}")  # one that was broken off
            cursor.execute(f"CREATE INDEX {how} {part} ON {table} {definitions[name]}")
            cursor.execute(f"ALTER INDEX {name} ATTACH PARTITION {part}")


def _missing(cursor: Any) -> list[tuple[str, str]]:
    cursor.execute(_PARTITIONS)
    tables = sorted(row["name"] for row in cursor.fetchall())
    missing = []
    for name in search_indexes():
        cursor.execute(_HAS, {"index": name})
        there = {row["name"] for row in cursor.fetchall()}
        missing += [(name, table) for table in tables if table not in there]
    return missing


@contextmanager
def _opened(url: str) -> Iterator[Any]:
    """A cursor that begins no transaction by itself, as making an index beside others needs it."""
    import psycopg2
    from psycopg2.extras import RealDictCursor

    with closing(psycopg2.connect(url, application_name="4cat indexes", cursor_factory=RealDictCursor)) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            yield cursor


@contextmanager
def _alone(cursor: Any, tell: Callable[[str], None]) -> Iterator[None]:
    """Only one at a time takes indexes away or makes them; the lock ends with the connection."""
    cursor.execute("SELECT pg_try_advisory_lock(%s) AS held", (_LOCK,))
    if not cursor.fetchone()["held"]:
        tell("Waiting: search indexes are being made by somebody else.")
        cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    yield
