"""The engine that lets Sphinx find the words. What it finds are candidates, of which the database decides."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.domain.texts import say
from app.plugins import Database, SourceError
from datasources._imageboard.query import Node, is_ordered, to_sphinx
from datasources._imageboard.search.asked import Asked, kept_boards
from datasources._imageboard.search.engine import PostgreSQLEngine, cut, numbers_of
from datasources._imageboard.sphinx.builds import Bounds, covered, find_builds
from datasources._imageboard.sphinx.marks import DELTA, MAIN, board_code, index_name, second_code
from datasources._imageboard.sphinx.server import Narrowed, SphinxServer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]

_AT_ONCE = 5_000
_CANDIDATES = 500_000
_CHECKED = 20_000
_SPARE = 1_000_000
_MANY = 100_000
"""Posts that the database finds by its own index of words sooner than it looks at them one by one."""
_ORDER = "(extract(epoch FROM created) * 1000000)::bigint"
_ROW = f"concat_ws(' ', number, {_ORDER}, coalesce(array_position(%(known)s::text[], board), 0), id)"


class SphinxEngine:
    """Searches words with Sphinx, and everything else in the database.

    A post counts when the database says so, whether Sphinx, a change since it was indexed or its having been stored
    since makes it a candidate. So what is found is the same as without Sphinx, however far its indexes lag behind.
    When Sphinx finds more than `many` posts, in which the words may stand in any order, the database finds them itself.
    """

    def __init__(self, source: str, address: str, *, candidates: int = _CANDIDATES, many: int = _MANY) -> None:
        self._source = source
        self._server = SphinxServer(source, address)
        self._candidates = candidates
        self._many = many
        self._database = PostgreSQLEngine()

    def find(self, asked: Asked, database: Database, most: int) -> Iterator[list[int]]:
        """The numbers of the posts that match.

        :raises SourceError: when Sphinx does not answer, or serves no index of this database
        """
        wanted = _narrowed(asked)
        if wanted is None:
            yield from self._database.find(asked, database, most)
            return
        served = self._server.served()
        bounds = self._covered(database, served)
        found = _Found(asked, database, most)
        # the smaller index first: while indexes are exchanged, posts move from it into the other, never back
        for part in (DELTA, MAIN):
            if part in served:
                for candidates in self._portions(part, wanted):
                    if len(candidates) > self._many and not _is_ordered(asked):
                        yield from self._database.find(asked, database, most)
                        return
                    found.check(candidates)
        found.check(_changed_since(database, asked.source, bounds.versions))
        found.add_newer(bounds.posts)
        yield from cut(found.numbers(), _AT_ONCE)

    def _covered(self, database: Database, served: Mapping[str, int]) -> Bounds:
        """How far the served indexes reach."""
        builds = find_builds(database, self._source, served)
        if MAIN in builds:
            return covered(builds)
        what = "an index that this database does not know" if MAIN in served else "no index of it yet"
        raise SourceError(
            say(
                "Sphinx serves {what} ({index}). The standing task index-board-posts makes one: an"
                " administrator looks at what it says in the control panel, and whether searchd reads"
                " the sphinx.conf that it writes. With {id}.search_engine set to postgresql"
                " searches need no Sphinx.",
                what=what,
                index=index_name(self._source, MAIN),
                id=self._source,
            ),
            retry_after=60,
        )

    def _portions(self, part: str, wanted: Narrowed) -> Iterator[array[int]]:
        """What an index finds, so many at once that neither side holds much."""
        last, size = 0, self._candidates
        while size == self._candidates:
            candidates = self._server.portion(part, wanted, last, self._candidates)
            size = len(candidates)
            last = candidates[-1] if size else last
            yield candidates

    def sample(self, asked: Asked, database: Database, size: int, seed: int) -> Sequence[int]:
        """The numbers of some of them, drawn by the database."""
        return self._database.sample(asked, database, size, seed)

    def estimate(self, asked: Asked, database: Database) -> int:
        """About how many match, as the database reckons."""
        return self._database.estimate(asked, database)


def _narrowed(asked: Asked) -> Narrowed | None:
    """What Sphinx is asked; None when it cannot help: numbers are given, or no words that it could find."""
    if asked.ids is not None:
        return None
    fields: dict[str, Node | None] = {"body_words": asked.body, "subject_words": asked.subject}
    parts = [(name, to_sphinx(node)) for name, node in fields.items() if node is not None]
    words = " ".join(f"@{name} ({part})" for name, part in parts if part is not None)
    moments = (asked.period.after, asked.period.before)
    after, before = (None if moment is None else second_code(moment.timestamp()) for moment in moments)
    return Narrowed(words, (after, before), [board_code(board) for board in asked.boards]) if words else None


def _is_ordered(asked: Asked) -> bool:
    return any(is_ordered(node) for node in (asked.body, asked.subject) if node is not None)


def _changed_since(database: Database, source: str, versions: int) -> array[int]:
    """The numbers of the posts of which texts have changed since so many changes had been stored."""
    return numbers_of(
        database,
        # looked up one by one, whatever the database may reckon: they are few beside the posts
        "SELECT p.number FROM (SELECT DISTINCT board, id FROM imageboard_versions WHERE number > %(versions)s"
        " AND source = %(source)s) AS v, LATERAL (SELECT number FROM imageboard_posts WHERE source = %(source)s"
        " AND board = v.board AND id = v.id OFFSET 0) AS p",
        source=source,
        versions=versions,
    )


class _Found:
    """The posts that match, of the candidates: their numbers, and what they are ordered by.

    Only the first `most` in the order of their time are kept, and some more until these are looked through.
    """

    def __init__(self, asked: Asked, database: Database, most: int) -> None:
        import numpy as np

        self._compared = asked.condition(by_text=True)
        self._looked_up = asked.condition()
        self._database = database
        self._most = most
        self._known = kept_boards(database, asked.source)
        self._rows: list[Rows] = []
        self._first = np.empty((0, 4), np.int64)
        self._held = 0

    def check(self, candidates: Sequence[int]) -> None:
        """Add those of the candidates that match. They are read by their numbers, whatever the database may reckon."""
        for numbers in cut(candidates, _CHECKED):
            candidate = (
                "SELECT * FROM imageboard_posts WHERE source = %(source)s AND number = ANY(%(numbers)s::bigint[])"
            )
            sql = f"SELECT * FROM ({candidate} OFFSET 0) AS candidates WHERE {self._compared.sql}"  # noqa: S608
            self._add(sql, self._compared.values, numbers=numbers)

    def add_newer(self, number: int) -> None:
        """Add the posts behind a number that match."""
        self._add(
            f"SELECT * FROM imageboard_posts WHERE {self._looked_up.sql} AND number > %(behind)s"  # noqa: S608
            " ORDER BY created, board, id LIMIT %(most)s",
            self._looked_up.values,
            behind=number,
            most=self._most,
        )

    def _add(self, sql: str, asked: Mapping[str, Any], **values: Any) -> None:
        import numpy as np

        found = self._database.one(
            f"SELECT string_agg({_ROW}, ' ') AS rows FROM ({sql}) AS found",  # noqa: S608 - values are parameters
            known=self._known,
            **asked,
            **values,
        )
        rows = np.fromstring(found["rows"] or "", dtype=np.int64, sep=" ").reshape(-1, 4)
        self._rows.append(rows)
        self._held += len(rows)
        if self._held > _SPARE:
            self._gather()

    def _gather(self) -> None:
        """Keep the first of what has been found."""
        import numpy as np

        rows = np.concatenate([self._first, *self._rows])
        _, places = np.unique(rows[:, 0], return_index=True)  # a post may be a candidate for several reasons
        rows = rows[places]
        order = np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1]))[: self._most]
        self._first, self._rows, self._held = rows[order], [], 0

    def numbers(self) -> array[int]:
        """The numbers of the first `most` of them, in the order of their time."""
        self._gather()
        return array("q", self._first[:, 0].tobytes())
