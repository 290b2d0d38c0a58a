"""Draw counts over time as bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, ClassVar

from app.domain.texts import say
from app.plugins import Accepts, Chart, EmptyResult, Example, InvalidInput, Processor, Run, Source, Text
from app.plugins.columns import as_number
from app.plugins.periods import UNKNOWN
from processors.visual._dates import every_period, following, labelled, start_of, timeframe_of, written

MOST_BARS = 10_000
_LABELS = 12
_WRITTEN = {
    "year": "%Y",
    "month": "%b %Y",
    "week": "%G-W%V",
    "day": "%-d %b %Y",
    "hour": "%-d %b, %H:00",
    "minute": "%-d %b, %H:%M",
}
"""How periods are labelled, in the notation of d3-time-format."""


def _specification(values: list[dict[str, Any]], timeframe: str, title: str) -> dict[str, Any]:
    """The bars as a Vega-Lite specification; a few have space between them, many stand close, and some are labelled."""
    filled = 0.88 if len(values) <= 150 else 1
    middles = {start_of(value["date"], timeframe): _within(value, filled / 2) for value in values}
    span = f"{len(values)} bars, one per {timeframe}, from {values[0]['date']} to {values[-1]['date']}"
    axis = {
        "title": None,
        "grid": False,
        "ticks": False,
        "labelPadding": 8,
        "labelOverlap": True,
        "format": _WRITTEN[timeframe],
        "values": [middles[start] for start in labelled(list(middles), timeframe, _LABELS)],
    }
    tooltip = [
        {"field": "date", "type": "nominal", "title": timeframe.capitalize()},
        {"field": "value", "type": "quantitative", "title": say("Count"), "format": ","},
    ]
    utc = {"type": "utc"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": title,
        "description": f"{title}: {span}.",
        "width": "container",
        "height": 320,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": values},
        "transform": [{"calculate": f"datum.start + (datum.end - datum.start) * {filled}", "as": "until"}],
        "mark": {"type": "bar", "cornerRadiusEnd": 2 if len(values) <= 60 else 0, "tooltip": True},
        "encoding": {
            "x": {"field": "start", "type": "temporal", "scale": utc, "axis": axis},
            "x2": {"field": "until"},
            "y": {
                "field": "value",
                "type": "quantitative",
                "scale": {"nice": 6},
                "axis": {"title": None, "tickCount": 6, "format": ",~f", "domain": False, "ticks": False},
            },
            "y2": {"datum": 0},
            "tooltip": tooltip,
        },
    }


def _within(value: Mapping[str, Any], share: float) -> int:
    """The moment at this share of a period."""
    start, end = int(value["start"]), int(value["end"])
    return round(start + (end - start) * share)


class Histogram(Processor):
    """Draw counts over time as bars, one for each year, month, week, day, hour or minute.

    Counts of several items in one period are added up. Periods without a count are shown as zero; what has no date
    is left out.
    """

    type = "histogram"
    title = "Histogram"
    category = "Visualisation"
    accepts = Accepts(all_columns=("date", "value"))
    returns = Chart

    examples: ClassVar = (
        Example(
            items=[
                {"date": "2024", "item": "activity", "value": 2},
                {"date": "2026", "item": "activity", "value": 1},
                {"date": "unknown_date", "item": "activity", "value": 7},
            ],
            options={"header": "Posts"},
            result=_specification(
                [
                    {"date": "2024", "value": 2, "start": 1704067200000, "end": 1735689600000},
                    {"date": "2025", "value": 0, "start": 1735689600000, "end": 1767225600000},
                    {"date": "2026", "value": 1, "start": 1767225600000, "end": 1798761600000},
                ],
                "year",
                "Posts",
            ),
        ),
    )

    @dataclass(frozen=True)
    class Options:
        """How it is called."""

        header: str = Text("Title", help="Empty uses the name of the dataset.")

    def process(self, source: Source, options: Options, run: Run) -> Chart:
        """The chart, with a bar for each period from the first to the last."""
        counts = _counts(source, run)
        timeframe = timeframe_of(counts, source.dataset.parameters.get("timeframe"))
        starts = _starts(counts, timeframe)
        if timeframe is None or len(starts) < 2:
            raise EmptyResult(
                say(
                    "There are counts for fewer than two periods, so there is nothing to compare. "
                    "Count per shorter periods."
                )
            )
        periods = list(islice(every_period(min(starts), max(starts), timeframe), MOST_BARS + 1))
        if len(periods) > MOST_BARS:
            message = (
                f"From {min(counts)} to {max(counts)} there are more than {MOST_BARS:,} bars. Count per longer periods."
            )
            raise InvalidInput({"date": [message]})
        values = [_bar(start, timeframe, starts.get(start, 0)) for start in periods]
        title = options.header.strip() or source.dataset.label
        run.summary(f"{len(values):,} bars, one per {timeframe}.")
        return Chart(_specification(values, timeframe, title), rows=len(values))

    @classmethod
    def summarise(cls, options: Options) -> str:
        """The title, if one was given."""
        return options.header.strip()


def _counts(source: Source, run: Run) -> dict[str, float]:
    """The sum of the counts of each period, without what has no period."""
    import polars as pl

    table = source.lazy()
    schema = table.collect_schema()
    date, value = pl.col("date").cast(pl.String), as_number("value", schema)
    sums = table.select(date.alias("date"), value.alias("value"), pl.col("value").is_not_null().alias("given"))
    unread = pl.col("given") & pl.col("value").is_null()
    totals = sums.group_by("date").agg(pl.col("value").sum(), unread.sum().alias("unread")).collect(engine="streaming")
    if totals["unread"].sum():
        raise InvalidInput({"value": [say("This column holds something other than numbers. Count items first.")]})
    dated = {str(date): total for date, total in totals.select("date", "value").iter_rows() if date}
    if dated.pop(UNKNOWN, 0):
        run.warn(say("Items without a date are not shown."))
    dated.pop("all", None)
    dated.pop("overall", None)
    return dated


def _starts(counts: dict[str, float], timeframe: str | None) -> dict[datetime, float]:
    """The counts by the first moment of their period.

    :raises InvalidInput: naming the label that is no period
    """
    starts = {}
    for label, value in counts.items():
        try:
            if timeframe is None:
                raise ValueError
            starts[start_of(label, timeframe)] = value
        except ValueError:
            message = f"“{label}” is not a period such as 2026, 2026-01 or 2026-01-31, or not like the others here."
            raise InvalidInput({"date": [message]}) from None
    return starts


def _bar(start: datetime, timeframe: str, value: float) -> dict[str, Any]:
    whole = int(value) if value == int(value) else value
    return {
        "date": written(start, timeframe),
        "value": whole,
        "start": _milliseconds(start),
        "end": _milliseconds(following(start, timeframe)),
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
