"""What the filters share: marks of rows to keep, and lists of values."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from app.plugins.columns import compact, unused_name

if TYPE_CHECKING:
    import polars as pl


def keep_marked(table: pl.LazyFrame, marks: pl.Series) -> pl.LazyFrame:
    """The rows whose mark is true, in their order. `marks` holds one yes or no, a bit each, for every row."""
    import polars as pl

    row = unused_name(table)
    is_kept = pl.col(row).map_batches(marks.gather, return_dtype=pl.Boolean, is_elementwise=True)
    return compact(table.with_row_index(row).filter(is_kept).drop(row))


def split_list(text: str) -> list[str]:
    """The values of a comma-separated list; one that holds a comma stands in double quotes. No value comes twice."""
    if not text.strip():
        return []
    values = [value.strip() for row in csv.reader(text.splitlines(), skipinitialspace=True) for value in row]
    return list(dict.fromkeys(value for value in values if value))
