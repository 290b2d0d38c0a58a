"""Keep the first of equal posts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.plugins import Accepts, Choice, Columns, Example, Processor, Run, SameTable, Source, Toggle
from app.plugins.columns import as_text
from processors.filters._shared import keep_marked

if TYPE_CHECKING:
    import polars as pl


class UniqueFilter(Processor):
    """Keeps only posts that are unlike every earlier one, in the columns chosen: of posts that are equal the first
    stays. Values are compared by a 64-bit hash, so two different ones among ten million are taken for equal with a
    chance of about one in 400,000.
    """

    type: ClassVar[str] = "unique-filter"
    title: ClassVar[str] = "Unique posts"
    category: ClassVar[str] = "Filters"
    accepts = Accepts(items=True)
    returns = SameTable()
    followups = ("count-posts", "attribute-frequencies")
    examples = (
        Example(
            items=[{"author": "Ann", "body": "Hi"}, {"author": "Bo", "body": "Hi"}, {"author": "Ann", "body": "Hi"}],
            options={"columns": ["author", "body"]},
            result=[{"author": "Ann", "body": "Hi"}, {"author": "Bo", "body": "Hi"}],
        ),
        Example(
            items=[{"author": "Ann", "body": "Hi"}, {"author": "Bo", "body": "hi"}, {"author": "Cy", "body": "Yo"}],
            options={"columns": ["author", "body"], "match_multiple": "any", "fold_case": True},
            result=[{"author": "Ann", "body": "Hi"}, {"author": "Cy", "body": "Yo"}],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """What makes a post unique."""

        columns: tuple[str, ...] = Columns("Columns to compare", default=("body",))
        match_multiple: str = Choice(
            "With several columns, a post is left out when",
            {
                "all": "an earlier post has the same values in all of them",
                "any": "any of its values has occurred before",
            },
        )
        fold_case: bool = Toggle("Take upper and lower case as the same")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Mark the first row of each hash, then keep the rows marked.

        Only hashes are held in memory, eight bytes a row, never the values.
        """
        import polars as pl

        table = source.lazy()
        schema = table.collect_schema()
        texts = [as_text(column, schema) for column in options.columns]
        if options.fold_case:
            texts = [text.str.to_lowercase() for text in texts]
        keys = [text.hash().alias(f"key{number}") for number, text in enumerate(texts)]
        if options.match_multiple == "all" and len(keys) > 1:
            keys = [pl.struct(keys).hash().alias("key")]
        hashes = table.select(keys).collect(engine="streaming")
        return keep_marked(table, _firsts(hashes))

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The columns that are compared."""
        glue = " and " if options.match_multiple == "all" else " or "
        return f"by {glue.join(options.columns)}"


def _firsts(hashes: pl.DataFrame) -> pl.Series:
    """Whether each row is the first with its hash, in every column of hashes."""
    marks = hashes.to_series(0).is_first_distinct()
    for column in hashes.columns[1:]:
        marks &= hashes[column].is_first_distinct()
    return marks
