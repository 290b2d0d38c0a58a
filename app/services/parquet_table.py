"""One Parquet file as a table to ask: which rows, of which columns. Only what an answer needs is read from the file.

The engine skips columns that nobody asks for, and groups of rows that by their statistics cannot hold what a filter
wants. A result never changes, so the numbers of the rows that a question has found are kept for its next page.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from app.domain.errors import InvalidInput, Unavailable
from app.domain.texts import say
from app.services.annotation_table import ITEM, Beside
from app.services.context import Context
from app.services.item_filter import FileColumn, Filters, parse_filters, quoted
from app.services.item_value import plain
from app.services.kept import Kept

if TYPE_CHECKING:
    import duckdb
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.uint32]]

_ENGINE = {"threads": 2, "memory_limit": "512MB"}
_CLOSED = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "python_enable_replacements": False,
}
_FIRST_ROWS = 2_000
"""So far into a sorted table, finding the first rows costs less than sorting all of it."""
_ROWS_TO_KEEP = 8_000_000
_engines: dict[int, duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()


_known: Kept[Numbers] = Kept(64 * 1024**2, lambda numbers: numbers.nbytes)
"""The numbers of rows that questions have found."""
_descriptions: Kept[tuple[list[FileColumn], int]] = Kept(500, lambda _: 1)
_pages: Kept[bytes] = Kept(16 * 1024**2, len)
"""Rows as JSON: people look at the same ones again, and those of a sorted page lie all over the file."""


def _engine(ctx: Context) -> Any:
    """A connection of its own to this process's engine, to be closed by its caller."""
    import duckdb

    with _lock:
        engine = _engines.get(os.getpid())
        if engine is None:
            folder = ctx.settings.data_dir / "tmp" / f"pages-{uuid.uuid4().hex}"
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            config: dict[str, Any] = {
                **_ENGINE,
                **_CLOSED,
                "temp_directory": str(folder),
                "max_temp_directory_size": "20GB",
            }
            engine = duckdb.connect(":memory:", config=config)
            _engines[os.getpid()] = engine
        return engine.cursor()


def _described(engine: duckdb.DuckDBPyConnection, path: str) -> tuple[list[FileColumn], int]:
    """The columns of a file and how many rows it has; read once, for a result never changes."""
    import pyarrow.parquet as pq

    known = _descriptions.get(path)
    if known is None:
        described = engine.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        with pq.ParquetFile(path) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
        # The engine renames columns that differ in case only, so names are matched by their place.
        columns = [FileColumn(name, row[0], row[1]) for name, row in zip(names, described, strict=True)]
        known = (columns, rows)
        _descriptions.put(path, known)
    return known


@contextmanager
def open_table(ctx: Context, path: Path, extra: Beside | None = None) -> Iterator[ParquetTable]:
    """Open a Parquet file for questions while a block lasts; `extra` adds columns of annotations."""
    table = keep_open(ctx, path, extra)
    with table.engine:
        yield table


def keep_open(ctx: Context, path: Path, extra: Beside | None = None) -> ParquetTable:
    """Open a Parquet file for questions until it is let go; `extra` adds columns of annotations."""
    table = ParquetTable.open(_engine(ctx), path)
    return table.with_columns(extra) if extra and ITEM in table.columns else table


