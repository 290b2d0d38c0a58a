"""Take the search indexes away for a large import and make them anew: many times as fast as keeping them up."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.storage.database import connect

_SCRIPT = Path(__file__).resolve().parents[2] / "datasources" / "_imageboard" / "database.sql"
_INDEX = re.compile(r"CREATE INDEX IF NOT EXISTS (\w+)\s+ON imageboard_posts (USING gin [^;]+);")
WORTH_IT = 0.4
"""Making them anew pays when the dump has more than this share of the posts that are there already."""
_FEW = 100_000
_IS_SCRAPED = "SELECT EXISTS (SELECT FROM imageboard_coverage WHERE ended > now() - interval '1 hour') AS scraped"


def search_indexes() -> dict[str, str]:
    """What defines the search indexes, by their names."""
    return dict(_INDEX.findall(_SCRIPT.read_text()))


def is_worth_it(url: str, coming: int) -> bool:
    """Whether so many posts are better stored without the search indexes."""
    opened = connect(url, name="4cat import")
    try:
        with opened.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint AS there FROM pg_class"
                " JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'imageboard_posts'::regclass"
            )
            there: Any = cursor.fetchone()
    finally:
        opened.close()
    return bool(coming > max(_FEW, there["there"] * WORTH_IT))


def drop_search_indexes(url: str) -> None:
    """Take them away; `make_search_indexes` or the next migration makes them again."""
    opened = connect(url, name="4cat import")
    try:
        with opened.cursor() as cursor:
            for name in search_indexes():
                cursor.execute(f"DROP INDEX IF EXISTS {name}")
        opened.commit()
    finally:
        opened.close()


def make_search_indexes(url: str, say: Callable[[str], None]) -> None:
    """Make those that are missing, table by table, while posts may be read.

    Those that store posts wait until it is done, unless a board was scraped within the last hour: then they need not,
    and it takes a third longer.
    """
    opened = connect(url, name="4cat import")
    opened.autocommit = True
    try:
        with opened.cursor() as cursor:
            cursor.execute("SET maintenance_work_mem = '256MB'")
            cursor.execute(
                "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
                " WHERE inhparent = 'imageboard_posts'::regclass ORDER BY 1"
            )
            partitions = [dict(row)["name"] for row in cursor.fetchall()]
            cursor.execute(_IS_SCRAPED)
            found: Any = cursor.fetchone()
            how = "CONCURRENTLY" if found["scraped"] else ""
            for name, definition in search_indexes().items():
                cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON ONLY imageboard_posts {definition}")
                for partition in partitions:
                    _make_part(cursor, name, partition, f"{how} {{}} ON {partition} {definition}", say)
    finally:
        opened.close()


def _make_part(cursor: Any, name: str, partition: str, making: str, say: Callable[[str], None]) -> None:
    """Make a table's part of an index and attach it, unless that is done."""
    cursor.execute(
        "SELECT 1 AS there FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid"
        " WHERE i.inhparent = %(name)s::regclass AND x.indrelid = %(partition)s::regclass",
        {"name": name, "partition": partition},
    )
    if cursor.fetchone():
        return
    part = f"{partition}_{name.removeprefix('imageboard_posts_')}_part"
    say(f"making the search index {part}")
    cursor.execute(f"DROP INDEX IF EXISTS {part}")  # one that was broken off
    cursor.execute(f"CREATE INDEX {making.format(part)}")
    cursor.execute(f"ALTER INDEX {name} ATTACH PARTITION {part}")
