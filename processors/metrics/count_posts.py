"""Count posts per period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import Accepts, Choice, Column, EmptyResult, Example, Processor, Run, Source, Table, Toggle
from app.plugins.periods import FINE, as_moment, is_unreadable, label, periods_between, start_of, step

if TYPE_CHECKING:
    import polars as pl

MOST_PERIODS = 1_000_000


class CountPosts(Processor):
    """Counts how many posts there are per year, month, week, day, hour or minute. A post without a date that can be
    read is counted under `unknown_date`.
    """

    type: ClassVar[str] = "count-posts"
    title: ClassVar[str] = "Count posts over time"
    category: ClassVar[str] = "Metrics"
    accepts = Accepts(items=True)
    returns = Table(date=str, item=str, value=int)
    followups = ("histogram",)
    examples = (
        Example(
            items=[{"timestamp": "2026-01-02"}, {"timestamp": "2026-03-05"}, {"timestamp": "2026-03-06"}],
            result=[
                {"date": "2026-01", "item": "activity", "value": 1},
                {"date": "2026-02", "item": "activity", "value": 0},
                {"date": "2026-03", "item": "activity", "value": 2},
            ],
        ),
        Example(
            items=[{"timestamp": "2026-01-02"}, {"timestamp": None}],
            options={"timeframe": "year"},
            result=[
                {"date": "2026", "item": "activity", "value": 1},
                {"date": "unknown_date", "item": "activity", "value": 1},
            ],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """What to count by."""

        column: str = Column("Column with the date", default="timestamp")
        timeframe: str = Choice("Count per", FINE, default="month")
        pad: bool = Toggle("Show periods without posts", default=True, help="They get the value 0.")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Count by the start of each period, then fill gaps and write the dates."""
        import polars as pl

        table = source.lazy()
        schema = table.collect_schema()
        start = start_of(as_moment(options.column, schema), options.timeframe)
        unreadable = is_unreadable(options.column, schema)
        counts = (
            table.select(start.alias("start"), unreadable.alias("unreadable"))
            .group_by("start")
            .agg(pl.len().cast(pl.Int64).alias("value"), pl.col("unreadable").sum())
            .collect(engine="streaming")
        )
        if counts.is_empty():
            raise EmptyResult(say("There are no posts to count."))
        unread = counts["unreadable"].sum()
        if unread:
            run.warn(
                say(
                    "{amount:,} dates in the column “{column}” could not be read.",
                    amount=unread,
                    column=options.column,
                )
            )
        counts = counts.select("start", "value")
        if options.pad and options.timeframe != "all":
            counts = _fill_gaps(counts, options.timeframe, run)
        dated = counts.sort("start", nulls_last=True).lazy()
        return dated.select(
            label(pl.col("start"), options.timeframe).alias("date"), item=pl.lit("activity"), value="value"
        )

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The period, and whether gaps are shown."""
        span = "overall" if options.timeframe == "all" else f"by {options.timeframe}"
        return f"{span} · gaps shown" if options.pad and options.timeframe != "all" else span


def _fill_gaps(counts: pl.DataFrame, timeframe: str, run: Run) -> pl.DataFrame:
    """Add the periods between the first and the last that have no posts."""
    import polars as pl

    known = counts.filter(pl.col("start").is_not_null())
    if known.is_empty():
        return counts
    first, last = known.select(first=pl.col("start").min(), last=pl.col("start").max()).row(0)
    if periods_between(first, last, timeframe) > MOST_PERIODS:
        run.warn(
            f"Periods without posts are left out: from {first:%Y-%m-%d} to {last:%Y-%m-%d} there are too many. "
            "Choose a longer period, or filter by date first."
        )
        return counts
    every = pl.datetime_range(first, last, step(timeframe), time_unit="us", time_zone="UTC", eager=True)
    gaps = every.alias("start").to_frame().join(known, on="start", how="anti")
    return pl.concat([counts, gaps.with_columns(value=pl.lit(0, dtype=pl.Int64))])
