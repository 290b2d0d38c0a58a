"""Whether an import should rather take the search indexes away and have them made anew."""

from __future__ import annotations

from typing import Any

from app.storage.connection import connect

WORTH_IT = 0.4
"""Making them anew pays when the dump has more than this share of the posts that are there already."""
_FEW = 100_000


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
