"""Histograms: periods read, gaps filled, nonsense refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.plugins import EmptyResult, InvalidInput
from app.plugins.testing import MemoryRun, MemorySource, frame_of, run_processor
from app.services.charts import draw_svg
from processors.visual.histogram import Histogram


def bars_of(dates: list[str | None]) -> list[tuple[str, float]]:
    """The bars of a histogram of one post at each of these dates."""
    chart = run_processor(Histogram, [{"date": label, "item": "activity", "value": 1} for label in dates])
    return [(bar["date"], bar["value"]) for bar in chart["data"]["values"]]


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
