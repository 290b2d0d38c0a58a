"""What is in one column of a dataset, counted: its most frequent values, or how numbers and times are spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.domain.user import User
from app.services.annotation_table import beside
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.item_filter import FileColumn, Filters, and_find, name_type
from app.services.items import file_of
from app.services.parquet_table import ParquetTable, open_table

MOST = 12
_BINS = 10
_LONGEST = 200
_UNITS = (("year", timedelta(days=3 * 366)), ("month", timedelta(days=92)), ("day", timedelta(days=3)))


@dataclass(frozen=True)
class Entry:
    """One value or stretch: how it is shown, how many rows have it, and the conditions that pick them."""

    label: str
    count: int
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Facet:
    """What is in a column: its entries, and how many more values there are than these."""

    column: str
    type: str
    entries: list[Entry]
    more: int = 0

    @property
    def most(self) -> int:
        """The largest count."""
        return max((entry.count for entry in self.entries), default=0)


def facet(ctx: Context, actor: User, key: str, column: str, *, filter: Sequence[str] = (), find: str = "") -> Facet:
    """What is in a column of a dataset the actor may see, among the rows that the filter lets through.

    :raises InvalidInput: when there is no such column, or a condition will not do
    :raises Conflict: when there is no result
    """
    dataset = get_dataset(ctx, actor, key)
    path = file_of(ctx, dataset)
    if path is None:
        return Facet(column, "text", [])
    with open_table(ctx, path, beside(ctx.database, actor, dataset)) as table:
        if column not in table.columns:
            raise InvalidInput({"facet": [say("There is no column “{column}”.", column=column)]})
        filters = and_find(table.parse(filter), find, table.texts())
        chosen = table.columns[column]
        if chosen.is_time:
            return _times(table, chosen, filters)
        spread = _numbers(table, chosen, filters) if chosen.is_number else None
        return spread or _values(table, chosen, filters)


def _values(table: ParquetTable, column: FileColumn, filters: Filters | None) -> Facet:
    value = f"coalesce(unnest(CAST({column.sql} AS VARCHAR[])), '')" if column.is_list else column.text
    rows = table.ask(f"{value} AS value, count(*)", filters, f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST}")
    distinct = len(rows)
    if distinct == MOST and not column.is_list:
        distinct = int(table.ask(f"approx_count_distinct({value})", filters)[0][0])
    entries = [
        Entry(text[:_LONGEST] or "(empty)", count, (f"{column.name}=={text}",) if len(text) <= _LONGEST else ())
        for text, count in rows
    ]
    return Facet(column.name, name_type(column.type), entries, max(distinct - len(entries), 0))


def _numbers(table: ParquetTable, column: FileColumn, filters: Filters | None) -> Facet | None:
    """Ten stretches of equal width; None when there are few values, which are then shown one by one."""
    cell = f"CASE WHEN isfinite(CAST({column.sql} AS DOUBLE)) THEN CAST({column.sql} AS DOUBLE) END"
    low, high, distinct = table.ask(f"min({cell}), max({cell}), approx_count_distinct({cell})", filters)[0]
    if low is None or low == high or distinct <= MOST:
        return None
    width = (high - low) / _BINS
    is_whole = name_type(column.type) == "integer"
    if is_whole:
        width = max(-(-(high - low + 1) // _BINS), 1)
    place = f"least(CAST(floor(({cell} - {low!r}) / {width!r}) AS INTEGER), {_BINS - 1})"
    rows = table.ask(f"{place} AS place, count(*)", filters, f"GROUP BY 1 HAVING {place} IS NOT NULL ORDER BY 1")
    entries = []
    for at, count in rows:
        start, end = low + at * width, low + (at + 1) * width
        ends = f"<={high!r}" if at == _BINS - 1 else f"<{end!r}"
        conditions = (f"{column.name}>={start!r}", f"{column.name}{ends}")
        shown = f"{int(start):,} – {int(end) - 1:,}" if is_whole else f"{start:,.4g} – {end:,.4g}"
        entries.append(Entry(f"{int(start):,}" if is_whole and width == 1 else shown, count, conditions))
    return Facet(column.name, "number", entries)


def _times(table: ParquetTable, column: FileColumn, filters: Filters | None) -> Facet:
    cell = f"CAST({column.shown} AS TIMESTAMP)"
    low, high = table.ask(f"min({cell}), max({cell})", filters)[0]
    if low is None:
        return Facet(column.name, "datetime", [])
    unit = next((name for name, least in _UNITS if high - low > least), "hour")
    rows = table.ask(f"date_trunc('{unit}', {cell}) AS start, count(*)", filters, "GROUP BY 1 ORDER BY 1 DESC LIMIT 60")
    entries = [
        Entry(
            f"{start:%Y-%m-%d %H:00}"[: {"year": 4, "month": 7, "day": 10, "hour": 16}[unit]],
            count,
            (f"{column.name}>={start:%Y-%m-%d %H:%M:%S}", f"{column.name}<{_after(start, unit):%Y-%m-%d %H:%M:%S}"),
        )
        for start, count in reversed(rows)
        if start is not None
    ]
    return Facet(column.name, "datetime", entries)


def _after(start: datetime, unit: str) -> datetime:
    """Where the year, month, day or hour ends that begins there."""
    if unit == "year":
        return start.replace(year=start.year + 1)
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + (timedelta(days=1) if unit == "day" else timedelta(hours=1))
