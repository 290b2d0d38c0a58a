"""Dates cut into periods, the same way in every analysis.

Group by `start_of(moment, timeframe)` and write the few distinct starts with `label`: a date is dear to format and
cheap to cut.
"""

from __future__ import annotations

from datetime import UTC, datetime
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
_SECONDS = {"year": 31_556_952, "month": 2_629_746, "week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60}

_USUAL = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%#z")
_OTHER = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z")

_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999 in seconds from 1970: more than that cannot be written."""


def as_moment(column: str, schema: pl.Schema) -> pl.Expr:
    """A column as a UTC date and time (microseconds); null where it holds no date.

    Reads date columns, ISO 8601 text (with `T` or a space, with or without a zone; without one it is UTC), and numbers
    as seconds since 1970, or milli-, micro- or nanoseconds when they are too large for that. Four digits are a year.
    """
    import polars as pl

    values, dtype = pl.col(column), schema[column]
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return values.cast(pl.Datetime("us", dtype.time_zone)).dt.convert_time_zone("UTC")
    if dtype == pl.Date:
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    moment = pl.Datetime("us", "UTC")
    if dtype.is_numeric():
        return values.cast(pl.Float64).map_batches(_from_numbers, return_dtype=moment, is_elementwise=True)
    if dtype != pl.String:
        return _nothing(values)
    return values.map_batches(_from_texts, return_dtype=moment, is_elementwise=True)


def _from_texts(values: pl.Series) -> pl.Series:
    """Read dates in the usual spelling first, and try the other ways only on what is left."""
    import polars as pl

    text = values.str.strip_chars()
    found = _parsed(text, _USUAL[0])
    ways = (
        lambda rest: _parsed(rest, _USUAL[1]),
        lambda rest: _from_numbers(rest.cast(pl.Float64, strict=False)),
        _from_other_texts,
    )
    for way in ways:
        left = found.is_null() & text.is_not_null() & (text != "")
        if not left.any():
            break
        found = found.scatter(left.arg_true(), way(text.filter(left)))
    return found


def _from_other_texts(text: pl.Series) -> pl.Series:
    """Make one spelling of the many of ISO 8601, so that few formats have to be tried."""
    text = text.str.extract(r"^(\d{4}-\d\d-\d\d.*)$", 1)
    text = text.str.replace(r"^(.{10})[Tt]", "$1 ").str.replace(r"\s*(?:UTC|GMT|Z|z)$", "")
    text = text.str.replace(r"\s+([+-]\d\d:?\d\d)$", "$1")
    found = _parsed(text, _OTHER[0])
    for form in _OTHER[1:]:
        found = found.zip_with(found.is_not_null(), _parsed(text, form))
    return found


def _parsed(text: pl.Series, form: str) -> pl.Series:
    return text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")


def _from_numbers(values: pl.Series) -> pl.Series:
    import polars as pl

    number, size = pl.col("number"), pl.col("number").abs()
    scale = pl.when(size > 1e17).then(1e9).when(size > 1e14).then(1e6).when(size > 1e11).then(1e3).otherwise(1.0)
    is_year = number.is_between(1000, 2999) & (number == number.floor())
    year = pl.when(is_year).then(number.cast(pl.Int32, strict=False).cast(pl.String) + "-01-01")
    table = values.alias("number").to_frame().with_columns(seconds=number / scale, year=year)
    seconds = pl.when(pl.col("seconds").is_between(_EARLIEST, _LATEST)).then(pl.col("seconds"))
    moment = (seconds * 1_000_000).cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    found = table.select(moment.alias("moment"), "year")
    if found["year"].null_count() == len(found):
        return found["moment"]
    return found["moment"].zip_with(found["year"].is_null(), _parsed(found["year"], "%Y-%m-%d"))


def _nothing(values: pl.Expr) -> pl.Expr:
    """As many missing dates as there are values."""
    import polars as pl

    return pl.when(values.is_null()).then(None).otherwise(None).cast(pl.Datetime("us", "UTC"))


def is_unreadable(column: str, schema: pl.Schema) -> pl.Expr:
    """Whether a cell holds something that is not a date; an empty cell does not."""
    import polars as pl

    dtype = schema[column]
    if dtype.is_temporal():
        return pl.col(column).is_null() & False
    filled = pl.col(column).is_not_null()
    if dtype == pl.String:
        filled &= pl.col(column).str.strip_chars() != ""
    return filled & as_moment(column, schema).is_null()


def read_moment(text: str) -> datetime:
    """One date as a person writes it: `2026-01-31`, `2026-01-31 14:00:00`, ISO 8601 with a zone, or epoch seconds.

    :raises ValueError: when it is none of these
    """
    written = text.strip()
    if written.lstrip("-").isdigit() and len(written) > 4:
        try:
            return datetime.fromtimestamp(int(written), UTC)
        except (OverflowError, OSError):
            raise ValueError(f"{written} lies outside the years 1 to 9999") from None
    moment = datetime.fromisoformat(f"{written}-01-01" if written.isdigit() else written)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def start_of(moment: pl.Expr, timeframe: str) -> pl.Expr:
    """The moment at which the period of another begins; a null stays null, and `all` has no start."""
    if timeframe == "all":
        return _nothing(moment)
    return moment.dt.truncate(_STEPS[timeframe])


def label(start: pl.Expr, timeframe: str) -> pl.Expr:
    """The name of the period that begins at `start`: `2026`, `2026-03`, ISO week `2026-09`, …, or `unknown_date`."""
    import polars as pl

    if timeframe == "all":
        return pl.lit("all")
    return start.dt.strftime(_FORMATS[timeframe]).fill_null(UNKNOWN)


def period(moment: pl.Expr, timeframe: str) -> pl.Expr:
    """The period a moment lies in, as text: `2026`, `2026-03`, ISO week `2026-09`, `2026-03-01`, … or `all`.

    Moments that are null become `unknown_date`.
    """
    return label(start_of(moment, timeframe), timeframe)


def step(timeframe: str) -> str:
    """The length of a period as a polars duration, for filling gaps."""
    return _STEPS[timeframe]


def periods_between(first: datetime, last: datetime, timeframe: str) -> int:
    """About how many periods lie between two moments, both ends counted."""
    return int((last - first).total_seconds() // _SECONDS[timeframe]) + 1
