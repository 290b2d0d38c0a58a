"""Keep the most frequent tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from app.plugins import Accepts, Choice, Example, Number, Processor, Run, Source, Table

if TYPE_CHECKING:
    import polars as pl

_COUNTS = [
    {"date": "2026-01", "item": "tea", "value": 5},
    {"date": "2026-01", "item": "milk", "value": 3},
    {"date": "2026-02", "item": "milk", "value": 4},
    {"date": "2026-02", "item": "tea", "value": 1},
]


class VectorRanker(Processor):
    """Keep the most frequent tokens of each period, or follow the most frequent ones of all periods through time.

    Of tokens that occur equally often, the first in the alphabet is kept.
    """

    type = "vector-ranker"
    title = "Top words"
    category = "Metrics"
    accepts = Accepts(types=("vectorise-tokens",), all_columns=("date", "item", "value"))
    returns = Table(date=str, item=str, value=int)
    followups = ("wordcloud",)
    examples: ClassVar = (
        Example(
            items=_COUNTS,
            options={"top": 1},
            result=[
                {"date": "2026-01", "item": "tea", "value": 5},
                {"date": "2026-02", "item": "milk", "value": 4},
            ],
        ),
        Example(
            items=_COUNTS,
            options={"top": 1, "top_style": "overall"},
            result=[
                {"date": "2026-01", "item": "milk", "value": 3},
                {"date": "2026-02", "item": "milk", "value": 4},
            ],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """How many to keep, and of what."""

        top: int = Number("How many to keep", 25, minimum=0, help="0 keeps all.")
        top_style: str = Choice(
            "The most frequent of", {"per-item": "Each period by itself", "overall": "All periods together"}
        )

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """The rows kept, most frequent first within each period."""
        import polars as pl

        counts = source.lazy().select(
            pl.col("date").cast(pl.String), pl.col("item").cast(pl.String), pl.col("value").cast(pl.Int64)
        )
        if options.top and options.top_style == "overall":
            totals = counts.group_by("item").agg(pl.col("value").sum())
            best = totals.sort("value", "item", descending=[True, False]).head(options.top)
            counts = counts.join(best.select("item"), on="item", how="semi")
        elif options.top:
            lowest = pl.col("value").top_k(options.top).min()
            bars = counts.group_by("date").agg(lowest.alias("lowest"))
            counts = counts.join(bars, on="date").filter(pl.col("value") >= pl.col("lowest")).drop("lowest")
        ranked = counts.sort("date", "value", "item", descending=[False, True, False])
        if options.top and options.top_style == "per-item":
            ranked = ranked.filter(pl.int_range(pl.len()).over("date") < options.top)
        return ranked

    @classmethod
    def summarise(cls, options: Options) -> str:
        """How many, and of what."""
        how_many = f"top {options.top}" if options.top else "all"
        return f"{how_many} {'overall' if options.top_style == 'overall' else 'per period'}"
