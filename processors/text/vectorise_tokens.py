"""Count tokens per period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from app.plugins import Accepts, Example, Processor, Run, Source, Table

if TYPE_CHECKING:
    import polars as pl


class VectoriseTokens(Processor):
    """Count how often each token occurs, per period or thread as chosen when the text was tokenised.

    The most frequent tokens of each period come first.
    """

    type = "vectorise-tokens"
    title = "Count words"
    category = "Text analysis"
    accepts = Accepts(types=("tokenise-posts",), all_columns=("date", "tokens"))
    returns = Table(date=str, item=str, value=int)
    followups = ("vector-ranker", "wordcloud")
    examples: ClassVar = (
        Example(
            items=[
                {"item_id": "1", "date": "2026-01", "tokens": ["tea", "milk", "tea"]},
                {"item_id": "2", "date": "2026-02", "tokens": ["tea"]},
            ],
            result=[
                {"date": "2026-01", "item": "tea", "value": 2},
                {"date": "2026-01", "item": "milk", "value": 1},
                {"date": "2026-02", "item": "tea", "value": 1},
            ],
        ),
    )

    def process(self, source: Source, options: Any, run: Run) -> pl.LazyFrame:
        """One row per period and token."""
        import polars as pl

        words = source.lazy().select(pl.col("date").cast(pl.String), pl.col("tokens").alias("item")).explode("item")
        counts = words.drop_nulls("item").group_by("date", "item").agg(pl.len().cast(pl.Int64).alias("value"))
        return counts.sort("date", "value", "item", descending=[False, True, False])
