"""The engines that find posts. All answer with numbers (`imageboard_posts.number`), so that they can be exchanged."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

from app.plugins import Database
from datasources._imageboard.query import words_like
from datasources._imageboard.search.asked import Asked

_T = TypeVar("_T")
_AT_ONCE = 5_000
_COUNTED = 1_000
_SURE = 100_000  # posts that the planner must reckon with to be believed without counting
_ROOM = "SET LOCAL work_mem = '128MB'; "
"""What the database may take to note which posts match: with less it notes whole pages of them, and has to look at each
post on these once more. It is enough for all pages of some ten million posts."""
_FITTING = 2_000  # words with which a star is reckoned


class SearchEngine(Protocol):
    """Finds what is asked for, whatever it finds it with."""

    def find(self, asked: Asked, database: Database, most: int) -> Iterator[list[int]]:
        """The numbers of the posts that match, in the order of their time, some thousands at once, `most` in all."""

    def sample(self, asked: Asked, database: Database, size: int, seed: int) -> Sequence[int]:
        """The numbers of `size` of the posts that match, in the order of their time; the same for the same seed."""

    def estimate(self, asked: Asked, database: Database) -> int:
        """About how many posts match, told quickly."""


def numbers_of(database: Database, sql: str, **values: Any) -> array[int]:
    """What a query gives in its one column `number`: in one text, which costs a fraction of so many rows."""
    import numpy as np

    gathered = f"SELECT string_agg(number::text, ' ') AS numbers FROM ({sql}) AS found"  # noqa: S608
    found = database.one(_ROOM + gathered, **values)
    return array("q", np.fromstring(found["numbers"] or "", dtype=np.int64, sep=" ").tobytes())


def cut(values: Sequence[_T], size: int) -> Iterator[list[_T]]:
    """The values, `size` at a time."""
    for start in range(0, len(values), size):
        yield list(values[start : start + size])


class PostgreSQLEngine:
    """Searches in the database itself, by its indexes of words and of parts of words.

    Only numbers and times are sorted, which is little beside the posts. The posts are read by their numbers afterwards.
    """

    def find(self, asked: Asked, database: Database, most: int) -> Iterator[list[int]]:
        """The numbers of the posts that match."""
        condition = asked.condition()
        sql = f"SELECT number FROM imageboard_posts WHERE {condition.sql}"  # noqa: S608 - values are parameters
        sql += " ORDER BY created, board, id LIMIT %(most)s"
        yield from cut(numbers_of(database, sql, most=most, **condition.values), _AT_ONCE)

    def sample(self, asked: Asked, database: Database, size: int, seed: int) -> Sequence[int]:
        """The numbers of some of them: those whose numbers come first when they are shuffled by the seed."""
        condition = asked.condition()
        sql = (
            "SELECT number FROM (SELECT number, created, board, id FROM imageboard_posts"  # noqa: S608 - as above
            f" WHERE {condition.sql} ORDER BY hashint8extended(number, %(seed)s), number LIMIT %(size)s) AS drawn"
            " ORDER BY created, board, id"
        )
        return numbers_of(database, sql, seed=seed % 2**63, size=size, **condition.values)

    def estimate(self, asked: Asked, database: Database) -> int:
        """About how many match, as the planner of the database reckons; few are counted, since it errs most there."""

        def fitting(like: str) -> list[str]:
            rows = database.many(f"{words_like('like')} LIMIT %(most)s", like=like, most=_FITTING)
            return [row["word"] for row in rows]

        condition = asked.condition(fitting)
        sql = f"SELECT 1 FROM imageboard_posts WHERE {condition.sql}"  # noqa: S608 - as above
        plan = database.one(f"EXPLAIN (FORMAT JSON) {sql}", **condition.values)
        reckoned = int(plan["QUERY PLAN"][0]["Plan"]["Plan Rows"])
        if reckoned >= _SURE:
            return reckoned
        limited = f"{_ROOM}SELECT count(*) AS posts FROM ({sql} LIMIT %(counted)s) AS found"  # noqa: S608 - as above
        counted = int(database.one(limited, counted=_COUNTED, **condition.values)["posts"])
        return counted if counted < _COUNTED else max(reckoned, counted)
