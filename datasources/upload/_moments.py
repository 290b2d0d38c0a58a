"""Read times as people and platforms write them, as dates and times in UTC.

A whole column is tried at once, one way of writing after the other, each only on what is left: date and time by
Arrow, epoch numbers, ISO 8601 with zones, dates by numbers, and at last dateutil on the distinct values. Whether day
or month comes first is decided once for the column, from the values that leave no choice.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_EPOCH = r"[-+]?(?:\d{5,19}(?:\.\d*)?|\d\.\d+[eE]\+?\d{1,2})"
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%dT%H:%M%#z")
_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M%S",
)
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
_WORDED = ("%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z")
_BY_NUMBERS = (
    r"^(?<a>\d{1,2})(?<mark>[/.-])(?<b>\d{1,2})[/.-](?<year>\d{4}|\d{2})"
    r"(?:,?[ T]+(?<hour>\d{1,2})[:.](?<minute>\d{2})(?:[:.](?<second>\d{2})(?:\.\d+)?)?\s*(?<half>[AaPp])?[Mm.]*)?$"
)
_HOURS = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 1, "CET": 1, "WEST": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "JST": 9, "KST": 9,
}  # fmt: skip
_ZONES = {name: hours * 3600 for name, hours in _HOURS.items()}
_CHINESE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")


class Moments:
    """Reads the times of one column, piece by piece.

    `day_first` is what is known of dates like 03/04/2020; None leaves it to `decide`. A `special` reader comes before
    all others, for a platform with times of its own, such as “10 minutes ago” or without a zone and not in UTC.
    """

    def __init__(self, special: Callable[[str], datetime | None] | None = None) -> None:
        self.day_first: bool | None = None
        self.guessed = False
        self._special = special
        self._known: dict[str, datetime | None] = {}

    def read(self, written: pa.Array | pa.ChunkedArray) -> pl.Series:
        """The moments, null where there is none or it cannot be read."""
        import polars as pl

        fast = _read_plain(written) if self._special is None else None
        if fast is not None:
            return pl.Series(pl.from_arrow(fast))
        text = pl.Series(pl.from_arrow(written)).cast(pl.String).str.strip_chars()
        found = pl.Series("moment", [None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(text))
        left = _left(text, found)
        readers = (_from_epoch, _from_formats, self._by_numbers, self._one_by_one)
        for reader in readers if self._special is None else readers[-1:]:
            if not len(left):
                break
            found = found.scatter(left, reader(text.gather(left)))
            left = _left(text, found)
        return found

    def undecided(self, values: Iterable[str]) -> bool:
        """Whether dates by numbers are among the values, and none of them says if the day or the month comes first."""
        return self._evidence(values) == 0 and self.day_first is None

    def decide(self, values: Iterable[str]) -> None:
        """Settle from these values whether the day or the month comes first.

        Dots and hyphens are taken as day first and slashes as month first when nothing tells.
        """
        evidence = self._evidence(values)
        if evidence is not None and evidence != 0:
            self.day_first, self.guessed = evidence > 0, False
            self._known.clear()
        elif evidence == 0 and self.day_first is None:
            self.day_first, self.guessed = self._usual, True
            self._known.clear()

    _usual = False

    def _evidence(self, values: Iterable[str]) -> int | None:
        """Above 0 when the day comes first, below when the month does; None without dates by numbers."""
        day = month = total = 0
        for value in values:
            found = re.match(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d)", value)
            if found is None:
                continue
            total += 1
            day += int(found[1]) > 12
            month += int(found[3]) > 12
            self._usual = found[2] != "/"
        return day - month if total else None

    def _by_numbers(self, text: pl.Series) -> pl.Series:
        """Dates such as 31/12/2020 11:59 PM."""
        import polars as pl

        if self.day_first is None:
            self.decide(text.to_list())
        parts = text.to_frame("t").select(pl.col("t").str.extract_groups(_BY_NUMBERS)).unnest("t")
        numbers = parts.select(pl.col("a", "b", "year", "hour", "minute", "second").cast(pl.Int32), "half")
        half = pl.col("half").str.to_lowercase()
        hour = pl.col("hour").fill_null(0)
        hour = pl.when(half == "p").then(hour % 12 + 12).when(half == "a").then(hour % 12).otherwise(hour)
        short = pl.col("year") + pl.when(pl.col("year") < 70).then(2000).otherwise(1900)
        year = pl.when(pl.col("year") < 100).then(short).otherwise(pl.col("year"))
        day, month = ("a", "b") if self.day_first else ("b", "a")
        minute, second = pl.col("minute").fill_null(0), pl.col("second").fill_null(0)
        digits = [year, pl.col(month), pl.col(day), hour, minute, second]
        spelled = pl.format("{}-{}-{} {}:{}:{}", *digits)
        moment = spelled.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us", time_zone="UTC")
        return numbers.select(moment).to_series()

    def _one_by_one(self, text: pl.Series) -> pl.Series:
        """Whatever is left, each distinct value once."""
        import polars as pl

        if len(self._known) > 200_000:
            self._known.clear()
        values = text.to_list()
        for value in dict.fromkeys(values):
            if value not in self._known:
                special = self._special(value) if self._special else None
                self._known[value] = special or _by_dateutil(value, bool(self.day_first))
        return pl.Series([self._known[value] for value in values], dtype=pl.Datetime("us", "UTC"))


def _left(text: pl.Series, found: pl.Series) -> pl.Series:
    """Positions that hold something not yet read."""
    return (found.is_null() & text.is_not_null() & (text != "")).arg_true()


def _read_plain(written: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray | None:
    """The whole piece as `2020-01-31 12:00:00`, or as whole epoch seconds; None when some value is neither."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(written):
        return written.cast(pa.timestamp("us", "UTC"))
    first = next((value for value in written[:100].to_pylist() if value), "")
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?", first):
            blank = pc.if_else(pc.equal(written, ""), pa.scalar(None, pa.string()), written)
            return pc.assume_timezone(blank.cast(pa.timestamp("us")), "UTC")
        if re.fullmatch(r"\d{9,10}", first):
            blank = pc.if_else(pc.equal(written, ""), pa.scalar(None, pa.string()), written)
            seconds = blank.cast(pa.int64())
            limits = pc.min_max(seconds).as_py()
            if limits["max"] is not None and limits["min"] >= 1e8 and limits["max"] < 1e10:
                return seconds.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        pass
    return None


