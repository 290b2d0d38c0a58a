"""Times are read as they are written, in UTC; what cannot be read is set aside or counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.plugins import InvalidInput
from datasources.upload._moments import Moments, weibo_reader
from tests.unit.upload_files import import_data

NOON = datetime(2021, 5, 30, 12, 0, tzinfo=UTC)


def read(*values: str | None) -> list[datetime | None]:
    return Moments().read(pa.array(values, pa.string())).to_list()


@pytest.mark.parametrize(
    "written",
    [
        "1622376000", "1622376000.0", "1622376000000", "1622376000000000", "1622376000000000000", "1.622376e9",
        "2021-05-30 12:00:00", "2021-05-30T12:00:00", "2021-05-30T12:00:00Z", "2021-05-30T12:00:00.000Z",
        "2021-05-30T14:00:00+02:00", "2021-05-30T14:00:00+0200", "2021-05-30 14:00:00+02", "2021-05-30 07:00:00 -0500",
        "2021-05-30T12:00", "2021-05-30 12:00:00 UTC", "2021-05-30 08:00:00 EDT", "2021/05/30 12:00:00",
        "20210530120000", "Sun May 30 12:00:00 +0000 2021", "Sun, 30 May 2021 14:00:00 +0200", "May 30, 2021 12:00 PM",
        "30 May 2021 12:00", "30/05/2021 12:00", "5/30/2021 12:00 PM", "5/30/21 12:00", "30.05.2021 12:00:00",
        "30.5.21, 12:00", "2021年5月30日 12:00", " 2021-05-30 12:00:00 ",
    ],
)  # fmt: skip
def test_ways_of_writing_a_moment(written: str) -> None:
    assert read(written) == [NOON]


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2021", datetime(2021, 1, 1)),
        ("2021.0", datetime(2021, 1, 1)),
        ("2021-05-30", datetime(2021, 5, 30)),
        ("20210530", datetime(2021, 5, 30)),
        ("May 2021", datetime(2021, 5, 1)),
        ("31/12/99", datetime(1999, 12, 31)),
    ],
)
def test_dates_without_a_time(written: str, date: datetime) -> None:
    assert read(written) == [date.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    "written", ["yesterday", "10:30", "Monday", "2021-13-01", "31/31/2021", "12", "n/a", "30 May 2021 12:00 XYZ", "-"]
)
def test_what_is_no_moment(written: str) -> None:
    assert read(written) == [None]


def test_one_column_may_mix_ways_of_writing() -> None:
    assert read("1622376000", "", None, "2021-05-30T12:00:00Z", "nonsense") == [NOON, None, None, NOON, None]


@settings(deadline=None)
@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1)), st.integers(-12, 14))
def test_iso_times_come_back(moment: datetime, hours: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(hours=hours)))

    assert read(zoned.isoformat(), zoned.isoformat(" ")) == [zoned, zoned]


@settings(deadline=None)
@given(st.datetimes(datetime(2001, 10, 1), datetime(2200, 1, 1)))
def test_epoch_times_come_back(moment: datetime) -> None:
    zoned = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    microseconds = (zoned - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    assert read(str(microseconds), str(microseconds // 1000)) == [zoned, zoned]


def test_the_whole_column_decides_between_day_and_month(tmp_path: Path) -> None:
    early = "".join(f"{n},03/04/2020\n" for n in range(2_000))

    day_first = import_data(tmp_path, f"id,date\n{early}x,25/04/2020\n")
    month_first = import_data(tmp_path, f"id,date\n{early}x,04/25/2020\n")

    assert day_first.rows[0]["timestamp"] == datetime(2020, 4, 3, tzinfo=UTC)
    assert month_first.rows[0]["timestamp"] == datetime(2020, 3, 4, tzinfo=UTC)
    assert day_first.warnings == month_first.warnings == []


def test_when_nothing_decides_the_guess_is_told(tmp_path: Path) -> None:
    found = import_data(tmp_path, "id,date\n1,03/04/2020\n2,05/06/2020\n")

    assert found.rows[0]["timestamp"] == datetime(2020, 3, 4, tzinfo=UTC)
    assert found.warnings == ["Dates such as 03/04/2020 can be read in two ways; they were read with the month first."]


def test_rows_with_unreadable_times_are_set_aside(tmp_path: Path) -> None:
    rows = [f'{n},2020-01-0{n},"text\n{n}"' for n in range(1, 10)]
    rows[4] = '5,some day,"text\n5"'
    found = import_data(tmp_path, "id,date,body\n" + "\n".join(rows))

    assert found.column("id") == ["1", "2", "3", "4", "6", "7", "8", "9"]
    assert found.quarantined == [(10, "The time cannot be read: “some day”.", '5,some day,"text\n5"')]


def test_empty_times_are_kept_and_counted(tmp_path: Path) -> None:
    found = import_data(tmp_path, "id,date,body\n1,2020-01-01,a\n2,,b\n3, ,c\n")

    assert found.column("timestamp") == [datetime(2020, 1, 1, tzinfo=UTC), None, None]
    assert found.warnings == ["2 rows have no time; it is left empty."]


def test_a_column_without_times_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"2 of 2 rows.*“author” does not hold times.*Choose the column") as error:
        import_data(tmp_path, "id,author\n1,ann\n2,bob\n", timestamp="author")
    assert list(error.value.fields) == ["timestamp"]


def test_the_time_is_also_kept_as_it_was_written(tmp_path: Path) -> None:
    found = import_data(tmp_path, "id,created_utc\n1,1622376000\n")

    assert found.rows[0]["timestamp"] == NOON
    assert found.rows[0]["created_utc"] == "1622376000"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("10分钟前", datetime(2020, 1, 2, 2, 54)),
        ("3小时前 来自 iPhone", datetime(2020, 1, 2, 0, 4)),
        ("今天 08:30", datetime(2020, 1, 2, 0, 30)),
        ("昨天 01:00", datetime(2019, 12, 31, 17, 0)),
        ("06月15日 12:30", datetime(2019, 6, 15, 4, 30)),
        ("2018-06-15 10:00", datetime(2018, 6, 15, 2, 0)),
        ("刚刚", datetime(2020, 1, 2, 3, 4)),
    ],
)
def test_relative_times_of_weibo(written: str, moment: datetime) -> None:
    reader = weibo_reader(datetime(2020, 1, 2, 3, 4, tzinfo=UTC))

    assert reader(written) == moment.replace(tzinfo=UTC)
