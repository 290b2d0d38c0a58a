"""Dates: every spelling is read, and every moment lies in the period that is named after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plugins.periods import FINE, as_moment, is_unreadable, label, period, periods_between, read_moment, start_of

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def moments(values: list[object], dtype: pl.DataType | None = None) -> list[datetime | None]:
    table = pl.DataFrame({"at": pl.Series(values, dtype=dtype)})
    return table.select(as_moment("at", table.schema)).to_series().to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31 12:00:00",
        "2026-01-31T12:00:00",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T13:00:00+01:00",
        "2026-01-31 13:00:00+01:00",
        "2026-01-31 07:00:00 -0500",
        "2026-01-31T12:00",
        "2026-01-31 12:00 UTC",
        "  2026-01-31 12:00:00 ",
        "1769860800",
        "1769860800.0",
        "1769860800000",
        "1769860800000000",
        "1769860800000000000",
    ],
)
def test_a_date_is_read_however_it_is_written(text: str) -> None:
    assert moments([text]) == [NOON]


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "2026-13-01", "2026-02-30", "31/01/2026", "nan", "inf", "1e300", None]
)
def test_what_is_no_date_is_null(text: str | None) -> None:
    assert moments([text], pl.String()) == [None]


def test_four_digits_are_a_year() -> None:
    assert moments(["2016"]) == moments([2016]) == [datetime(2016, 1, 1, tzinfo=UTC)]


def test_other_types_are_read_too() -> None:
    amsterdam = datetime(2026, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))
    assert moments([NOON.replace(tzinfo=None)]) == [NOON]
    assert moments([amsterdam]) == [NOON]
    assert moments([date(2026, 1, 31)]) == [NOON.replace(hour=0)]
    assert moments([1769860800]) == [NOON]
    assert moments([True]) == [None]
    assert moments([None, None]) == [None, None]


def test_only_what_is_written_and_not_understood_is_unreadable() -> None:
    table = pl.DataFrame({"at": ["2026-01-01", "soon", "", " ", None]})
    assert table.select(is_unreadable("at", table.schema)).to_series().to_list() == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("timeframe", "expected"),
    [
        ("all", "all"),
        ("year", "2026"),
        ("month", "2026-01"),
        ("week", "2026-05"),
        ("day", "2026-01-31"),
        ("hour", "2026-01-31 12"),
        ("minute", "2026-01-31 12:00"),
    ],
)
def test_a_period_has_a_name(timeframe: str, expected: str) -> None:
    assert pl.select(period(pl.lit(NOON), timeframe)).item() == expected


def test_a_week_belongs_to_the_year_of_its_thursday() -> None:
    days = pl.Series([datetime(2027, 1, 1, tzinfo=UTC), datetime(2024, 12, 30, tzinfo=UTC)])
    assert pl.select(period(pl.lit(days), "week")).to_series().to_list() == ["2026-53", "2025-01"]


def test_a_missing_date_is_unknown() -> None:
    nothing = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    assert pl.select(period(nothing, "month")).item() == "unknown_date"


ANY_MOMENT = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(ANY_MOMENT, st.sampled_from([name for name in FINE if name != "all"]))
def test_a_start_is_not_after_its_moment_and_has_the_same_name(moment: datetime, timeframe: str) -> None:
    start = pl.select(start_of(pl.lit(moment), timeframe)).item()
    assert start <= moment
    assert pl.select(start_of(pl.lit(start), timeframe)).item() == start
    assert pl.select(label(pl.lit(start), timeframe)).item() == pl.select(period(pl.lit(moment), timeframe)).item()


@given(ANY_MOMENT, ANY_MOMENT, st.sampled_from(["year", "month", "day", "hour", "minute"]))
def test_periods_sort_as_their_names_do(one: datetime, other: datetime, timeframe: str) -> None:
    first, second = sorted([one, other])
    names = pl.select(period(pl.lit(pl.Series([first, second])), timeframe)).to_series().to_list()
    assert names == sorted(names)


@given(ANY_MOMENT)
def test_iso_text_is_read_back(moment: datetime) -> None:
    assert moments([moment.isoformat()]) == [moment]
    assert read_moment(moment.isoformat()) == moment


def test_periods_are_counted_before_they_are_made() -> None:
    assert periods_between(NOON, NOON, "day") == 1
    assert periods_between(NOON, NOON + timedelta(days=9), "day") == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", NOON.replace(hour=0)),
        ("2026-01-31 12:00:00", NOON),
        ("1769860800", NOON),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_person_writes_a_date(text: str, expected: datetime) -> None:
    assert read_moment(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "9" * 30])
def test_a_person_writes_no_date(text: str) -> None:
    with pytest.raises(ValueError):
        read_moment(text)
