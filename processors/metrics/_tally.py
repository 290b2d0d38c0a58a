"""Add up items and find the highest sums, in bounded memory whatever the number of different items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SAMPLE = 10_000
"""How many rows are looked at to estimate how much text there is to count."""

_TEXT_AT_ONCE = 300_000_000
"""Bytes of different items that one pass may hold."""


def passes_for(sample: pl.LazyFrame, rows: int) -> int:
    """In how many passes the items of a table must be counted, judged by those of its first `SAMPLE` rows."""
    import polars as pl

    held = sample.select(pl.col("item").str.len_bytes().sum()).collect(engine="streaming").item() or 0
    return 1 + int(held * rows / min(SAMPLE, max(rows, 1)) // _TEXT_AT_ONCE)


def in_order(counts: pl.LazyFrame) -> pl.LazyFrame:
    """By period, the highest first; equal ones by name, so that the order is always the same."""
    names = ["start", "value", "item"] if "start" in counts.collect_schema() else ["value", "item"]
    return counts.sort(names, descending=[name == "value" for name in names], nulls_last=True)


@dataclass(frozen=True)
class Tally:
    """Items to add up: `cells` has `item`, `value`, and `start` when `dated`.

    Each of several passes counts the items that share a remainder of their hash, and only the best of them are kept.
    """

    cells: pl.LazyFrame
    dated: bool
    passes: int = 1

    def all(self) -> pl.LazyFrame:
        """The sum of every item, in no order."""
        return _summed(self.cells, ["start", "item"] if self.dated else ["item"])

    def top_overall(self, top: int) -> pl.DataFrame:
        """The `top` items with the highest sums, periods put together."""
        import polars as pl

        parts = [_highest(_summed(part, ["item"]), top).collect(engine="streaming") for part in self._parts()]
        return _highest(pl.concat(parts).lazy(), top).collect()

    def top_of_each(self, top: int) -> pl.LazyFrame:
        """The `top` items with the highest sums in each period."""
        import polars as pl

        best = self.all().clear().collect()
        for part in self._parts():
            sums = _summed(part, ["start", "item"])
            for batch in sums.collect_batches(maintain_order=False, engine="streaming"):
                both = in_order(pl.concat([best, batch]).lazy())
                best = both.group_by("start", maintain_order=True).head(top).collect()
        return in_order(best.lazy())

    def _parts(self) -> Iterator[pl.LazyFrame]:
        import polars as pl

        if self.passes == 1:
            yield self.cells
            return
        for number in range(self.passes):
            yield self.cells.filter(pl.col("item").hash() % self.passes == number)


def _highest(sums: pl.LazyFrame, top: int) -> pl.LazyFrame:
    return sums.top_k(top, by=["value", "item"], reverse=[False, True])


def _summed(cells: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """Add up the values of each item. Sums of fractions differ in their last digits with the order of adding, which is
    not the same in every run: those are cut off.
    """
    import polars as pl

    is_fraction = cells.collect_schema()["value"].is_float()
    total = pl.col("value").sum()
    return cells.group_by(keys).agg(total.round(6) if is_fraction else total)
