"""Any column read as text or numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from app.plugins.columns import as_number, as_text, compact, is_blank, unused_name


def table_of(values: list[object]) -> pl.DataFrame:
    return pl.DataFrame({"c": values}, strict=False)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", None, ""], ["a", "", ""]),
        ([1, None, -3], ["1", "", "-3"]),
        ([1.5, None], ["1.5", ""]),
        ([True, None], ["true", ""]),
        ([None, None], ["", ""]),
        ([["a", "b"], None, []], ["a,b", "", ""]),
        ([{"k": 1}, None], ['{"k":1}', ""]),
        ([datetime(2026, 1, 31, 12, tzinfo=UTC), None], ["2026-01-31 12:00:00", ""]),
    ],
)
def test_any_column_as_text(values: list[object], expected: list[str]) -> None:
    table = table_of(values)
    assert table.select(as_text("c", table.schema)).to_series().to_list() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", " 2.5 ", "-3e2", "x", "", None, "nan", "inf", "1,000"], [1, 2.5, -300, *[None] * 6]),
        ([1, None], [1, None]),
        ([1.5, float("nan"), float("inf")], [1.5, None, None]),
        ([True, False], [1, 0]),
        ([None, None], [None, None]),
        ([datetime(2026, 1, 1), datetime(2026, 1, 2)], [None, None]),
    ],
)
def test_any_column_as_numbers(values: list[object], expected: list[float | None]) -> None:
    table = table_of(values)
    assert table.select(as_number("c", table.schema)).to_series().to_list() == expected


@pytest.mark.parametrize(
    ("values", "expected"), [(["a", " ", "", None], [False, True, True, True]), ([0, None], [False, True])]
)
def test_blank_cells(values: list[object], expected: list[bool]) -> None:
    table = table_of(values)
    assert table.select(is_blank("c", table.schema)).to_series().to_list() == expected


def test_compacting_changes_nothing_to_be_seen() -> None:
    table = pl.DataFrame({"t": ["a", None, ""], "n": [1, 2, None]})
    assert compact(table.lazy()).collect().equals(table)


def test_an_unused_name_is_unused() -> None:
    assert unused_name(pl.LazyFrame({"__row": [1], "__row_": [1]})) == "__row__"
