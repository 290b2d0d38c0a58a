"""One Parquet file as a table to ask: which rows, of which columns. Only what an answer needs is read from the file.

The engine skips columns that nobody asks for, and groups of rows that by their statistics cannot hold what a filter
wants. A result never changes, so the numbers of the rows that a question has found are kept for its next page.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.errors import InvalidInput, Unavailable
from app.services.context import Context
from app.services.item_filter import FileColumn, Filters, parse_filters, quoted
from app.services.item_value import plain

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
_BYTES_TO_KEEP = 64 * 1024**2
_engines: dict[int, duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()


class _Known:
    """The numbers of rows that questions have found, those asked last; at most `most` bytes of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: OrderedDict[tuple[Any, ...], Numbers] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: tuple[Any, ...]) -> Numbers | None:
        """What a question has found before, or None."""
        with self._lock:
            if question in self._found:
                self._found.move_to_end(question)
            return self._found.get(question)

    def put(self, question: tuple[Any, ...], numbers: Numbers) -> None:
        """Keep what a question has found, and let go of what has not been asked for the longest."""
        with self._lock:
            self._found[question] = numbers
            while sum(kept.nbytes for kept in self._found.values()) > self._most:
                self._found.popitem(last=False)


_known = _Known(_BYTES_TO_KEEP)


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


@contextmanager
def open_table(ctx: Context, path: Path) -> Iterator[ParquetTable]:
    """Open a Parquet file for questions while a block lasts."""
    with _engine(ctx) as engine:
        yield ParquetTable.open(engine, path)


def keep_open(ctx: Context, path: Path) -> ParquetTable:
    """Open a Parquet file for questions until it is let go."""
    return ParquetTable.open(_engine(ctx), path)


@dataclass(frozen=True)
class ParquetTable:
    """One Parquet file, open in the engine."""

    engine: duckdb.DuckDBPyConnection
    path: str
    source: str
    number: str
    columns: dict[str, FileColumn]
    rows: int

    @classmethod
    def open(cls, engine: duckdb.DuckDBPyConnection, path: Path) -> ParquetTable:
        """Read what the file says of its columns."""
        import pyarrow.parquet as pq

        engine.execute("SET TimeZone = 'UTC'")
        described = engine.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        with pq.ParquetFile(path) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
        # The engine renames columns that differ in case only, so names are matched by their place.
        found = [FileColumn(name, row[0], row[1]) for name, row in zip(names, described, strict=True)]
        source, number = "read_parquet(?, file_row_number = true)", "file_row_number"
        if number in (column.sql_name.lower() for column in found):
            number = "row number of 4cat"
            source = f"(SELECT *, row_number() OVER () - 1 AS {quoted(number)} FROM read_parquet(?))"  # noqa: S608
        return cls(engine, str(path), source, quoted(number), {column.name: column for column in found}, rows)

    def choose(self, names: Sequence[str] | None) -> list[FileColumn]:
        """The columns of these names, or all. :raises InvalidInput: naming those that there are not"""
        unknown = [name for name in names or () if name not in self.columns]
        if unknown:
            raise InvalidInput({"columns": [self._unknown(name) for name in unknown]})
        return [self.columns[name] for name in dict.fromkeys(names or self.columns)]

    def _unknown(self, name: str) -> str:
        return f"There is no column “{name}”. The columns are: {', '.join(self.columns)}."

    def parse(self, conditions: Sequence[str]) -> Filters | None:
        """Conditions on rows as a filter. :raises InvalidInput: quoting the one that will not do, and why"""
        return parse_filters(conditions, self.columns, self._check_pattern)

    def find(self, filters: Filters | None, ordering: str | None, offset: int, limit: int) -> tuple[list[int], int]:
        """The numbers of the rows on one page, and how many rows there are on all pages."""
        if not filters and not ordering:
            return list(range(offset, min(offset + limit, self.rows))), self.rows
        question = (self.path, filters and (filters.sql, tuple(filters.values)), ordering)
        numbers = _known.get(question)
        if numbers is None and self.rows <= _ROWS_TO_KEEP and (filters or offset + limit > _FIRST_ROWS):
            numbers = self._all(filters, ordering)
            _known.put(question, numbers)
        if numbers is not None:
            return numbers[offset : offset + limit].tolist(), len(numbers)
        found = self._run(f"{self._select(filters, ordering)} LIMIT {int(limit)} OFFSET {int(offset)}", filters)
        return [row[0] for row in found], self.count(filters) if filters else self.rows

    def count(self, filters: Filters) -> int:
        """How many rows a filter lets through."""
        sql = f"SELECT count(*) FROM {self.source} WHERE {filters.sql}"  # noqa: S608
        return int(self._run(sql, filters)[0][0])

    def matching(self, filters: Filters, start: int, end: int) -> Numbers:
        """The numbers of the rows from `start` up to `end` (exclusive) that a filter lets through, in order."""
        inside = f"{self.number} BETWEEN {int(start)} AND {int(end) - 1} AND ({filters.sql})"
        return self._all(Filters(inside, filters.values), None)

    def _all(self, filters: Filters | None, ordering: str | None) -> Numbers:
        import numpy as np

        found = self._execute(self._select(filters, ordering), filters).fetchnumpy()
        return np.asarray(next(iter(found.values())), dtype=np.uint32)

    def _select(self, filters: Filters | None, ordering: str | None) -> str:
        where = f"WHERE {filters.sql}" if filters else ""
        order = f"{ordering}, {self.number}" if ordering else self.number
        return f"SELECT CAST({self.number} AS UINTEGER) FROM {self.source} {where} ORDER BY {order}"  # noqa: S608

    def fetch(self, chosen: Sequence[FileColumn], numbers: Sequence[int]) -> list[dict[str, Any]]:
        """These columns of the rows with these numbers, in this order."""
        if not numbers:
            return []
        inside = f"{self.number} BETWEEN {numbers[0]} AND {numbers[-1]}"
        if list(numbers) != list(range(numbers[0], numbers[0] + len(numbers))):
            inside = f"{self.number} IN ({', '.join(str(int(number)) for number in numbers)})"
        shown = ", ".join(column.shown for column in chosen)
        found = self._run(f"SELECT {self.number}, {shown} FROM {self.source} WHERE {inside}")  # noqa: S608
        by_number = {row[0]: row[1:] for row in found}
        names = [column.name for column in chosen]
        return [dict(zip(names, map(plain, by_number[number]), strict=True)) for number in numbers]

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
                "There is not enough memory to sort this table now. Filter it first, or download it."
            ) from error
