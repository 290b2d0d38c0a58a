"""Filtering by value, beyond the examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins import EmptyResult, InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from processors.filters.column_filter import ColumnFilter


def kept(values: list[Any], style: str, value: str = "", **options: Any) -> list[Any]:
    table = pl.DataFrame({"c": values}, strict=False)
    given = {"column": "c", "match_style": style, "match_value": value, **options}
    return [row["c"] for row in run_processor(ColumnFilter, table, given)]


WORDS = ["Apple", "apple pie", "pie, hot", "", None, " Apple "]


@pytest.mark.parametrize(
    ("style", "value", "options", "expected"),
    [
        ("value-equals", "Apple", {}, ["Apple", " Apple "]),
        ("value-equals", "apple", {"lowercase": True}, ["Apple", " Apple "]),
        ("value-equals", "Apple, apple pie", {}, ["Apple", "apple pie", " Apple "]),
        ("value-equals", '"pie, hot"', {}, ["pie, hot"]),
        ("value-equals", "", {}, ["", None]),
        ("value-equals-not", "", {}, ["Apple", "apple pie", "pie, hot", " Apple "]),
        ("value-contains", "apple, pie", {}, ["apple pie", "pie, hot"]),
        ("value-contains", "apple, pie", {"match_multiple": "all"}, ["apple pie"]),
        ("value-contains", "PIE", {"lowercase": True}, ["apple pie", "pie, hot"]),
        ("value-contains-not", "apple, pie", {}, ["Apple", "", None, " Apple "]),
        ("value-contains-not", "apple, pie", {"match_multiple": "all"}, ["Apple", "pie, hot", "", None, " Apple "]),
    ],
)
def test_text_is_compared(style: str, value: str, options: dict[str, Any], expected: list[Any]) -> None:
    assert kept(WORDS, style, value, **options) == expected


def test_a_bracket_is_no_regular_expression() -> None:
    assert kept(["a(b", "ab"], "value-contains", "(") == ["a(b"]


@pytest.mark.parametrize(
    ("style", "value", "options", "expected"),
    [
        ("value-greater-than", "10", {}, ["11", "1e3"]),
        ("value-less-than", "10", {}, ["9", "-1"]),
        ("value-greater-than", "0, 10", {}, ["9", "10", "11", "1e3"]),
        ("value-greater-than", "0, 10", {"match_multiple": "all"}, ["11", "1e3"]),
    ],
)
def test_numbers_in_text_are_compared_as_numbers(
    style: str, value: str, options: dict[str, Any], expected: list[str]
) -> None:
    assert kept(["9", "10", "11", "-1", "1e3", "", "many"], style, value, **options) == expected


def test_a_column_of_numbers_is_compared_by_number() -> None:
    assert kept([1.0, 2.5], "value-equals", "1") == [1.0]
    assert kept([1, 10], "value-equals", "1") == [1]
    assert kept([9_007_199_254_740_993, 9_007_199_254_740_992], "value-equals", "9007199254740993") == [2**53 + 1]


def test_dates_are_compared() -> None:
    dates = ["2026-01-31", "2026-02-01T00:00:00Z", "2026-02-02 10:00:00", "soon"]
    assert kept(dates, "date-before", match_date="2026-02-01") == dates[:1]
    assert kept(dates, "date-after", match_date="2026-02-01") == dates[1:3]


@pytest.mark.parametrize(
    ("values", "style", "top", "expected"),
    [
        (["9", "10", "100", "10"], "top-top", 2, ["10", "100", "10"]),
        (["9", "10", "100", ""], "top-bottom", 2, ["9", "10"]),
        ([3, 1, 2, None], "top-top", 1, [3]),
        ([0.5, 0.25, None], "top-bottom", 1, [0.25]),
        (["b", "a", "c", None], "top-top", 2, ["b", "c"]),
        (["2026-01-02T00:00Z", "2025-12-31 23:00", "2026-01-01"], "top-bottom", 2, ["2025-12-31 23:00", "2026-01-01"]),
        (["9", "x", "10"], "top-top", 1, ["x"]),
        (["1", "2"], "top-top", 10, ["1", "2"]),
        ([None, ""], "top-top", 1, []),
    ],
)
def test_the_highest_and_lowest(values: list[Any], style: str, top: int, expected: list[Any]) -> None:
    assert kept(values, style, top_n=top) == expected


def test_no_more_rows_than_asked_for(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    table = pl.DataFrame({"n": [5, 7, 5, 9, 5], "id": list("abcde")})
    options = {"column": "n", "match_style": "top-top", "top_n": 3, "strict_top": True}
    assert [row["id"] for row in run_processor(ColumnFilter, table, options, run=run)] == ["a", "b", "d"]
    assert len(run.warnings) == 1


@pytest.mark.parametrize(
    ("values", "style", "options", "field"),
    [
        (["a"], "value-greater-than", {"match_value": "ten"}, "match_value"),
        (["a"], "value-greater-than", {"match_value": ""}, "match_value"),
        (["a"], "value-contains", {"match_value": ""}, "match_value"),
        (["a", "b"], "value-less-than", {"match_value": "1"}, "column"),
        (["a"], "date-before", {"match_date": "2026-01-01"}, "column"),
        (["2026-01-01"], "date-before", {"match_date": "soon"}, "match_date"),
        (["2026-01-01"], "date-after", {"match_date": ""}, "match_date"),
        ([1.5], "value-equals", {"match_value": "x"}, "match_value"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(
    values: list[Any], style: str, options: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        run_processor(ColumnFilter, pl.DataFrame({"c": values}), {"column": "c", "match_style": style, **options})
    assert set(caught.value.fields) == {field}


def test_an_empty_table_has_nothing_to_compare() -> None:
    with pytest.raises(EmptyResult):
        run_processor(
            ColumnFilter,
            pl.DataFrame({"c": []}, schema={"c": pl.String}),
            {"column": "c", "match_style": "value-less-than", "match_value": "1"},
        )


def test_rows_that_cannot_be_compared_are_counted(tmp_path: Path) -> None:
    run = MemoryRun(tmp_path)
    table = pl.DataFrame({"c": ["1", "x", ""]})
    run_processor(ColumnFilter, table, {"column": "c", "match_style": "value-less-than", "match_value": "5"}, run=run)
    assert run.warnings == ["2 rows have no number in the column “c” and are left out."]


@given(
    st.lists(st.one_of(st.none(), st.text("aAbB, ")), min_size=1),
    st.sampled_from(["value-equals", "value-contains"]),
    st.sampled_from(["any", "all"]),
    st.booleans(),
)
def test_a_style_and_its_opposite_share_the_rows(values: list[Any], style: str, multiple: str, fold: bool) -> None:
    options = {"match_multiple": multiple, "lowercase": fold}
    both = kept(values, style, "a, b", **options) + kept(values, f"{style}-not", "a, b", **options)
    assert sorted(both, key=str) == sorted(values, key=str)
