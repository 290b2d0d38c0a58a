"""Draw a random sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import Accepts, EmptyResult, Example, InvalidInput, Number, Processor, Run, SameTable, Source
from processors.filters._shared import keep_marked

if TYPE_CHECKING:
    import polars as pl


class RandomFilter(Processor):
    """Draws a random sample of rows, each as likely as any other. The rows keep their order, and the same request on
    the same dataset draws the same rows.
    """

    type: ClassVar[str] = "random-filter"
    title: ClassVar[str] = "Random sample"
    category: ClassVar[str] = "Filters"
    accepts = Accepts()
    returns = SameTable()
    followups = ("count-posts", "attribute-frequencies")
    examples = (
        Example(
            items=[{"id": "1", "body": "a"}, {"id": "2", "body": "b"}, {"id": "3", "body": "c"}],
            options={"sample_size": 1},
            result=[{"id": "3", "body": "c"}],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """How many rows to draw."""

        sample_size: int = Number("Sample size", default=10, minimum=1)

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Shuffle the numbers of the rows and keep the rows that got the lowest."""
        import polars as pl

        rows, wanted = source.rows, options.sample_size
        if not rows:
            raise EmptyResult(say("There are no rows to draw from."))
        if wanted > rows:
            raise InvalidInput(
                {
                    "sample_size": [
                        say("The dataset has only {rows:,} rows. Choose a sample of at most {rows:,}.", rows=rows)
                    ]
                }
            )
        drawn = (
            pl.int_range(rows, dtype=pl.UInt32 if rows < 2**32 else pl.UInt64, eager=True).shuffle(run.seed) < wanted
        )
        return keep_marked(source.lazy(), drawn)

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The size of the sample."""
        return f"{options.sample_size:,} at random"
