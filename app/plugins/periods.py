"""Dates cut into periods, the same way in every analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

COARSE = {"all": "Overall", "year": "Year", "month": "Month", "week": "Week", "day": "Day"}
"""Timeframes for most analyses: value -> label."""

FINE = COARSE | {"hour": "Hour", "minute": "Minute"}
"""Timeframes where the time of day matters too."""

UNKNOWN = "unknown_date"
"""The period of an item without a date, or with one that cannot be read."""

_FORMATS = {
    "year": "%Y",
    "month": "%Y-%m",
    "week": "%G-%V",
    "day": "%Y-%m-%d",
    "hour": "%Y-%m-%d %H",
    "minute": "%Y-%m-%d %H:%M",
}
_STEPS = {"year": "1y", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h", "minute": "1m"}

_ZONED = "%Y-%m-%dT%H:%M:%S%.f%#z"
_PLAIN = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def as_moment(column: str, schema: pl.Schema) -> pl.Expr:
    """A column as a UTC date and time (microseconds); null where it holds no date.

    Reads date columns, numbers as epoch seconds (milliseconds when above 10^11), and text as epoch or ISO 8601.
    """
    import polars as pl

    values, dtype = pl.col(column), schema[column]
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return values.cast(pl.Datetime("us", dtype.time_zone)).dt.convert_time_zone("UTC")
    if dtype == pl.Date:
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if dtype.is_numeric():
        return _from_epoch(values.cast(pl.Float64))
    text = values.cast(pl.String).str.strip_chars()
    parsed = [text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC") for form in _PLAIN]
    zoned = text.str.to_datetime(_ZONED, strict=False, time_unit="us", time_zone="UTC")
    return pl.coalesce(_from_epoch(text.cast(pl.Float64, strict=False)), zoned, *parsed)


def _from_epoch(seconds: pl.Expr) -> pl.Expr:
    import polars as pl

    in_seconds = pl.when(seconds.abs() > 1e11).then(seconds / 1000).otherwise(seconds)
    return (in_seconds * 1_000_000).cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))


def period(moment: pl.Expr, timeframe: str) -> pl.Expr:
    """The period a moment lies in, as text: `2026`, `2026-03`, ISO week `2026-09`, `2026-03-01`, … or `all`.

    Moments that are null become `unknown_date`. Truncation runs before formatting, so each distinct period is formatted
    by the engine on a small integer domain.
    """
    import polars as pl

    if timeframe == "all":
        return pl.lit("all")
    return moment.dt.truncate(_STEPS[timeframe]).dt.strftime(_FORMATS[timeframe]).fill_null(UNKNOWN)


def step(timeframe: str) -> str:
    """The length of a period as a polars duration, for filling gaps."""
    return _STEPS[timeframe]


def label_format(timeframe: str) -> str:
    """How a period is written, as a strftime format."""
    return _FORMATS[timeframe]
