"""Count tokens per period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from app.plugins import Accepts, Example, Processor, Run, Source, Table

if TYPE_CHECKING:
    import polars as pl

_DOCUMENTS_AT_ONCE = 500_000
"""How many documents are counted before the counts are added up: the engine keeps more of its work in memory the more
it counts in one go, and this bounds it."""


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

        rows = source.rows
        written = pl.Categorical(pl.Categories.random())
        counts = pl.DataFrame(schema={"date": written, "item": written, "value": pl.Int64})
        for start in range(0, rows, _DOCUMENTS_AT_ONCE):
            run.progress(start, rows)
            part = _counted(source.lazy().slice(start, _DOCUMENTS_AT_ONCE), written)
            counts = pl.concat([counts, part]).group_by("date", "item").agg(pl.col("value").sum())
        texts = counts.lazy().select(pl.col("date", "item").cast(pl.String), "value")
        return texts.sort("date", "value", "item", descending=[False, True, False])


def _counted(documents: pl.LazyFrame, written: pl.DataType) -> pl.DataFrame:
    """How often each token occurs in some documents; texts are numbered, which is faster and holds on to no text."""
    import polars as pl

    tokens = documents.select(pl.col("date").cast(pl.String).cast(written), pl.col("tokens").alias("item"))
    words = tokens.explode("item").drop_nulls("item").with_columns(pl.col("item").cast(written))
    counts = words.group_by("date", "item").agg(pl.len().cast(pl.Int64).alias("value"))
    return counts.collect(engine="streaming")
