"""Filtering by date, beyond the examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.plugins import InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from processors.filters.date_filter import DateFilter

ITEMS = [{"id": str(day), "timestamp": f"2026-01-0{day}"} for day in range(1, 6)]


def kept(daterange: Any, items: list[dict[str, Any]] = ITEMS, run: MemoryRun | None = None, **options: Any) -> str:
    found = run_processor(DateFilter, items, {"daterange": daterange, **options}, run=run)
    return "".join(row["id"] for row in found)


@pytest.mark.parametrize(
    ("daterange", "expected"),
    [
        ({"after": "2026-01-02", "before": "2026-01-04"}, "23"),
        ({"after": "2026-01-04"}, "45"),
        ({"before": "2026-01-02"}, "1"),
        ("2026-01-05,", "5"),
        ("1767398400,1767484800", "3"),
        ({"after": "2026-01-03T00:00:01Z"}, "45"),
        ({"after": "2027-01-01"}, ""),
    ],
)
def test_either_end_may_be_open(daterange: Any, expected: str) -> None:
    assert kept(daterange) == expected


def test_rows_without_a_date_are_left_out_and_counted(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    items = [{"id": "1", "at": "2026-01-01"}, {"id": "2", "at": ""}, {"id": "3", "at": "soon"}, {"id": "4", "at": None}]
    assert kept({"after": "2020-01-01"}, items, run, column="at") == "1"
    assert run.warnings == [
        "2 rows have no date in the column “at” and are left out.",
        "1 dates in the column “at” could not be read; these rows are left out.",
    ]


@pytest.mark.parametrize("daterange", [{}, ",", {"after": "soon"}, {"after": "2026-02-01", "before": "2026-01-01"}])
def test_a_period_needs_an_end_and_a_direction(daterange: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        kept(daterange)
    assert set(caught.value.fields) == {"daterange"}
