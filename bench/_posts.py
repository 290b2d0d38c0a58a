"""Generated posts for the benchmarks: seeded, so every run measures the same bytes.

Bodies hold 20 to 60 words drawn from a Zipf vocabulary of 50,000 types; some hold commas, quotes and newlines, as
posts do. A row is about 350 bytes of CSV.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

VOCABULARY = 50_000
AUTHORS = 40_000
TAGS = 2_000
STEP = 50_000
START = 1_577_836_800  # 2020-01-01
_LETTERS = np.frombuffer(b"etaoinshrdlucmfwypvbgkjqxz", dtype=np.uint8)


def vocabulary(rng: np.random.Generator) -> pa.Array:
    """Words by rank: the frequent ones are short; about one in forty is not ASCII."""
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        length = 2 + int(np.log10(len(words) + 1) * 1.45) + int(rng.integers(0, 2))
        picks = np.minimum(rng.exponential(6, length).astype(int), 25)
        word = _LETTERS[picks].tobytes().decode()
        words.setdefault(word.replace("e", "é") if len(words) % 40 == 39 else word)
    return pa.array(list(words))


def _weights(size: int) -> np.ndarray:
    shares = 1 / np.arange(1, size + 1)
    return np.cumsum(shares / shares.sum())


def _draw(rng: np.random.Generator, cumulative: np.ndarray, count: int) -> np.ndarray:
    return np.minimum(np.searchsorted(cumulative, rng.random(count)), len(cumulative) - 1)


def _bodies(rng: np.random.Generator, words: pa.Array, cumulative: np.ndarray, rows: int) -> pa.Array:
    sizes = rng.integers(20, 61, rows)
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    picked = words.take(pa.array(_draw(rng, cumulative, int(offsets[-1])).astype(np.int32)))
    text = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), picked), " ")
    chance = rng.random(rows)
    commas = pc.replace_substring(text, " e ", ", ")
    quoted = pc.binary_join_element_wise('"', commas, '" they said', "")
    broken = pc.replace_substring(commas, " a", "\na", max_replacements=1)
    return pc.case_when(
        pc.make_struct(pa.array(chance < 0.03), pa.array(chance < 0.1), pa.array(chance < 0.4)),
        quoted, broken, commas, text,
    )  # fmt: skip


def posts(rows: int, seed: int = 1) -> Iterator[pa.Table]:
    """Yield posts in tables of at most 50,000 rows: text columns, and `timestamp` as a date and time in UTC."""
    rng = np.random.default_rng(seed)
    words, shares = vocabulary(rng), _weights(VOCABULARY)
    authors, tags = _weights(AUTHORS), _weights(TAGS)
    for start in range(0, rows, STEP):
        count = min(STEP, rows - start)
        number = np.arange(start, start + count)
        ids = pc.cast(pa.array(number + 10_000_000), pa.string())
        moments = START + number * 97 + rng.integers(0, 97, count)
        tag = words.take(pa.array(_draw(rng, tags, count) + 100))
        more = words.take(pa.array(_draw(rng, tags, count) + 100))
        author = pc.cast(pa.array(_draw(rng, authors, count)), pa.string())
        subject = pc.binary_join_element_wise(words.take(pa.array(_draw(rng, shares, count))), tag, " ")
        yield pa.table(
            {
                "id": ids,
                "thread_id": pc.cast(pa.array((number // 7) * 7 + 10_000_000), pa.string()),
                "timestamp": pa.array(moments * 1_000_000, pa.timestamp("us", "UTC")),
                "author": pc.binary_join_element_wise("user", author, ""),
                "subject": subject,
                "body": _bodies(rng, words, shares, count),
                "url": pc.binary_join_element_wise("https://example.org/post/", ids, ""),
                "hashtags": pc.binary_join_element_wise(tag, more, ","),
                "likes": pc.cast(pa.array(rng.geometric(0.02, count)), pa.string()),
            }
        )


def posts_csv(rows: int, path: Path, seed: int = 1) -> None:
    """Write posts as CSV, quoted only where needed, the time as `2020-01-01 00:00:00`."""
    with path.open("wb") as out:
        for number, table in enumerate(posts(rows, seed)):
            frame = pl.DataFrame(pl.from_arrow(table))
            frame.write_csv(out, include_header=number == 0, datetime_format="%Y-%m-%d %H:%M:%S")


def posts_parquet(rows: int, path: Path, seed: int = 1) -> None:
    """Write posts as Parquet, as a finished dataset is stored: zstd, groups of 65,536 rows."""
    writer = None
    try:
        for table in posts(rows, seed):
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=65_536)
    finally:
        if writer is not None:
            writer.close()
