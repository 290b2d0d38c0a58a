"""Parts of large tables: what nobody asks for is not read from the file, and what is asked for is all there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from app.domain.dataset import Dataset, Kind
from app.domain.errors import InvalidInput, NotCompatible
from app.domain.user import User
from app.services.context import Context
from app.services.download import open_download
from app.services.items import page
from tests.results import POSTS, store, store_bytes, store_table

ROWS = 400_000
GROUP = 20_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty groups of rows: `number` grows along the file, `body` takes nearly all of its bytes."""
    number = pl.int_range(ROWS, eager=True)
    frame = pl.DataFrame(
        {
            "number": number,
            "id": number.cast(pl.String).str.zfill(9),
            "timestamp": pl.from_epoch(number * 60).dt.replace_time_zone("UTC"),
            "likes": (number * 7919) % 1000,
            "body": number.hash(1).cast(pl.String) + number.hash(2).cast(pl.String) + number.hash(3).cast(pl.String),
        }
    )
    path = tmp_path_factory.mktemp("large") / "large.parquet"
    frame.write_parquet(path, row_group_size=GROUP)
    return path


@pytest.fixture
def large(ctx: Context, user: User, tmp_path: Path, file: Path) -> Dataset:
    """A dataset of it."""
    path = tmp_path / "large.parquet"
    path.hardlink_to(file)
    columns = pl.read_parquet_schema(path)
    return store(ctx, user, Kind.TABLE, {"table": path}, columns=list(columns), rows=ROWS)


def bytes_read(work: Callable[[], object]) -> int:
    """How many bytes this process reads from files and sockets while it does something."""

    def so_far() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])

    before = so_far()
    work()
    return so_far() - before


QUESTIONS: list[tuple[dict[str, Any], float]] = [
    ({"columns": ["likes"], "offset": 300_000}, 0.02),  # one column of one group
    ({"offset": 300_000}, 0.10),  # all columns of one group
    ({"filter": "number>=399990"}, 0.10),  # the one group that by its statistics can hold it
    ({"filter": "id==000200000"}, 0.10),
    ({"filter": "timestamp>=1970-10-05", "columns": ["number"]}, 0.10),
    ({"filter": "likes==7", "columns": ["number"], "limit": 5}, 0.20),  # two narrow columns of all groups
    ({"sort": "-likes", "columns": ["number", "likes"]}, 0.20),
    ({"sort": "likes", "columns": ["number"], "offset": 390_000}, 0.20),
]


def test_only_what_a_page_needs_is_read(ctx: Context, user: User, large: Dataset, file: Path) -> None:
    size = file.stat().st_size
    page(ctx, user, large.key, limit=1)  # the engine starts
    for question, share in QUESTIONS:
        read = bytes_read(partial(page, ctx, user, large.key, **question))
        assert read < share * size, f"{question}: {read:,} of {size:,} bytes"
    everything = bytes_read(lambda: page(ctx, user, large.key, filter="body~^nothing$"))
    assert everything > 0.7 * size, "the measure does not see what is read"


def test_a_page_after_the_first_searches_nothing_anew(ctx: Context, user: User, large: Dataset, file: Path) -> None:
    asked = {"filter": "body~00", "columns": ["number"], "limit": 10}
    first = page(ctx, user, large.key, **asked)  # type: ignore[arg-type]
    size = file.stat().st_size
    found: list[int] = []
    read = bytes_read(
        lambda: found.extend(
            row["number"]
            for row in page(ctx, user, large.key, offset=10, **asked).rows  # type: ignore[arg-type]
        )
    )
    assert read < 0.2 * size
    frame = pl.read_parquet(file)
    right = frame.filter(pl.col("body").str.contains("00"))["number"]
    assert (first.total, [row["number"] for row in first.rows], found) == (
        right.len(),
        right[:10].to_list(),
        right[10:20].to_list(),
    )


