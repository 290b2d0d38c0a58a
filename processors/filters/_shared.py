"""What the filters share: marks of rows to keep, and lists of values."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def keep_marked(table: pl.LazyFrame, marks: pl.Series) -> pl.LazyFrame:
    """The rows whose mark is true, in their order. `marks` holds one yes or no, a bit each, for every row."""
    import polars as pl

    mark = "__keep"
    while mark in table.collect_schema():
        mark += "_"
    marked = pl.concat([table, marks.alias(mark).to_frame().lazy()], how="horizontal")
    return marked.filter(pl.col(mark)).drop(mark)


def split_list(text: str) -> list[str]:
    """The values of a comma-separated list; one that holds a comma stands in double quotes. No value comes twice."""
    if not text.strip():
        return []
    values = [value.strip() for row in csv.reader(text.splitlines(), skipinitialspace=True) for value in row]
    return list(dict.fromkeys(value for value in values if value))
