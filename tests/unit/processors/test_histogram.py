"""Histograms: periods read, gaps filled, nonsense refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.plugins import EmptyResult, InvalidInput
from app.plugins.testing import MemoryRun, MemorySource, frame_of, run_processor
from app.services.charts import draw_svg
from processors.visual._dates import every_period, labelled, start_of, written
from processors.visual.histogram import Histogram


def bars_of(dates: list[str | None]) -> list[tuple[str, float]]:
    """The bars of a histogram of one post at each of these dates."""
    chart = run_processor(Histogram, [{"date": label, "item": "activity", "value": 1} for label in dates])
    return [(bar["date"], bar["value"]) for bar in chart["data"]["values"]]


def periods(first: str, timeframe: str, number: int) -> list[datetime]:
    """The starts of so many periods, one after the other."""
    begin = start_of(first, "year" if len(first) == 4 else timeframe)
    return list(islice(every_period(begin, datetime.max.replace(tzinfo=UTC), timeframe), number))


@pytest.mark.parametrize(
    ("dates", "bars"),
    [
        (["2025-11", "2026-02"], ["2025-11", "2025-12", "2026-01", "2026-02"]),
        (["2025-51", "2026-02"], ["2025-51", "2025-52", "2026-01", "2026-02"]),
        (["2024-02-28", "2024-03-01"], ["2024-02-28", "2024-02-29", "2024-03-01"]),
        (["2026-01-01 22", "2026-01-02 00"], ["2026-01-01 22", "2026-01-01 23", "2026-01-02 00"]),
        (["2026-01-01 22:59", "2026-01-01 23:01"], ["2026-01-01 22:59", "2026-01-01 23:00", "2026-01-01 23:01"]),
    ],
)
def test_gaps_are_shown_as_zero(dates: list[str | None], bars: list[str]) -> None:
    assert bars_of(dates) == [(label, int(label in dates)) for label in bars]


def test_items_of_one_period_are_added() -> None:
    assert bars_of(["2025", "2025", "2026"]) == [("2025", 2), ("2026", 1)]


def test_weeks_are_known_by_what_the_counts_were_asked_for(tmp_path: Path) -> None:
    table = frame_of([{"date": "2026-01", "value": 1}, {"date": "2026-03", "value": 2}])
    source = MemorySource(table, acts_as="count-posts", parameters={"timeframe": "week"})
    chart = Histogram().process(source, Histogram.Options(), MemoryRun(tmp_path))
    bars = chart.spec["data"]["values"]
    assert [bar["date"] for bar in bars] == ["2026-01", "2026-02", "2026-03"]
    assert bars[0]["end"] - bars[0]["start"] == 7 * 86_400_000


@pytest.mark.parametrize(
    ("timeframe", "first", "bars", "begin", "count"),
    [
        ("year", "1999", 30, ["2000", "2005", "2010"], 6),
        ("month", "2016-01", 9, ["2016-01", "2016-02", "2016-03"], 9),
        ("month", "2014-11", 40, ["2015-01", "2015-07", "2016-01"], 7),
        ("month", "1999-05", 130, ["2000-01", "2001-01", "2002-01"], 11),
        ("week", "2025-50", 20, ["2025-50", "2025-52", "2026-02"], 10),
        ("day", "2026-01-30", 4, ["2026-01-30", "2026-01-31", "2026-02-01"], 4),
        ("hour", "2026-01-01 05", 40, ["2026-01-01 06", "2026-01-01 12", "2026-01-01 18"], 7),
        ("minute", "2026-01-01 00:07", 100, ["2026-01-01 00:10", "2026-01-01 00:20", "2026-01-01 00:30"], 10),
    ],
)
def test_labels_stand_where_people_count(timeframe: str, first: str, bars: int, begin: list[str], count: int) -> None:
    labels = [written(start, timeframe) for start in labelled(periods(first, timeframe, bars), timeframe, 12)]
    assert (labels[:3], len(labels)) == (begin, count)


@pytest.mark.parametrize("timeframe", ["year", "month", "week", "day", "hour", "minute"])
@pytest.mark.parametrize("bars", [2, 12, 13, 100, 2000])
def test_there_are_some_labels_and_not_too_many(timeframe: str, bars: int) -> None:
    assert 1 <= len(labelled(periods("2001", timeframe, bars), timeframe, 12)) <= 13


def test_months_are_labelled_in_the_middle_of_their_bars() -> None:
    dates = [f"2016-{month:02}" for month in range(1, 10)]
    chart = run_processor(Histogram, [{"date": label, "item": "activity", "value": 1300} for label in dates])
    first, places = chart["data"]["values"][0], chart["encoding"]["x"]["axis"]["values"]
    assert len(places) == 9
    assert first["start"] < places[0] < first["end"]
    picture = draw_svg(chart)
    assert [f">{name} 2016<" in picture for name in ("Jan", "May", "Sep", "Oct")] == [True, True, True, False]
    assert ">1,400<" in picture, "the axis goes on to the tick above the highest bar"


def test_what_has_no_date_is_left_out_and_told(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    items = [{"date": label, "value": 1} for label in ("2025", "2026", "unknown_date", "all", None)]
    assert len(run_processor(Histogram, items, run=run)["data"]["values"]) == 2
    assert run.warnings == ["Items without a date are not shown."]


@pytest.mark.parametrize("dates", [["2026-01"], ["all"], ["unknown_date"], [None]])
def test_fewer_than_two_periods_are_refused(dates: list[str | None]) -> None:
    with pytest.raises(EmptyResult, match="fewer than two periods"):
        bars_of(dates)


@pytest.mark.parametrize(
    "dates", [["thread1", "thread2"], ["2026-01", "2026-01-02"], ["2026-00", "2026-02"], ["abcd", "efgh"]]
)
def test_labels_that_are_no_periods_are_refused(dates: list[str | None]) -> None:
    with pytest.raises(InvalidInput, match="is not a period such as 2026"):
        bars_of(dates)


def test_too_many_bars_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 10,000 bars"):
        bars_of(["1990-01-01", "2026-01-01"])


def test_counts_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        run_processor(Histogram, [{"date": "2025", "value": "x"}, {"date": "2026", "value": "2"}])
    assert list(refusal.value.fields) == ["value"]


def test_the_title_is_the_header_or_the_name_of_the_dataset() -> None:
    items: list[dict[str, Any]] = [{"date": "2025", "value": 1}, {"date": "2026", "value": 1}]
    assert run_processor(Histogram, items)["title"] == "Test items"
    assert run_processor(Histogram, items, {"header": " Tea "})["title"] == "Tea"


def test_two_thousand_bars_can_be_drawn_and_stay_small() -> None:
    items = [{"date": str(date(2020, 1, 1) + timedelta(day)), "value": day % 50 + 1} for day in range(2000)]
    picture = draw_svg(run_processor(Histogram, items))
    assert picture.count('aria-roledescription="bar"') == 2000
    assert len(picture) < 1_500_000
