"""The server of Sphinx, asked over MySQL's protocol."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.plugins import SourceError
from datasources._imageboard.sphinx.marks import FIRST_MARK, PARTS, index_name

if TYPE_CHECKING:
    from pymysql.cursors import SSCursor

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 900
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Narrowed:
    """What Sphinx is asked: words in its own syntax, and ranges of its attributes."""

    words: str
    created: tuple[int | None, int | None] = (None, None)
    boards: Sequence[int] = ()


class SphinxServer:
    """One server, asked about the indexes of one source."""

    def __init__(self, source: str, address: str) -> None:
        self._source = source
        self._address = address

    def served(self) -> dict[str, int]:
        """The numbers of the builds that are served now, by part.

        :raises SourceError: when the server does not answer
        """
        found: dict[str, int] = {}
        with self._asking() as cursor:
            cursor.execute("SHOW TABLES")
            names = {row[0] for row in cursor.fetchall()}
            for part in PARTS:
                name = index_name(self._source, part)
                if name in names:
                    cursor.execute(f"SELECT id FROM {name} WHERE id >= {FIRST_MARK} ORDER BY id DESC LIMIT 1")  # noqa: S608
                    for row in cursor.fetchall():
                        found[part] = int(row[0]) - FIRST_MARK
        return found

    def portion(self, part: str, wanted: Narrowed, after: int, most: int) -> array[int]:
        """The numbers of the first posts behind the number `after` that an index finds, in their order.

        :raises SourceError: when the server does not answer, or not in full
        """
        conditions = ["MATCH(%s)", "id > %s", f"id < {FIRST_MARK}"]
        values: list[Any] = [wanted.words, after]
        for sign, moment in zip((">=", "<="), wanted.created, strict=True):
            if moment is not None:
                conditions.append(f"created {sign} %s")
                values.append(moment)
        if wanted.boards:
            conditions.append("board IN %s")
            values.append(tuple(wanted.boards))
        sql = (
            f"SELECT id FROM {index_name(self._source, part)} WHERE {' AND '.join(conditions)} ORDER BY id ASC"  # noqa: S608
            f" LIMIT {most} OPTION max_matches={most}, ranker=none, sort_method=kbuffer"
        )
        found = array("q")
        with self._asking() as cursor:
            cursor.execute(sql, values)
            while rows := cursor.fetchmany(_AT_ONCE):
                found.extend(int(row[0]) for row in rows)
            self._refuse_warnings(cursor)
        return found

    def _refuse_warnings(self, cursor: SSCursor) -> None:
        """Sphinx warns of what it leaves out; what is not whole is not wanted."""
        cursor.execute("SHOW WARNINGS")
        said = [str(row[-1]) for row in cursor.fetchall()]
        if said:
            raise SourceError(self._advice(f"did not search everything: {'; '.join(said)[:300]}"), permanent=True)

    @contextmanager
    def _asking(self) -> Iterator[SSCursor]:
        """A connection of its own, so that nothing of an earlier question can be mistaken for an answer."""
        import pymysql
        from pymysql.cursors import SSCursor

        host, _, port = self._address.rpartition(":")
        try:
            opened = pymysql.connect(
                host=host,
                port=int(port),
                user="",
                charset="utf8mb4",
                ssl_disabled=True,  # Sphinx knows none, and to get ready for it takes longer than to search
                autocommit=None,
                cursorclass=SSCursor,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_ANSWER_SECONDS,
                write_timeout=_ANSWER_SECONDS,
            )
        except (pymysql.Error, OSError) as error:
            raise SourceError(self._advice(f"does not answer: {_said(error)}")) from error
        try:
            with opened.cursor() as cursor:
                yield cursor
        except pymysql.ProgrammingError as error:
            raise SourceError(self._advice(f"does not understand: {_said(error)}"), permanent=True) from error
        except (pymysql.Error, OSError) as error:
            raise SourceError(self._advice(f"has stopped answering: {_said(error)}")) from error
        finally:
            opened.close()

    def _advice(self, what: str) -> str:
        """What is wrong, and what an administrator can do."""
        return (
            f"Sphinx at {self._address} {what}. An administrator starts searchd again and looks into its log, or sets"
            f" {self._source}.search_engine to postgresql."
        )


def _said(error: Exception) -> str:
    """What an error says, as part of a sentence."""
    return str(error.args[-1] if error.args else error).strip().strip("\x00").rstrip(".")[:300]
