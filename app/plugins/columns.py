"""Read any column as text or as numbers, the same way in every analysis.

Columns of an upload are text, whatever is written in them; results of other analyses have types of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def as_text(column: str, schema: pl.Schema) -> pl.Expr:
    """A column as text; a missing value is empty text, a date is written `2026-01-31 23:59:59`."""
    import polars as pl

    values, dtype = pl.col(column), schema[column]
    if isinstance(dtype, pl.Datetime):
        values = values.dt.strftime("%Y-%m-%d %H:%M:%S")
    elif isinstance(dtype, pl.List):
        values = values.cast(pl.List(pl.String), strict=False).list.join(",", ignore_nulls=True)
    elif isinstance(dtype, pl.Struct):
        values = pl.when(values.is_not_null()).then(values.struct.json_encode())
    elif dtype != pl.String:
        values = values.cast(pl.String, strict=False)
    return values.fill_null("")


def as_number(column: str, schema: pl.Schema) -> pl.Expr:
    """A column as numbers; null where it holds none. Text is read as `12`, `-1.5` or `2e6`."""
    import polars as pl

    values, dtype = pl.col(column), schema[column]
    if dtype == pl.String:
        values = values.str.strip_chars()
    elif not (dtype.is_numeric() or dtype == pl.Boolean):
        return pl.when(values.is_null()).then(None).otherwise(None).cast(pl.Float64)
    number = values.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def is_blank(column: str, schema: pl.Schema) -> pl.Expr:
    """Whether a cell is empty: missing, or nothing but white space."""
    import polars as pl

    if schema[column] == pl.String:
        return pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")
    return pl.col(column).is_null()


def unused_name(table: pl.LazyFrame) -> str:
    """A name for a column that the table does not have."""
    taken, name = set(table.collect_schema()), "__row"
    while name in taken:
        name += "_"
    return name


def compact(table: pl.LazyFrame) -> pl.LazyFrame:
    """Copy the texts of a filtered table.

    The engine's filter leaves texts where they were read, so that a few rows of each part of a large file hold all of
    its text in memory until they are written. Only a condition that runs while the file is read does without.
    """
    import polars as pl

    texts = [name for name, dtype in table.collect_schema().items() if dtype == pl.String]
    return table.with_columns(pl.col(texts) + pl.lit("")) if texts else table
