"""What of that which was found becomes the dataset: the posts, whole threads, or a sample."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.texts import say
from app.plugins import CaptureRun, InvalidInput
from datasources._imageboard.search.asked import Asked
from datasources._imageboard.search.engine import SearchEngine, cut, numbers_of
from datasources._imageboard.search.items import BY_THREAD, BY_TIME, Posts, read_posts
from datasources._imageboard.search.options import DENSE, FULL, SAMPLE

Thread = tuple[str, int]
"""The board and the number of a thread."""

_POSTS_AT_ONCE = 5_000
_THREADS_AT_ONCE = 500
_BY_THREAD = "SELECT board, thread_id, count(*) AS posts FROM imageboard_posts"
_THESE = (
    "JOIN unnest(%(boards)s::text[], %(threads)s::bigint[]) AS t (board, id)"
    " ON p.board = t.board AND p.thread_id = t.id"
)


@dataclass(frozen=True)
class Limits:
    """The most posts that one dataset holds, and the most threads of which all posts are given."""

    posts: int = 5_000_000
    threads: int = 25_000


class Search:
    """One search: gives the posts, some thousands at once."""

    def __init__(self, asked: Asked, engine: SearchEngine, run: CaptureRun, limits: Limits) -> None:
        self._asked, self._engine, self._run, self._limits = asked, engine, run, limits

    def posts(self, options: Any) -> Iterator[Posts]:
        """The posts that the scope gives, no more than there may be; a warning says when there were more."""
        left = self._limits.posts
        for posts in self._scope(options):
            found = len(posts["id"])
            if found > left:
                self._run.warn(
                    f"More than {self._limits.posts:,} posts fit, which is the most that one dataset holds. The rest is"
                    " left out. Ask for a shorter time, fewer boards or rarer words to get them."
                )
                yield {name: values[:left] for name, values in posts.items()}
                return
            left -= found
            yield posts

    def _scope(self, options: Any) -> Iterator[Posts]:
        if options.search_scope == SAMPLE:
            numbers = self._engine.sample(self._asked, self._run.database, options.sample_size, self._run.seed)
            return self._posts(cut(numbers, _POSTS_AT_ONCE))
        if options.search_scope == FULL:
            return self._threads(self._full())
        if options.search_scope == DENSE:
            return self._threads(self._dense(options.scope_length, options.scope_density))
        return self._posts(cut(self._found(), _POSTS_AT_ONCE))

    def _found(self) -> Sequence[int]:
        """The numbers of what matches; one more than there may be, to tell whether that was all.

        All are fetched before the first is used: they are small, and the query is over before the posts are read.
        """
        numbers = array("q")
        for some in self._engine.find(self._asked, self._run.database, self._limits.posts + 1):
            numbers.extend(some)
            self._run.progress(0.0, text=say("{amount:,} posts match", amount=len(numbers)))
        return numbers

    def _posts(self, found: Iterator[list[int]], order: str = BY_TIME) -> Iterator[Posts]:
        """The posts of these numbers."""
        for numbers in found:
            yield read_posts(self._run.database, self._asked.source, numbers, order)

    def _matches(self, most: int | None = None) -> Counter[Thread]:
        """How many posts match in each thread; no more than `most` threads, if that is given."""
        matches: Counter[Thread] = Counter()
        numbers = self._found()
        for rows in self._counted(numbers) if len(numbers) <= self._limits.posts else self._counted_all():
            for row in rows:
                matches[row["board"], row["thread_id"]] += row["posts"]
            if most is not None:
                self._refuse_more(len(matches), most)
        return matches

    def _counted(self, numbers: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
        """How many of these posts are in each thread, some posts at once."""
        for some in cut(numbers, _POSTS_AT_ONCE):
            yield self._run.database.many(
                f"{_BY_THREAD} WHERE source = %(source)s AND number = ANY(%(numbers)s::bigint[]) GROUP BY 1, 2",
                source=self._asked.source,
                numbers=some,
            )

    def _counted_all(self) -> Iterator[list[dict[str, Any]]]:
        """How many posts match in each thread, however many there are: the database counts them itself."""
        condition = self._asked.condition()
        return self._run.database.stream(f"{_BY_THREAD} WHERE {condition.sql} GROUP BY 1, 2", **condition.values)

    def _full(self) -> list[Thread]:
        """The threads in which something matches."""
        return sorted(self._matches(self._limits.threads))

    def _dense(self, length: int, density: int) -> list[Thread]:
        """The threads with more posts than `length`, of which `density` per cent or more match."""
        matches = self._matches()
        chosen: list[Thread] = []
        for some in cut(sorted(matches), _POSTS_AT_ONCE):
            for thread, posts in self._sizes(some):
                if posts > length and matches[thread] * 100 >= density * posts:
                    chosen.append(thread)
            self._refuse_more(len(chosen), self._limits.threads)
        return sorted(chosen)

    def _sizes(self, threads: Sequence[Thread]) -> Iterator[tuple[Thread, int]]:
        """How many posts these threads have, without the deleted ones unless these are asked for."""
        rows = self._run.database.many(
            f"SELECT p.board, p.thread_id, count(*) AS posts FROM imageboard_posts p {_THESE}"  # noqa: S608 - our own
            f" WHERE p.source = %(source)s{self._undeleted()} GROUP BY p.board, p.thread_id",
            **self._these(threads),
        )
        for row in rows:
            yield (row["board"], row["thread_id"]), row["posts"]

    def _threads(self, threads: list[Thread]) -> Iterator[Posts]:
        """All posts of these threads."""
        self._run.log(f"{len(threads):,} threads qualify.")
        for some in cut(threads, _THREADS_AT_ONCE):
            numbers = numbers_of(
                self._run.database,
                f"SELECT p.number FROM imageboard_posts p {_THESE}"  # noqa: S608 - our own
                f" WHERE p.source = %(source)s{self._undeleted()} ORDER BY {BY_THREAD}",
                **self._these(some),
            )
            yield from self._posts(cut(numbers, _POSTS_AT_ONCE), BY_THREAD)

    def _these(self, threads: Sequence[Thread]) -> dict[str, Any]:
        return {
            "source": self._asked.source,
            "boards": [board for board, _ in threads],
            "threads": [number for _, number in threads],
        }

    def _undeleted(self) -> str:
        return "" if self._asked.with_deleted else " AND p.deleted IS NULL"

    @staticmethod
    def _refuse_more(threads: int, most: int) -> None:
        if threads > most:
            text = (
                f"More than {most:,} threads qualify, which is too many to get whole. Ask for a shorter"
                " time, fewer boards or rarer words; or get only the posts that match."
            )
            raise InvalidInput({"search_scope": [text]}, text)
