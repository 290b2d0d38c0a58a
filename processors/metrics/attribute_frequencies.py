"""Count how often values occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import (
    Accepts,
    Choice,
    Column,
    Columns,
    Example,
    InvalidInput,
    Number,
    Processor,
    Run,
    Source,
    Table,
    Text,
    Toggle,
)
from app.plugins.extract import check_pattern
from app.plugins.periods import COARSE, as_moment, label, start_of
from processors.metrics._shared import EXTRACTS, cells_of, weight_of
from processors.metrics._tally import SAMPLE, Tally, in_order, passes_for

if TYPE_CHECKING:
    import polars as pl


class AttributeFrequencies(Processor):
    """Counts how often each value occurs in one or more columns, overall or per period, and ranks them. Instead of
    whole values it can count the links, host names, hashtags or emoji in them.
    """

    type: ClassVar[str] = "attribute-frequencies"
    title: ClassVar[str] = "Count values"
    category: ClassVar[str] = "Metrics"
    accepts = Accepts()
    returns = Table(date=str, item=str, value=float)
    followups = ("histogram", "wordcloud")
    references = (
        "Emoji: Unicode Technical Standard #51, https://www.unicode.org/reports/tr51/",
        "Registered domains: Public Suffix List, https://publicsuffix.org/",
    )
    examples = (
        Example(
            items=[{"tags": "Cat, dog"}, {"tags": "cat"}, {"tags": ""}],
            options={"columns": ["tags"]},
            result=[
                {"date": "all", "item": "cat", "value": 2},
                {"date": "all", "item": "(missing)", "value": 1},
                {"date": "all", "item": "dog", "value": 1},
            ],
        ),
        Example(
            items=[
                {"timestamp": "2026-01-02", "body": "https://news.bbc.co.uk/1 and http://BBC.co.uk."},
                {"timestamp": "2026-02-01", "body": "no link"},
            ],
            options={"extract": "level2-hostnames", "timeframe": "month"},
            result=[{"date": "2026-01", "item": "bbc.co.uk", "value": 2}],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """What to count, and how to rank it."""

        columns: tuple[str, ...] = Columns("Columns to count", default=("body",))
        extract: str = Choice("Count", EXTRACTS, default="none")
        split_comma: bool = Toggle(
            "Split values at commas", default=True, help="“cat, dog” counts for both.", requires={"extract": "none"}
        )
        timeframe: str = Choice("Count per", COARSE, default="all")
        top: int = Number("How many to show", default=25, minimum=0, help="0 shows all.")
        top_style: str = Choice(
            "Show the most frequent",
            {"per-item": "of each period", "overall": "of all periods together, in every period"},
            help="Only matters when counting per period.",
        )
        filter: str = Text("Only values that match", help="A regular expression. It sees values as they are shown.")
        negate_filter: bool = Toggle("Leave out values that match instead")
        weigh: str = Column(
            "Weigh by", required=False, help="Add up the numbers in this column instead of counting each value as 1."
        )
        to_lowercase: bool = Toggle("Count upper and lower case as the same", default=True)
        count_missing: bool = Toggle(
            "Count empty cells", default=True, help="They appear as “(missing)”.", requires={"extract": "none"}
        )

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Count values per period and keep the most frequent."""
        import polars as pl

        check_pattern(options.filter, "filter")
        table = source.lazy()
        schema = table.collect_schema()
        dated = options.timeframe != "all"
        if dated and "timestamp" not in schema:
            raise InvalidInput(
                {"timeframe": [say("This dataset has no dates (no column “timestamp”). Choose Overall.")]}
            )
        given = [weight_of(table, options.weigh, schema, run).alias("value")]
        if dated:
            given.append(start_of(as_moment("timestamp", schema), options.timeframe).alias("start"))
        cells = cells_of(table, options, given)
        passes = passes_for(cells_of(table.head(SAMPLE), options, given), source.rows) if options.top else 1
        counts = _ranked(Tally(cells, dated, passes), options.top, options.top_style)
        date = label(pl.col("start"), options.timeframe) if dated else pl.lit("all")
        return counts.select(date.alias("date"), "item", "value")

    @classmethod
    def summarise(cls, options: Any) -> str:
        """What is counted where, per what, and how many are shown."""
        what = ", ".join(options.columns)
        if options.extract != "none":
            what = f"{EXTRACTS[options.extract].lower()} in {what}"
        span = "overall" if options.timeframe == "all" else f"by {options.timeframe}"
        return f"{what} · {span} · {f'top {options.top}' if options.top else 'all'}"


def _ranked(tally: Tally, top: int, style: str) -> pl.LazyFrame:
    """The `top` highest of each period, or the `top` highest of all in each period; 0 is all of them."""
    import polars as pl

    if not top:
        return in_order(tally.all())
    if tally.dated and style == "per-item":
        return tally.top_of_each(top)
    best = tally.top_overall(top)
    if not tally.dated:
        return in_order(best.lazy())
    chosen = tally.cells.filter(pl.col("item").is_in(best["item"].implode()))
    return in_order(Tally(chosen, dated=True).all())
