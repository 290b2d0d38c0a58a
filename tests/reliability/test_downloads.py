"""Downloads of a large table from the web server: they begin at once, and its process holds little of them."""

from __future__ import annotations

import random
import time
from pathlib import Path

import polars as pl
import psutil
import pytest
import requests

from app.domain.dataset import Kind
from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from tests.conftest import Starter
from tests.reliability.test_web import Web
from tests.results import store

ROWS = 400_000
MEGABYTE = 1_000_000


@pytest.fixture
def posts() -> pl.DataFrame:
    """Some hundred megabytes of posts."""
    terms = ("tea", "coffee", "rain", "wind", "sun", "moon")
    words = [" ".join(random.Random(seed).choices(terms, k=40)) for seed in range(997)]
    numbers = pl.int_range(ROWS, eager=True)
    return pl.DataFrame({"id": numbers, "likes": numbers * 7919 % 1000, "body": pl.Series(words).gather(numbers % 997)})


def peaks(web: Web) -> int:
    """The most memory that a web process has had since this was last asked, in bytes; then begin anew."""
    found = 0
    for child in psutil.Process(web.process.pid).children():
        lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
        found = max(found, *(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")))
        Path(f"/proc/{child.pid}/clear_refs").write_text("5")
    return found


def test_large_downloads_begin_at_once_and_take_little_memory(
    ctx: Context, user: User, start: Starter, tmp_path: Path, posts: pl.DataFrame
) -> None:
    path = tmp_path / "posts.parquet"
    posts.write_parquet(path, row_group_size=65_536)
    large = store(ctx, user, Kind.TABLE, {"table": path}, columns=posts.columns, rows=ROWS)
    web = Web(start, create_token(ctx, user, "downloads")[1])
    url = f"{web.url}/datasets/{large.key}/download"

    def fetch(query: str, packing: str = "identity") -> tuple[float, float, int]:
        """Seconds to the first byte and to the last one, and how many bytes there are."""
        began = time.monotonic()
        headers = {**web.headers, "Accept-Encoding": packing}
        with requests.get(f"{url}?{query}", headers=headers, stream=True, timeout=120) as answer:
            assert answer.status_code == 200, answer.text
            size = len(answer.raw.read(1))
            first = time.monotonic() - began
            while chunk := answer.raw.read(MEGABYTE):
                size += len(chunk)
        return first, time.monotonic() - began, size

    for process in range(4):  # both processes load their libraries
        fetch(f"format=csv&filter=id<{process + 1}")
    before = peaks(web)
    for query, packing, least in (
        ("format=csv", "identity", 70),
        ("format=csv", "gzip", 1),
        ("format=ndjson", "zstd", 1),
        ("format=ndjson&filter=likes>=500", "identity", 30),
        ("format=parquet&filter=likes>=500", "identity", 0.05),
        ("format=parquet", "identity", 0.2),
    ):
        first, whole, size = fetch(query, packing)
        assert size > least * MEGABYTE, query
        assert first < max(3.0, whole / 3), f"{query}: {first:.2f} of {whole:.2f} s until the first byte"
        grown = peaks(web) - before
        assert grown < 150 * MEGABYTE, f"{query}: {grown / MEGABYTE:.0f} MB more"
