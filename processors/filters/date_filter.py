"""Keep the posts of a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from app.domain.texts import say
from app.plugins import Accepts, Column, DateRange, Example, Period, Processor, Run, SameTable, Source
from app.plugins.columns import is_blank
from app.plugins.periods import as_moment

if TYPE_CHECKING:
    import polars as pl


class DateFilter(Processor):
    """Keeps the posts of a period: from a date on, up to a date, or between the two. Posts without a date that can be
    read are left out.
    """

    type: ClassVar[str] = "date-filter"
    title: ClassVar[str] = "Filter by date"
    category: ClassVar[str] = "Filters"
    accepts = Accepts(items=True)
    returns = SameTable()
    followups = ("count-posts", "attribute-frequencies")
    examples = (
        Example(
            items=[{"id": "1", "posted": "2026-01-31"}, {"id": "2", "posted": "2026-02-01T00:00:00Z"}, {"id": "3"}],
            options={"column": "posted", "daterange": {"after": "2026-02-01"}},
            result=[{"id": "2", "posted": "2026-02-01T00:00:00Z"}],
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """Which period to keep."""

        daterange: Period = DateRange(
            "Period",
            required=True,
            help="From the first moment on, up to but without the second. One of the two may stay empty.",
        )
        column: str = Column("Column with the date", default="timestamp")

    def process(self, source: Source, options: Options, run: Run) -> pl.LazyFrame:
        """Compare each date with the ends that are given."""
        import polars as pl

        table = source.lazy()
        schema = table.collect_schema()
        moment = as_moment(options.column, schema)
        blank = is_blank(options.column, schema)
        undated = table.select(blank=blank.sum(), unread=(moment.is_null() & ~blank).sum())
        blanks, unread = undated.collect(engine="streaming").row(0)
        if blanks:
            run.warn(
                say(
                    "{amount:,} rows have no date in the column “{column}” and are left out.",
                    amount=blanks,
                    column=options.column,
                )
            )
        if unread:
            run.warn(
                say(
                    "{amount:,} dates in the column “{column}” could not be read; these rows are left out.",
                    amount=unread,
                    column=options.column,
                )
            )
        kept = pl.lit(True)
        if options.daterange.after is not None:
            kept &= moment >= options.daterange.after
        if options.daterange.before is not None:
            kept &= moment < options.daterange.before
        return table.filter(kept)

    @classmethod
    def summarise(cls, options: Any) -> str:
        """The two ends."""
        after, before = options.daterange.after, options.daterange.before
        ends = [f"from {after:%Y-%m-%d %H:%M}"] if after else []
        ends += [f"before {before:%Y-%m-%d %H:%M}"] if before else []
        return " ".join(ends).replace(" 00:00", "")
