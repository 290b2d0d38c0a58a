"""Pages of rows: read straight from a result's Parquet file, sorted and filtered there, at bounded memory."""

from __future__ import annotations

import math
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import Conflict, InvalidInput, NotCompatible, Unavailable
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.item_filter import FileColumn, Filters, name_type, order_by, parse_filters, quoted

if TYPE_CHECKING:
    import duckdb

MAX_LIMIT = 1000
_ENGINE = {"threads": 2, "memory_limit": "512MB"}
_CLOSED = {
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "python_enable_replacements": False,
}
_ROLES = {Kind.TABLE: ("table",), Kind.GRAPH: ("nodes", "edges")}
_engines: dict[int, duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class ItemPage:
    """Some rows of a table. `types` names each column's type; `total` counts all rows that the filter lets through."""

    columns: list[str]
    types: dict[str, str]
    rows: list[dict[str, Any]]
    total: int
    offset: int = 0
    limit: int = 50


def page(
    ctx: Context,
    actor: User,
    key: str,
    *,
    offset: int = 0,
    limit: int = 50,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    filter: str | Sequence[str] | None = None,
    role: str | None = None,
) -> ItemPage:
    """Rows of a dataset the actor may see, in the file's order unless `sort` names a column (`-likes` for descending).

    `filter` is a condition such as `likes>10`, or several that must all hold. `role` picks `nodes` or `edges` of a
    network, or `quarantine`, the records of a capture that could not be read.

    :raises InvalidInput: naming the parameter and the column that will not do
    :raises Conflict: when the dataset has no result (yet)
    """
    wrong: dict[str, list[str]] = {}
    if offset < 0:
        wrong["offset"] = ["Give a number of 0 or more."]
    if not 1 <= limit <= MAX_LIMIT:
        wrong["limit"] = [f"Give a number from 1 to {MAX_LIMIT}."]
    if wrong:
        raise InvalidInput(wrong)
    dataset = get_dataset(ctx, actor, key)
    path = _file_of(ctx, dataset, role)
    if path is None:
        return ItemPage(list(dataset.columns), {}, [], 0, offset, limit)
    with _connection(ctx) as engine:
        table = _Table.open(engine, path)
        chosen = table.choose(columns)
        filters = parse_filters(
            [filter] if isinstance(filter, str) else filter or [], table.columns, table.check_pattern
        )
        ordering = order_by(sort, table.columns) if sort else None
        total = table.count(filters) if filters else table.rows
        numbers = table.row_numbers(filters, ordering, offset, limit)
        rows = table.fetch(chosen, numbers)
    names = [column.name for column in chosen]
    return ItemPage(names, {column.name: name_type(column.type) for column in chosen}, rows, total, offset, limit)


def quarantined(ctx: Context, actor: User, key: str, *, offset: int = 0, limit: int = 50) -> ItemPage:
    """The records of a capture that could not be read: position, reason, record."""
    dataset = get_dataset(ctx, actor, key)
    if dataset.result is None or "quarantine" not in dataset.result.files:
        return ItemPage(["position", "reason", "record"], {}, [], 0, offset, limit)
    return page(ctx, actor, key, offset=offset, limit=limit, role="quarantine")


def require_result(dataset: Dataset) -> None:
    """Make sure that there is a result to show. :raises Conflict: when not, with the reason"""
    if dataset.status is Status.EMPTY:
        raise Conflict(f"“{dataset.label}” is empty. {dataset.message}".strip())
    if not dataset.status.is_ended:
        raise Conflict(f"“{dataset.label}” has not finished yet. Try again when it has.")
    if dataset.result is None:
        raise Conflict(f"“{dataset.label}” has no result: it {_WENT[dataset.status]}. {dataset.message}".strip())


_WENT = {Status.FAILED: "failed", Status.CANCELLED: "was cancelled", Status.FINISHED: "lost its file"}


def _file_of(ctx: Context, dataset: Dataset, role: str | None) -> Path | None:
    """The Parquet file to page through; None for a dataset that ended empty."""
    if role != "quarantine":
        if dataset.status is Status.EMPTY and dataset.result is None:
            return None
        require_result(dataset)
    if dataset.result is None:
        raise Conflict(f"“{dataset.label}” has no result.")
    roles = (*_ROLES.get(dataset.result.kind, ()), "quarantine")
    if len(roles) == 1 and role is None:
        raise NotCompatible(f"“{dataset.label}” has no rows to page through: it is a {dataset.result.kind}.")
    wanted = role or roles[0]
    if wanted not in roles or wanted not in dataset.result.files:
        there = ", ".join(name for name in roles if name in dataset.result.files) or "none"
        raise InvalidInput({"part": [f"This dataset has no part “{wanted}”. Choose from: {there}."]})
    return ctx.files.local(dataset.result.files[wanted])


def _connection(ctx: Context) -> Any:
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


@dataclass(frozen=True)
class _Table:
    """One Parquet file, open in the engine."""

    engine: duckdb.DuckDBPyConnection
    path: str
    source: str
    number: str
    columns: dict[str, FileColumn]
    rows: int

    @classmethod
    def open(cls, engine: duckdb.DuckDBPyConnection, path: Path) -> _Table:
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
        unknown = [name for name in names or () if name not in self.columns]
        if unknown:
            raise InvalidInput({"columns": [self._unknown(name) for name in unknown]})
        return [self.columns[name] for name in dict.fromkeys(names or self.columns)]

    def _unknown(self, name: str) -> str:
        return f"There is no column “{name}”. The columns are: {', '.join(self.columns)}."

    def count(self, filters: Filters) -> int:
        found = self._run(f"SELECT count(*) FROM {self.source} WHERE {filters.sql}", filters.values)  # noqa: S608
        return int(found[0][0])

    def row_numbers(self, filters: Filters | None, ordering: str | None, offset: int, limit: int) -> list[int]:
        if not filters and not ordering:
            return list(range(offset, min(offset + limit, self.rows)))
        where = f"WHERE {filters.sql}" if filters else ""
        order = f"ORDER BY {ordering}, {self.number}" if ordering else f"ORDER BY {self.number}"
        sql = f"SELECT {self.number} FROM {self.source} {where} {order} LIMIT {int(limit)} OFFSET {int(offset)}"  # noqa: S608
        return [row[0] for row in self._run(sql, filters.values if filters else [])]

    def fetch(self, chosen: list[FileColumn], numbers: list[int]) -> list[dict[str, Any]]:
        if not numbers:
            return []
        inside = f"{self.number} BETWEEN {numbers[0]} AND {numbers[-1]}"
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            inside = f"{self.number} IN ({', '.join(str(int(number)) for number in numbers)})"
        shown = ", ".join(column.shown for column in chosen)
        found = self._run(f"SELECT {self.number}, {shown} FROM {self.source} WHERE {inside}", [])  # noqa: S608
        by_number = {row[0]: row[1:] for row in found}
        names = [column.name for column in chosen]
        return [dict(zip(names, map(plain, by_number[number]), strict=True)) for number in numbers]

    def check_pattern(self, pattern: str) -> str | None:
        """What is wrong with a regular expression, or None."""
        import duckdb

        try:
            self.engine.execute("SELECT regexp_matches('', ?, 'i')", [pattern]).fetchall()
        except duckdb.Error as error:
            return str(error).split(":", 1)[-1].strip()
        return None

    def _run(self, sql: str, values: Sequence[Any]) -> list[Any]:
        import duckdb

        try:
            return list(self.engine.execute(sql, [self.path, *values]).fetchall())
        except duckdb.OutOfMemoryException as error:
            raise Unavailable(
                "There is not enough memory to sort this table now. Filter it first, or download it."
            ) from error


def plain(value: Any) -> Any:
    """A value as JSON can hold it: moments in ISO 8601 (UTC), no infinite numbers."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return next((write(value) for kinds, write in _WRITERS if isinstance(value, kinds)), str(value))


def _moment(value: datetime) -> str:
    moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{moment.isoformat()}Z"


_WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((str, bool, int, NoneType), lambda value: value),
    (float, lambda value: value if math.isfinite(value) else None),
    (datetime, _moment),
    ((date, clock), lambda value: value.isoformat()),
    (Decimal, float),
    (bytes, lambda value: value.decode(errors="replace")),
)
