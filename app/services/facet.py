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
_MOST_TIMES = 100
_NAMES_OF_ITEMS = ("id", "thread_id")
"""Columns that tell items apart: they may look like numbers, which then say nothing."""
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
    is_spread: bool = False
    """Whether the entries are stretches one after the other, the empty ones among them, and not values."""

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
        spread = _numbers(table, chosen, filters) if _holds_numbers(table, chosen) else None
        return spread or _values(table, chosen, filters)


def _values(table: ParquetTable, column: FileColumn, filters: Filters | None) -> Facet:
    value = f"coalesce(unnest(CAST({column.sql} AS VARCHAR[])), '')" if column.is_list else column.text
    rows = table.ask(f"{value} AS value, count(*)", filters, f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST}")
    distinct = len(rows)
    if distinct == MOST and not column.is_list:
        distinct = int(table.ask(f"approx_count_distinct({value})", filters)[0][0])
    entries = [
        Entry(text[:_LONGEST] or say("(empty)"), count, (f"{column.name}=={text}",) if len(text) <= _LONGEST else ())
        for text, count in rows
    ]
    return Facet(column.name, name_type(column.type), entries, max(distinct - len(entries), 0))


def _numbers(table: ParquetTable, column: FileColumn, filters: Filters | None) -> Facet | None:
    """Ten stretches of equal width; None when there are few values, which are then shown one by one."""
    number = f"TRY_CAST({column.sql} AS DOUBLE)"
    cell = f"CASE WHEN isfinite({number}) THEN {number} END"
    low, high, distinct = table.ask(f"min({cell}), max({cell}), approx_count_distinct({cell})", filters)[0]
    if low is None or low == high or distinct <= MOST:
        return None
    width = (high - low) / _BINS
    is_whole = table.ask(f"count(*) FILTER ({cell} <> floor({cell}))", None)[0][0] == 0
    if is_whole:
        width = max(-(-(high - low + 1) // _BINS), 1)
    place = f"least(CAST(floor(({cell} - {low!r}) / {width!r}) AS INTEGER), {_BINS - 1})"
    counted = dict(table.ask(f"{place} AS place, count(*)", filters, f"GROUP BY 1 HAVING {place} IS NOT NULL"))
    entries = []
    for at in range(max(counted) + 1):
        start, end = low + at * width, low + (at + 1) * width
        ends = f"<={high!r}" if at == _BINS - 1 else f"<{end!r}"
        conditions = (f"{column.name}>={start!r}", f"{column.name}{ends}")
        shown = f"{int(start):,} – {int(end) - 1:,}" if is_whole else f"{start:,.4g} – {end:,.4g}"
        label = f"{int(start):,}" if is_whole and width == 1 else shown
        entries.append(Entry(label, counted.get(at, 0), conditions))
    return Facet(column.name, "number", entries, is_spread=True)


def _holds_numbers(table: ParquetTable, column: FileColumn) -> bool:
    """Whether a column has numbers, or text that is nothing but numbers, as what comes from a CSV file is."""
    if column.is_number or column.is_list or column.name in _NAMES_OF_ITEMS:
        return column.is_number
    text = column.text
    given, numbers = table.ask(f"count(*) FILTER ({text} <> ''), count(TRY_CAST({column.sql} AS DOUBLE))", None)[0]
    return 0 < int(given) == int(numbers)


def _times(table: ParquetTable, column: FileColumn, filters: Filters | None) -> Facet:
    cell = f"CAST({column.shown} AS TIMESTAMP)"
    low, high = table.ask(f"min({cell}), max({cell})", filters)[0]
    if low is None:
        return Facet(column.name, "datetime", [])
    unit = next((name for name, least in _UNITS if high - low > least), "hour")
    counted = dict(table.ask(f"date_trunc('{unit}', {cell}) AS start, count(*)", filters, "GROUP BY 1"))
    counted.pop(None, None)
    entries: list[Entry] = []
    start = max(counted)
    while start >= min(counted) and len(entries) < _MOST_TIMES:
        label = f"{start:%Y-%m-%d %H:00}"[: {"year": 4, "month": 7, "day": 10, "hour": 16}[unit]]
        after = _after(start, unit)
        conditions = (f"{column.name}>={start:%Y-%m-%d %H:%M:%S}", f"{column.name}<{after:%Y-%m-%d %H:%M:%S}")
        entries.insert(0, Entry(label, counted.get(start, 0), conditions))
        start = _before(start, unit)
    return Facet(column.name, "datetime", entries, is_spread=True)


def _after(start: datetime, unit: str) -> datetime:
    """Where the year, month, day or hour ends that begins there."""
    if unit == "year":
        return start.replace(year=start.year + 1)
    if unit == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + (timedelta(days=1) if unit == "day" else timedelta(hours=1))


def _before(start: datetime, unit: str) -> datetime:
    """Where the one before it begins."""
    if unit == "year":
        return start.replace(year=start.year - 1)
    if unit == "month":
        return (start - timedelta(days=1)).replace(day=1)
    return start - (timedelta(days=1) if unit == "day" else timedelta(hours=1))