def test_deep_pages_of_a_sorted_table_are_right(ctx: Context, user: User, large: Dataset, file: Path) -> None:
    frame = pl.read_parquet(file, columns=["number", "likes"])
    right = frame.sort(["likes", "number"], descending=[True, False])["number"]
    for offset in (0, 1_995, 390_000, 399_990):
        found = page(ctx, user, large.key, sort="-likes", offset=offset, limit=20, columns=["number"])
        assert [row["number"] for row in found.rows] == right[offset : offset + 20].to_list()
        assert found.total == ROWS


def test_only_the_part_of_a_table_that_is_downloaded_is_read(
    ctx: Context, user: User, large: Dataset, file: Path
) -> None:
    size = file.stat().st_size

    def all_of(format: str, **more: object) -> bytes:
        return b"".join(open_download(ctx, user, large.key, format, **more).chunks)  # type: ignore[arg-type]

    page(ctx, user, large.key, limit=1)
    assert bytes_read(lambda: all_of("csv", columns=["likes"])) < 0.1 * size
    assert bytes_read(lambda: all_of("ndjson", filter=["number<5"])) < 0.25 * size
    wanted = ["likes>=990", "number>100000"]
    frame = pl.read_parquet(io.BytesIO(all_of("parquet", filter=wanted)))
    whole = pl.read_parquet(file)
    assert frame.equals(whole.filter(pl.col("likes") >= 990, pl.col("number") > 100_000))
    csv = all_of("csv", filter=wanted, columns=["likes", "number"])
    assert pl.read_csv(csv).equals(frame.select("likes", "number"))


POINTS = {"columns": ["id", "hashtags"], "filter": ["author==ann"]}


def test_every_format_takes_columns_and_filters(ctx: Context, user: User, tmp_path: Path) -> None:
    posts = store_table(ctx, user, tmp_path)

    def part(format: str, **asked: list[str]) -> bytes:
        return b"".join(open_download(ctx, user, posts.key, format, **(asked or POINTS)).chunks)  # type: ignore[arg-type]

    assert part("csv") == b'id,hashtags\r\n1,"a,b"\r\n3,\r\n'
    assert part("ndjson") == b'{"id":"1","hashtags":["a","b"]}\n{"id":"3","hashtags":null}\n'
    assert json.loads(part("json")) == [{"id": "1", "hashtags": ["a", "b"]}, {"id": "3", "hashtags": None}]
    assert pl.read_parquet(io.BytesIO(part("parquet"))).equals(POSTS[[0, 2]].select("id", "hashtags"))
    assert pl.read_excel(part("xlsx"))["id"].to_list() == ["1", "3"]
    assert part("csv", filter=["author==nobody"], columns=["id"]) == b"id\r\n"
    assert pl.read_parquet(io.BytesIO(part("parquet", filter=["author==nobody"]))).schema == POSTS.schema
    tags = {
        open_download(ctx, user, posts.key, "csv", columns=columns, filter=conditions).etag
        for columns in (None, ["id"], ["id", "body"])
        for conditions in (None, ["id==1"])
    }
    assert len(tags) == 6


def test_what_cannot_be_taken_apart_says_so(ctx: Context, user: User, tmp_path: Path) -> None:
    posts = store_table(ctx, user, tmp_path)
    with pytest.raises(InvalidInput, match="no column “colour”"):
        open_download(ctx, user, posts.key, "csv", columns=["colour"])
    with pytest.raises(InvalidInput, match="Write a column"):
        open_download(ctx, user, posts.key, "csv", filter=["colour"])
    html = store_bytes(ctx, user, tmp_path, Kind.PAGE, "page", "page.html", b"<p>tea")
    with pytest.raises(NotCompatible, match="Only tables"):
        open_download(ctx, user, html.key, "html", columns=["id"])


def test_a_column_that_begins_as_another_is_left_out(ctx: Context, user: User, tmp_path: Path) -> None:
    named = store_table(ctx, user, tmp_path, pl.DataFrame({"a": [1], "a.b": [2], "A": [datetime(2026, 1, 2)]}))
    for names in (["a"], ["a.b"], ["A", "a"]):
        found = b"".join(open_download(ctx, user, named.key, "parquet", columns=names, filter=["a==1"]).chunks)
        assert pl.read_parquet(io.BytesIO(found)).columns == names
