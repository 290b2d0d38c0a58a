"""Counts, rankings, filters and links on generated posts, each against a raw polars script for the same result.

    python -m bench.processors_basic [ROWS] [CASE ...]

Every run is a fresh process that scans one Parquet file and sinks another; a processor goes through its options and its
`process`, as in a job. Printed are seconds of work (imports apart), peak memory, and the ratio. A processor may take
1.5 times the raw script plus a quarter of a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from app.plugins import Processor
from bench._posts import posts_parquet

ROOT = Path(__file__).resolve().parents[1]
Raw = Callable[[pl.LazyFrame], pl.LazyFrame]


def _per_day(posts: pl.LazyFrame) -> pl.LazyFrame:
    days = posts.group_by(pl.col("timestamp").dt.truncate("1d")).len().sort("timestamp")
    return days.select(pl.col("timestamp").dt.strftime("%Y-%m-%d"), item=pl.lit("activity"), value="len")


def _authors_per_month(posts: pl.LazyFrame) -> pl.LazyFrame:
    month = pl.col("timestamp").dt.truncate("1mo").alias("date")
    author = pl.col("author").str.split(",").alias("item")
    cells = (
        posts.select(month, author).explode("item").with_columns(pl.col("item").str.strip_chars().str.to_lowercase())
    )
    counts = cells.group_by("date", "item").len().sort(["date", "len", "item"], descending=[False, True, False])
    return counts.group_by("date", maintain_order=True).head(25).with_columns(pl.col("date").dt.strftime("%Y-%m"))


def _hashtags(posts: pl.LazyFrame) -> pl.LazyFrame:
    tags = posts.select(pl.col("hashtags").str.split(",")).explode("hashtags")
    counts = tags.group_by(pl.col("hashtags").str.strip_chars().str.to_lowercase()).len()
    return counts.sort(["len", "hashtags"], descending=[True, False]).head(25)


def _hosts(posts: pl.LazyFrame) -> pl.LazyFrame:
    hosts = posts.select(pl.col("url").str.extract_all(r"https?://[^\s/?#]+")).explode("url")
    return hosts.group_by(pl.col("url").str.replace(r"^https?://", "").str.to_lowercase()).len().top_k(25, by="len")


def _links(posts: pl.LazyFrame) -> pl.LazyFrame:
    text = pl.concat_str("body", "url", separator="\n", ignore_nulls=True)
    links = text.str.extract_all(r"(?i)https?://[^\s<>\"]+").list.unique(maintain_order=True).alias("links")
    found = posts.select("id", links, content_body="body", content_url="url").filter(pl.col("links").list.len() > 0)
    return found.with_columns(pl.col("links").list.len().alias("n"), pl.col("links").list.join(","))


def _sample(posts: pl.LazyFrame) -> pl.LazyFrame:
    rows = posts.select(pl.len()).collect().item()
    chosen = pl.int_range(rows, eager=True).sample(rows // 100, seed=1).sort()
    return posts.with_row_index("row").filter(pl.col("row").is_in(chosen.implode())).drop("row")


WORDS = ["meae", "ubtobttb", "aoiro"]

CASES: dict[str, tuple[str, dict[str, Any], Raw]] = {
    "count-posts-day": ("count-posts", {"timeframe": "day"}, _per_day),
    "rank-author-month": ("attribute-frequencies", {"columns": "author", "timeframe": "month"}, _authors_per_month),
    "rank-hashtags-all": ("attribute-frequencies", {"columns": "hashtags"}, _hashtags),
    "rank-url-domain": ("attribute-frequencies", {"columns": "url", "extract": "hostnames"}, _hosts),
    "extract-urls": ("extract-urls-filter", {"columns": "body,url"}, _links),
    "lexical-filter": (
        "lexical-filter",
        {"lexicon_custom": ",".join(WORDS)},
        lambda posts: posts.filter(pl.col("body").str.contains(rf"(?i)\b(?:{'|'.join(WORDS)})\b")),
    ),
    "column-filter-gt": (
        "column-filter",
        {"column": "likes", "match_style": "value-greater-than", "match_value": "100"},
        lambda posts: posts.filter(pl.col("likes").cast(pl.Float64, strict=False) > 100),
    ),
    "column-filter-contains": (
        "column-filter",
        {"column": "body", "match_style": "value-contains", "match_value": "meae"},
        lambda posts: posts.filter(pl.col("body").str.contains("meae", literal=True)),
    ),
    "column-filter-top": (
        "column-filter",
        {"column": "likes", "match_style": "top-top", "top_n": 50},
        lambda posts: posts.filter(
            pl.col("likes").cast(pl.Float64)
            >= posts.select(pl.col("likes").cast(pl.Float64).unique().top_k(50).min()).collect().item()
        ),
    ),
    "unique-filter": (
        "unique-filter",
        {"columns": "author"},
        lambda posts: posts.unique(subset="author", keep="first", maintain_order=True),
    ),
    "unique-filter-body": (
        "unique-filter",
        {"columns": "body"},
        lambda posts: posts.unique(subset="body", keep="first", maintain_order=True),
    ),
    "random-filter": ("random-filter", {"sample_size": None}, _sample),
    "date-filter": (
        "date-filter",
        {"daterange": "2020-03-01,2020-09-01"},
        lambda posts: posts.filter(
            pl.col("timestamp").is_between(
                datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 9, 1, tzinfo=UTC), closed="left"
            )
        ),
    ),
}


def run_case(case: str, side: str, source: Path, target: Path) -> None:
    """Do one case in this process and print what it took as JSON."""
    from app.plugins.registry import Registry
    from app.plugins.testing import MemoryRun, MemorySource
    from app.plugins.validation import load

    type_, given, raw = CASES[case]
    processor = Registry.discover(("processors",)).processor(type_)
    if not issubclass(processor, Processor):
        raise TypeError(f"{type_} is a preset")
    started = time.perf_counter()
    posts = pl.scan_parquet(source)
    if side == "raw":
        result = raw(posts)
    else:
        held = MemorySource(posts)
        if given.get("sample_size", 1) is None:
            given = {"sample_size": held.rows // 100}
        options = load(processor.Options, given, held.columns)
        result = processor().process(held, options, MemoryRun(target.parent))
    result.lazy().sink_parquet(target, compression="zstd", row_group_size=65_536)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    rows = pl.scan_parquet(target).select(pl.len()).collect().item()
    print(json.dumps({"seconds": seconds, "peak": peak, "rows": rows}))


def measure(case: str, side: str, source: Path, folder: Path, times: int) -> dict[str, float]:
    """The fastest of several fresh processes."""
    asked = ["--one", case, side, str(source), str(folder / "result.parquet")]
    command = [sys.executable, "-m", "bench.processors_basic", *asked]
    environment = os.environ | {"POLARS_OOC_MEMORY_BUDGET_MB": os.environ.get("POLARS_OOC_MEMORY_BUDGET_MB", "600")}
    runs = []
    for _ in range(times):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
        runs.append(json.loads(done.stdout))
    return min(runs, key=lambda run: run["seconds"])


def main(rows: int, cases: list[str]) -> None:
    times = 3 if rows <= 1_000_000 else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "posts.parquet"
        posts_parquet(rows, source)
        print(f"{rows:,} posts, the fastest of {times}; limit = 1.5 x raw + 0.25 s")
        print(f"{'case':24}{'rows':>11}{'seconds':>9}{'raw':>8}{'limit':>8}{'ratio':>7}{'peak MB':>9}{'raw MB':>8}")
        for case in cases or CASES:
            raw, ours = (measure(case, side, source, folder, times) for side in ("raw", "ours"))
            limit = 1.5 * raw["seconds"] + 0.25
            note = "" if ours["seconds"] <= limit else "  OVER"
            note += "" if ours["rows"] == raw["rows"] else "  ROWS DIFFER"
            print(
                f"{case:24}{ours['rows']:11,}{ours['seconds']:9.2f}{raw['seconds']:8.2f}{limit:8.2f}"
                f"{ours['seconds'] / raw['seconds']:7.2f}{ours['peak']:9.0f}{raw['peak']:8.0f}{note}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_case(sys.argv[2], sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5]))
    else:
        main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000, sys.argv[2:])
