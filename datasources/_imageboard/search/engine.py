"""The engines that find posts. All answer with numbers (`imageboard_posts.number`), so that they can be exchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from app.plugins import Database
from datasources._imageboard.search.asked import Asked

_AT_ONCE = 5_000


class SearchEngine(Protocol):
    """Finds what is asked for, whatever it finds it with."""

    def find(self, asked: Asked, database: Database, most: int) -> Iterator[list[int]]:
        """The numbers of the posts that match, in the order of their time, some thousands at once, `most` in all."""

    def sample(self, asked: Asked, database: Database, size: int, seed: int) -> list[int]:
        """The numbers of `size` of the posts that match, in the order of their time; the same for the same seed."""

    def estimate(self, asked: Asked, database: Database) -> int:
        """About how many posts match, told quickly."""


class PostgreSQLEngine:
    """Searches in the database itself, by its indexes of words and of parts of words.

    Only numbers and times are sorted, which is little beside the posts. The posts are read by their numbers afterwards.
    """

    def find(self, asked: Asked, database: Database, most: int) -> Iterator[list[int]]:
        """The numbers of the posts that match."""
        condition = asked.condition()
        for rows in database.stream(
            f"SELECT number FROM imageboard_posts WHERE {condition.sql}"  # noqa: S608 - values are parameters
            " ORDER BY created, board, id LIMIT %(most)s",
            size=_AT_ONCE,
            most=most,
            **condition.values,
        ):
            yield [row["number"] for row in rows]

    def sample(self, asked: Asked, database: Database, size: int, seed: int) -> list[int]:
        """The numbers of some of them: those whose numbers come first when they are shuffled by the seed."""
        condition = asked.condition()
        found: list[int] = []
        for rows in database.stream(
            "SELECT number FROM (SELECT number, created, board, id FROM imageboard_posts"  # noqa: S608 - as above
            f" WHERE {condition.sql} ORDER BY hashint8extended(number, %(seed)s), number LIMIT %(wanted)s) AS drawn"
            " ORDER BY created, board, id",
            size=_AT_ONCE,
            seed=seed % 2**63,
            wanted=size,
            **condition.values,
        ):
            found += [row["number"] for row in rows]
        return found

    def estimate(self, asked: Asked, database: Database) -> int:
        """About how many match, as the planner of the database reckons."""
        condition = asked.condition()
        row = database.one(
            f"EXPLAIN (FORMAT JSON) SELECT 1 FROM imageboard_posts WHERE {condition.sql}",  # noqa: S608 - as above
            **condition.values,
        )
        return int(row["QUERY PLAN"][0]["Plan"]["Plan Rows"])
