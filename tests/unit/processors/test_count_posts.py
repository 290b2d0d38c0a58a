"""Counting posts, beyond the examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.plugins import EmptyResult
from app.plugins.testing import MemoryRun, run_processor
from processors.metrics.count_posts import CountPosts


def counted(dates: list[str | None], **options: Any) -> list[tuple[str, int]]:
    table = pl.DataFrame({"at": dates}, schema={"at": pl.String})
    return [(row["date"], row["value"]) for row in run_processor(CountPosts, table, {"column": "at", **options})]


def test_one_bad_date_does_not_stop_the_count(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    table = pl.DataFrame({"at": ["2026-01-01", "soon", "", None, "never"]})
    result = run_processor(CountPosts, table, {"column": "at", "timeframe": "day"}, run=run)
    assert [(row["date"], row["value"]) for row in result] == [("2026-01-01", 1), ("unknown_date", 4)]
    assert run.warnings == ["2 dates in the column “at” could not be read."]


@pytest.mark.parametrize(
    ("timeframe", "expected"),
    [
        ("all", [("all", 3)]),
        ("year", [("2026", 3)]),
        ("month", [("2026-01", 3)]),
        ("week", [("2026-01", 3)]),
        ("day", [("2026-01-01", 1), ("2026-01-02", 2)]),
        ("hour", [("2026-01-01 23", 1), ("2026-01-02 00", 2)]),
        ("minute", [("2026-01-01 23:59", 1), ("2026-01-02 00:00", 1), ("2026-01-02 00:01", 1)]),
    ],
)
def test_each_timeframe(timeframe: str, expected: list[tuple[str, int]]) -> None:
    dates = ["2026-01-01 23:59:59", "2026-01-02 00:00:00", "2026-01-02 00:01:00"]
    assert counted(dates, timeframe=timeframe) == expected


def test_overall_counts_a_column_of_dates_whole() -> None:
    items = [{"timestamp": f"2026-01-0{day}"} for day in (1, 2, 3)]
    assert run_processor(CountPosts, items, {"timeframe": "all"}) == [{"date": "all", "item": "activity", "value": 3}]


def test_gaps_are_left_out_when_asked() -> None:
    assert counted(["2024", "2026"], timeframe="year", pad=False) == [("2024", 1), ("2026", 1)]
    assert counted(["2024", "2026"], timeframe="year") == [("2024", 1), ("2025", 0), ("2026", 1)]


def test_weeks_are_padded_across_a_year_with_53_weeks() -> None:
    found = counted(["2026-12-21", "2027-01-11"], timeframe="week")
    assert [week for week, _ in found] == ["2026-52", "2026-53", "2027-01", "2027-02"]


def test_a_stray_date_does_not_make_millions_of_rows(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    table = pl.DataFrame({"at": ["1001-01-01", "2026-01-01"]})
    assert len(run_processor(CountPosts, table, {"column": "at", "timeframe": "minute"}, run=run)) == 2
    assert "too many" in run.warnings[0]


def test_nothing_to_count() -> None:
    with pytest.raises(EmptyResult):
        counted([])


def test_only_unknown_dates_are_counted() -> None:
    assert counted(["", None]) == [("unknown_date", 2)]


def test_the_summary_names_period_and_gaps() -> None:
    assert CountPosts.summarise(CountPosts.Options()) == "by month · gaps shown"
    assert CountPosts.summarise(CountPosts.Options(timeframe="all")) == "overall"