def _from_epoch(text: pl.Series) -> pl.Series:
    """Numbers: seconds, milliseconds, microseconds or nanoseconds since 1970 by their size; years and 20200131."""
    import polars as pl

    value = pl.col("t")
    number = pl.when(value.str.contains(rf"^{_EPOCH}$")).then(value)
    whole, real = number.cast(pl.Int64, strict=False), number.cast(pl.Float64, strict=False)
    size = real.abs()
    exact = pl.coalesce(
        pl.when(size < 1e11).then(whole * 1_000_000),
        pl.when(size < 1e14).then(whole * 1_000),
        pl.when(size < 1e17).then(whole),
        whole // 1_000,
    )
    scaled = (
        pl.when(size < 1e11).then(real * 1e6).when(size < 1e14).then(real * 1e3).when(size < 1e17).then(real)
    ).otherwise(real / 1e3)
    moment = pl.coalesce(exact, scaled.round().cast(pl.Int64, strict=False)).cast(pl.Datetime("us", "UTC"))
    year = pl.when(value.str.contains(r"^(1[5-9]|20)\d\d(\.0)?$")).then(
        value.str.slice(0, 4).cast(pl.Int32, strict=False)
    )
    day = pl.when(value.str.contains(r"^(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])$")).then(value)
    second = pl.when(value.str.contains(r"^(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d$"))
    return text.to_frame("t").select(
        pl.coalesce(
            pl.datetime(year, 1, 1, time_unit="us", time_zone="UTC"),
            day.str.to_datetime("%Y%m%d", strict=False, time_unit="us", time_zone="UTC"),
            second.then(value).str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us", time_zone="UTC"),
            moment,
        )
    ).to_series()  # fmt: skip


def _from_formats(text: pl.Series) -> pl.Series:
    """ISO 8601 and its relatives, each way of writing on what the ones before did not read."""
    import polars as pl

    found = text.clear().cast(pl.Datetime("us", "UTC"), strict=False).extend_constant(None, len(text))
    for form in (*_ZONED, *_FORMATS, *_DATES, *_WORDED):
        dated = text.str.contains(r"^[A-Z]" if form in _WORDED else r"^\d{4}")  # else 10/2/17 would be the year 10
        left = (found.is_null() & dated).arg_true()
        if not len(left):
            continue
        part = text.gather(left)
        if form in _DATES:
            read = part.str.to_date(form, strict=False).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        else:
            read = part.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        if read.null_count() < len(read):
            found = found.scatter(left, read)
    return found


def _by_dateutil(value: str, day_first: bool) -> datetime | None:
    """A time in words. Year and month must be written: dateutil would take the missing from today."""
    from dateutil import parser

    text = _CHINESE.sub(r"\1-\2-\3 ", value)
    if len(text) > 80 or sum(char.isdigit() for char in text) < 3:
        return None
    read = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", parser.UnknownTimezoneWarning)
        for default in (datetime(2000, 1, 1), datetime(2004, 2, 1)):
            try:
                read.append(parser.parse(text, default=default, dayfirst=day_first, tzinfos=_ZONES))
            except (ValueError, OverflowError, parser.UnknownTimezoneWarning):
                return None
    if read[0] != read[1]:
        return None
    return read[0].astimezone(UTC) if read[0].tzinfo else read[0].replace(tzinfo=UTC)


def weibo_reader(now: datetime) -> Callable[[str], datetime | None]:
    """Reads the times of Weibo, which are relative to the moment they are shown, in Chinese time."""
    here = now + timedelta(hours=8)
    units = {"秒": timedelta(seconds=1), "分钟": timedelta(minutes=1), "小时": timedelta(hours=1)}

    def read(value: str) -> datetime | None:
        ago = re.search(r"(\d+)\s*(秒|分钟|小时)", value)
        clock = re.search(r"(\d{1,2}):(\d{2})", value)
        dated = re.search(r"(?:(\d{4})\s*[年-])?\s*(\d{1,2})\s*[月-]\s*(\d{1,2})", value)
        if ago and "前" in value:
            return now - int(ago[1]) * units[ago[2]]
        if "刚刚" in value:
            return now
        hour, minute = (int(clock[1]), int(clock[2])) if clock else (0, 0)
        try:
            if "今天" in value or "昨天" in value:
                day = here - timedelta(days="昨天" in value)
                return day.replace(hour=hour, minute=minute, second=0, microsecond=0) - timedelta(hours=8)
            if dated:
                year = int(dated[1]) if dated[1] else here.year
                moment = datetime(year, int(dated[2]), int(dated[3]), hour, minute, tzinfo=UTC) - timedelta(hours=8)
                is_last_year = not dated[1] and moment > now + timedelta(days=1)
                return moment.replace(year=year - 1) if is_last_year else moment
        except ValueError:
            return None
        return None

    return read
