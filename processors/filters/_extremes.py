"""Find the rows with the highest or lowest values of a column, in little memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.plugins.columns import as_number, as_text, compact, is_blank, unused_name
from app.plugins.periods import as_moment, is_unreadable

if TYPE_CHECKING:
    import polars as pl


def comparable(table: pl.LazyFrame, column: str, schema: pl.Schema) -> pl.Expr:
    """A column in the form in which its values are ranked, null where a cell is empty.

    As numbers when every value is one, else as dates when every value is one, else as text.
    """
    import polars as pl

    dtype = schema[column]
    if dtype.is_integer() or dtype.is_temporal():
        return pl.col(column)
    blank, number = is_blank(column, schema), as_number(column, schema)
    if dtype.is_float() or dtype == pl.Boolean or _holds(table, (number.is_not_null() | blank).all()):
        return number
    if _holds(table, ~is_unreadable(column, schema).any()):
        return as_moment(column, schema)
    return pl.when(~blank).then(as_text(column, schema).str.strip_chars())


def _holds(table: pl.LazyFrame, condition: pl.Expr) -> bool:
    return bool(table.select(condition).collect(engine="streaming").item())


@dataclass(frozen=True)
class Extremes:
    """The `count` highest values of a column, or the lowest."""

    count: int
    lowest: bool

    def by_value(self, table: pl.LazyFrame, key: pl.Expr) -> pl.LazyFrame:
        """All rows whose value is among the highest `count` different values."""
        limit = self._limit(table, key)
        if limit is None:
            return table.clear()
        return table.filter(key <= limit if self.lowest else key >= limit)

    def by_row(self, table: pl.LazyFrame, key: pl.Expr) -> tuple[pl.LazyFrame, bool]:
        """The `count` rows with the highest values, the earlier ones where values are equal.

        Also says whether rows with the last value had to be left out.
        """
        import polars as pl

        values = table.select(key.alias("key")).filter(pl.col("key").is_not_null())
        best = values.bottom_k(self.count, by="key") if self.lowest else values.top_k(self.count, by="key")
        found = best.collect(engine="streaming")["key"]
        if found.is_empty():
            return table.clear(), False
        limit: Any = found.max() if self.lowest else found.min()
        wanted = int((found == limit).sum())
        row = unused_name(table)
        numbered = table.with_row_index(row)
        ties = numbered.filter(key == limit).select(row).head(wanted + 1).collect(engine="streaming")[row]
        better = key < limit if self.lowest else key > limit
        kept = numbered.filter(better | ((key == limit) & (pl.col(row) <= ties[wanted - 1])))
        return compact(kept.drop(row)), len(ties) > wanted

    def _limit(self, table: pl.LazyFrame, key: pl.Expr) -> Any:
        """The last of the highest values, going through the column with no more than `count` of them in memory."""
        import polars as pl

        values = table.select(key.alias("key")).filter(pl.col("key").is_not_null())
        best = values.clear().collect()
        for batch in values.collect_batches(maintain_order=False, engine="streaming"):
            merged = pl.concat([best, batch]).unique()
            best = merged.bottom_k(self.count, by="key") if self.lowest else merged.top_k(self.count, by="key")
        if best.is_empty():
            return None
        return best["key"].max() if self.lowest else best["key"].min()