@dataclass(frozen=True)
class ParquetTable:
    """One Parquet file, open in the engine."""

    engine: duckdb.DuckDBPyConnection
    path: str
    source: str
    number: str
    columns: dict[str, FileColumn]
    rows: int
    joined: str = ""
    extra: tuple[str, ...] = ()
    state: str = ""

    @classmethod
    def open(cls, engine: duckdb.DuckDBPyConnection, path: Path) -> ParquetTable:
        """Read what the file says of its columns."""
        engine.execute("SET TimeZone = 'UTC'")
        found, rows = _described(engine, str(path))
        source, number = "read_parquet(?, file_row_number = true)", "file_row_number"
        if number in (column.sql_name.lower() for column in found):
            number = "row number of 4cat"
            source = f"(SELECT *, row_number() OVER () - 1 AS {quoted(number)} FROM read_parquet(?))"  # noqa: S608
        return cls(engine, str(path), source, quoted(number), {column.name: column for column in found}, rows)

    def with_columns(self, extra: Beside) -> ParquetTable:
        """This table with columns of annotations after its own."""
        name = f"extra_{uuid.uuid4().hex}"
        self.engine.register(name, extra.frame.to_arrow())
        names = extra.columns
        sql_names = [f"annotation {number} of 4cat" for number in range(len(names))]
        shown = ", ".join(f"e.{quoted(name)} AS {quoted(to)}" for name, to in zip(names, sql_names, strict=True))
        item = self.columns[ITEM].sql
        source = (
            f"(SELECT t.*, {shown} FROM {self.source} t"  # noqa: S608
            f" LEFT JOIN {name} e ON e.{quoted(ITEM)} = CAST(t.{item} AS VARCHAR))"
        )
        added = {name: FileColumn(name, to, "VARCHAR") for name, to in zip(names, sql_names, strict=True)}
        return replace(
            self,
            joined=source,
            columns={**self.columns, **added},
            extra=tuple(quoted(to) for to in sql_names),
            state=extra.state.checksum,
        )

    def _from(self, *parts: str | None) -> str:
        """What to read rows from: annotations only where a part of the question is about them."""
        is_joined = any(name in part for part in parts if part for name in self.extra)
        return self.joined if is_joined else self.source

    def choose(self, names: Sequence[str] | None) -> list[FileColumn]:
        """The columns of these names, or all. :raises InvalidInput: naming those that there are not"""
        unknown = [name for name in names or () if name not in self.columns]
        if unknown:
            raise InvalidInput({"columns": [self._unknown(name) for name in unknown]})
        return [self.columns[name] for name in dict.fromkeys(names or self.columns)]

    def _unknown(self, name: str) -> str:
        return say(
            "There is no column “{name}”. The columns are: {columns}.", name=name, columns=", ".join(self.columns)
        )

    def texts(self) -> list[FileColumn]:
        """The columns in which a text is looked for."""
        return [self.columns[name] for name in ("body", "subject", "author") if name in self.columns]

    def parse(self, conditions: Sequence[str]) -> Filters | None:
        """Conditions on rows as a filter. :raises InvalidInput: quoting the one that will not do, and why"""
        return parse_filters(conditions, self.columns, self._check_pattern)

    def find(self, filters: Filters | None, ordering: str | None, offset: int, limit: int) -> tuple[list[int], int]:
        """The numbers of the rows on one page, and how many rows there are on all pages."""
        if not filters and not ordering:
            return list(range(offset, min(offset + limit, self.rows))), self.rows
        state = self.state if self._from(filters.sql if filters else None, ordering) == self.joined else ""
        question = (self.path, state, filters and (filters.sql, tuple(filters.values)), ordering)
        numbers = _known.get(question)
        if numbers is None and not filters and offset + limit <= _FIRST_ROWS:
            return self._first(question, ordering)[offset : offset + limit].tolist(), self.rows
        if numbers is None and self.rows <= _ROWS_TO_KEEP:
            numbers = self._all(filters, ordering)
            _known.put(question, numbers)
        if numbers is not None:
            return numbers[offset : offset + limit].tolist(), len(numbers)
        found = self._run(f"{self._select(filters, ordering)} LIMIT {int(limit)} OFFSET {int(offset)}", filters)
        return [row[0] for row in found], self.count(filters) if filters else self.rows

    def _first(self, question: tuple[Any, ...], ordering: str | None) -> Numbers:
        """The numbers of the first rows in an order."""
        first = (*question, _FIRST_ROWS)
        numbers = _known.get(first)
        if numbers is None:
            numbers = self._numbers(f"{self._select(None, ordering)} LIMIT {_FIRST_ROWS}", None)
            _known.put(first, numbers)
        return numbers

    def ask(self, what: str, filters: Filters | None, rest: str = "") -> list[Any]:
        """Rows of SQL over this table: `SELECT what FROM table WHERE filters rest`."""
        where = f"WHERE {filters.sql}" if filters else ""
        return self._run(f"SELECT {what} FROM {self._from(what, where, rest)} {where} {rest}", filters)  # noqa: S608

    def count(self, filters: Filters) -> int:
        """How many rows a filter lets through."""
        sql = f"SELECT count(*) FROM {self._from(filters.sql)} WHERE {filters.sql}"  # noqa: S608
        return int(self._run(sql, filters)[0][0])

    def matching(self, filters: Filters, start: int, end: int) -> Numbers:
        """The numbers of the rows from `start` up to `end` (exclusive) that a filter lets through, in order."""
        inside = f"{self.number} BETWEEN {int(start)} AND {int(end) - 1} AND ({filters.sql})"
        return self._all(Filters(inside, filters.values), None)

    def _all(self, filters: Filters | None, ordering: str | None) -> Numbers:
        return self._numbers(self._select(filters, ordering), filters)

    def _numbers(self, sql: str, filters: Filters | None) -> Numbers:
        import numpy as np

        found = self._execute(sql, filters).fetchnumpy()
        return np.asarray(next(iter(found.values())), dtype=np.uint32)

    def _select(self, filters: Filters | None, ordering: str | None) -> str:
        where = f"WHERE {filters.sql}" if filters else ""
        order = f"{ordering}, {self.number}" if ordering else self.number
        source = self._from(where, order)
        return f"SELECT CAST({self.number} AS UINTEGER) FROM {source} {where} ORDER BY {order}"  # noqa: S608

    def fetch(self, chosen: Sequence[FileColumn], numbers: Sequence[int]) -> list[dict[str, Any]]:
        """These columns of the rows with these numbers, in this order."""
        if not numbers:
            return []
        names = [column.name for column in chosen]
        shown = [column.sql for column in chosen]
        state = self.state if self._from(*shown) == self.joined else ""  # not all see the same annotations
        question = (self.path, state, tuple(names), tuple(numbers))
        kept = _pages.get(question)
        rows: list[list[Any]] = orjson.loads(kept) if kept else self._read(chosen, numbers)
        if not kept:
            with suppress(TypeError):  # numbers of more than 64 bits
                _pages.put(question, orjson.dumps(rows))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _read(self, chosen: Sequence[FileColumn], numbers: Sequence[int]) -> list[list[Any]]:
        inside = f"{self.number} BETWEEN {numbers[0]} AND {numbers[-1]}"
        if list(numbers) != list(range(numbers[0], numbers[0] + len(numbers))):
            inside = f"{self.number} IN ({', '.join(str(int(number)) for number in numbers)})"
        shown = ", ".join(column.shown for column in chosen)
        source = self._from(shown)
        found = self._run(f"SELECT {self.number}, {shown} FROM {source} WHERE {inside}")  # noqa: S608
        by_number = {row[0]: row[1:] for row in found}
        return [[plain(value) for value in by_number[number]] for number in numbers]

    def known(self, name: str, values: Sequence[str]) -> set[str]:
        """Which of these values a column holds."""
        column = f"CAST({self.columns[name].sql} AS VARCHAR)"
        sql = f"SELECT DISTINCT {column} FROM {self.source} WHERE list_contains(?, {column})"  # noqa: S608
        if len(values) > 1:
            sql = f"SELECT DISTINCT {column} FROM {self.source} WHERE {column} IN (SELECT unnest(?))"  # noqa: S608
        return {row[0] for row in self._run(sql, Filters("", [list(values)]))}

    def _check_pattern(self, pattern: str) -> str | None:
        """What is wrong with a regular expression, or None."""
        import duckdb

        try:
            self.engine.execute("SELECT regexp_matches('', ?, 'i')", [pattern]).fetchall()
        except duckdb.Error as error:
            return str(error).split(":", 1)[-1].strip()
        return None

    def _run(self, sql: str, filters: Filters | None = None) -> list[Any]:
        return list(self._execute(sql, filters).fetchall())

    def _execute(self, sql: str, filters: Filters | None) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self.engine.execute(sql, [self.path, *(filters.values if filters else [])])
        except duckdb.OutOfMemoryException as error:
            raise Unavailable(
                say("There is not enough memory to sort this table now. Filter it first, or download it.")
            ) from error
