"""Downloads for Excel: read back with two readers that are not ours, and sent while the table is still being read."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fastexcel
import openpyxl
import polars as pl
import pytest

from app.domain.dataset import Dataset
from app.domain.errors import NotCompatible
from app.domain.user import User
from app.services import workbook_export
from app.services.context import Context
from app.services.download import open_download
from tests.results import POSTS, store_table

MADE = datetime(2026, 3, 1, tzinfo=UTC)
ODD = ["plain", " spaces ", "a\nb\tc", "<b>&amp;</b>", "]]>", "=1+1", "-5", "@x", "'quoted", "“ünï” 🫖", "x" * 40_000]


def fetch(ctx: Context, user: User, dataset: Dataset, format: str, **more: Any) -> bytes:
    return b"".join(open_download(ctx, user, dataset.key, format, **more).chunks)


def workbook(frame: pl.DataFrame, folder: Path) -> bytes:
    frame.write_parquet(folder / "table.parquet", row_group_size=1000)
    return b"".join(workbook_export.xlsx(folder / "table.parquet", made=MADE))


def cells(content: bytes) -> list[list[Any]]:
    """The values of a workbook as openpyxl reads them, header first."""
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]


def test_it_holds_text_numbers_and_dates(ctx: Context, user: User, tmp_path: Path) -> None:
    posts = store_table(ctx, user, tmp_path)
    content = fetch(ctx, user, posts, "xlsx")
    sheet = fastexcel.read_excel(content).load_sheet("data").to_polars()
    assert sheet["body"].to_list() == POSTS["body"].to_list()
    assert sheet["timestamp"].to_list() == POSTS["timestamp"].to_list()
    assert sheet["score"].to_list() == [1.5, None, None, 3.0, 4.0, 5.0]
    assert content == fetch(ctx, user, posts, "xlsx")  # as its ETag says
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert (book.sheetnames, book.active.freeze_panes, book.active["A1"].font.bold) == (["data"], "A2", True)
    posts_ended = posts.ended or posts.created
    assert abs((book.properties.created.replace(tzinfo=UTC) - posts_ended).total_seconds()) < 1


def test_it_says_the_same_as_the_other_formats(ctx: Context, user: User, tmp_path: Path) -> None:
    rows = 9_000  # more than are in memory at a time
    number = pl.int_range(rows, eager=True)
    frame = pl.DataFrame(
        {
            "id": number.cast(pl.String),
            "timestamp": pl.Series([datetime(2020, 1, 1)]).append(pl.Series([None] * (rows - 1), dtype=pl.Datetime)),
            "body": pl.Series([f"post {n} <{n % 7}>" if n % 3 else None for n in range(rows)]),
            "likes": pl.Series([n if n % 5 else None for n in range(rows)]),
            "score": number / 7,
        },
    )
    table = store_table(ctx, user, tmp_path, frame)
    read = csv.DictReader(io.StringIO(fetch(ctx, user, table, "csv").decode(), newline=""))
    expected = [list(row.values()) for row in read]
    found = cells(fetch(ctx, user, table, "xlsx"))
    assert found[0] == frame.columns
    assert found[1][1] == datetime(2020, 1, 1)
    assert [[str(v) if v is not None else "" for v in row[:1] + row[2:4]] for row in found[1:]] == [
        row[:1] + row[2:4] for row in expected
    ]
    assert [row[4] for row in found[1:]] == [float(row[4]) for row in expected]


def test_every_text_comes_back(tmp_path: Path) -> None:
    content = workbook(pl.DataFrame({"=name()": ODD}), tmp_path)
    expected = [*ODD[:-1], "x" * 32_766 + "…"]
    assert [row[0] for row in cells(content)] == ["=name()", *expected]
    assert fastexcel.read_excel(content).load_sheet("data").to_polars()["=name()"].to_list() == expected
    book = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [cell.data_type for (cell,) in book.iter_rows(min_row=2)] == ["s"] * len(ODD)
    assert [cell.quotePrefix for (cell,) in book.iter_rows(min_row=6, max_row=9)] == [False, True, True, True]


def test_a_cell_counts_its_letters_as_excel_does(tmp_path: Path) -> None:
    (_, found, short) = (row[0] for row in cells(workbook(pl.DataFrame({"a": ["🫖" * 20_000, "🫖"]}), tmp_path)))
    assert len(found.encode("utf-16-le")) // 2 <= 32_767
    assert (found[:2], found[-1], short) == ("🫖🫖", "…", "🫖")


def test_what_xml_cannot_hold_is_spelt_out(tmp_path: Path) -> None:
    content = workbook(pl.DataFrame({"a": ["\x00\x1f\r\ufffe", "_x0041_x0042_"]}), tmp_path)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert ">_x0000__x001F__x000D__xFFFE_<" in sheet
    assert ">_x005F_x0041_x005F_x0042_<" in sheet  # what looks like that stays as it is


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (10**15, "1000000000000000"),
        (-(10**15) + 1, -(10**15) + 1),
        (1.1e-7, 1.1e-7),
        (datetime(1899, 12, 31, 23), "1899-12-31 23:00:00"),
        (datetime(1900, 3, 1), datetime(1900, 3, 1)),
        (datetime(2026, 2, 3, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 2, 3, 23, 59, 59)),
        (datetime(9999, 12, 31), datetime(9999, 12, 31)),
        (date(2026, 1, 2), "2026-01-02"),
        (["a", "b"], "a,b"),
        ({"a": 1}, '{"a":1}'),
        (b"\x00", "AA=="),
    ],
)
def test_values_of_every_kind(tmp_path: Path, value: object, expected: object) -> None:
    found = cells(workbook(pl.DataFrame({"n": ["x", "y"], "v": [value, None]}), tmp_path))
    assert found == [["n", "v"], ["x", expected], ["y", None]]


def test_a_table_too_long_for_excel_is_refused_unless_what_is_wanted_fits(
    ctx: Context, user: User, tmp_path: Path
) -> None:
    long = store_table(ctx, user, tmp_path, pl.DataFrame({"n": pl.int_range(1_048_576, eager=True)}))
    with pytest.raises(NotCompatible, match=r"1,048,575 rows.*csv or ndjson"):
        open_download(ctx, user, long.key, "xlsx")
    with pytest.raises(NotCompatible, match=r"has 1,048,576 rows"):
        open_download(ctx, user, long.key, "xlsx", filter=["n>=0"])
    assert cells(fetch(ctx, user, long, "xlsx", filter=["n>1048573"])) == [["n"], [1_048_574], [1_048_575]]


def test_it_begins_before_the_table_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    POSTS.write_parquet(tmp_path / "table.parquet")
    real, taken = workbook_export.batches, []

    def counted(*given: Any) -> Iterator[pl.DataFrame]:
        for frame in real(*given):
            taken.append(frame.height)
            yield frame

    monkeypatch.setattr(workbook_export, "batches", counted)
    stream = workbook_export.xlsx(tmp_path / "table.parquet", made=MADE)
    first = next(stream)
    assert (first[:4], b"[Content_Types].xml" in first, taken) == (b"PK\x03\x04", True, [])
    assert len(cells(first + b"".join(stream))) == POSTS.height + 1
    assert taken == [POSTS.height]


def test_a_long_one_takes_little_memory_and_comes_bit_by_bit(tmp_path: Path) -> None:
    rows = 160_000
    body = pl.concat_str(pl.int_range(rows) % 977, pl.lit(" some words in a post " * 8))
    pl.select(id=pl.int_range(rows), body=body).write_parquet(tmp_path / "large.parquet", row_group_size=16_384)
    program = (
        "import resource, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from app.services import workbook_export\n"
        "stream = workbook_export.xlsx(Path(sys.argv[1]), made=datetime.now(UTC)); sizes = []\n"
        "for number, chunk in enumerate(stream):\n"
        "    sizes.append(len(chunk))\n"
        "    if number == 4: before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(len(sizes), max(sizes), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "large.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pieces, largest, grown = map(int, done.stdout.split())
    assert pieces > 18
    assert largest < 2_000_000
    assert grown < 60, f"the stream grew by {grown} MB"


def test_what_is_too_large_for_an_ordinary_archive_is_told_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_export, "_ZIP64_FROM", 100)
    assert len(cells(workbook(POSTS, tmp_path))) == POSTS.height + 1
