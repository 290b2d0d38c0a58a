"""Random samples, beyond the examples."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from app.plugins import EmptyResult, InvalidInput
from app.plugins.testing import MemoryRun, run_processor
from processors.filters.random_filter import RandomFilter

TABLE = pl.DataFrame({"n": range(1_000)})


def drawn(size: int, folder: Path, seed: int = 1, table: pl.DataFrame | pl.LazyFrame = TABLE) -> list[int]:
    rows = run_processor(RandomFilter, table, {"sample_size": size}, run=MemoryRun(folder, seed=seed))
    return [row["n"] for row in rows]


def test_a_sample_has_its_size_and_keeps_the_order(tmp_path: Path) -> None:
    sample = drawn(100, tmp_path)
    assert len(set(sample)) == 100
    assert sample == sorted(sample)


def test_the_seed_decides(tmp_path: Path) -> None:
    assert drawn(50, tmp_path, seed=1) == drawn(50, tmp_path, seed=1) != drawn(50, tmp_path, seed=2)


def test_every_row_is_as_likely(tmp_path: Path) -> None:
    table = pl.DataFrame({"n": range(10)})
    times = [0] * 10
    for seed in range(300):
        for row in drawn(3, tmp_path, seed, table):
            times[row] += 1
    assert sum(times) == 900
    assert all(50 < count < 135 for count in times)


def test_rows_are_drawn_across_the_parts_of_a_file(tmp_path: Path) -> None:
    TABLE.write_parquet(tmp_path / "t.parquet", row_group_size=64)
    assert drawn(100, tmp_path, table=pl.scan_parquet(tmp_path / "t.parquet")) == drawn(100, tmp_path)


def test_all_rows_may_be_drawn(tmp_path: Path) -> None:
    assert drawn(1_000, tmp_path) == list(range(1_000))


@pytest.mark.parametrize("size", [0, -1, 1_001])
def test_an_impossible_size_is_refused(size: int, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        drawn(size, tmp_path)
    assert set(caught.value.fields) == {"sample_size"}


def test_nothing_to_draw_from(tmp_path: Path) -> None:
    with pytest.raises(EmptyResult):
        drawn(1, tmp_path, table=TABLE.clear())
