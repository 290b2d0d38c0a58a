"""Import of a CSV of posts, against raw engine scripts doing the same work: read, make times of `timestamp`, write
Parquet with zstd. Each runs in a process of its own, in turns; the best of three counts.

    python bench/import_csv.py [--rows 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

WAYS = ("polars", "pyarrow", "upload")
FORMAT = "%Y-%m-%d %H:%M:%S"


def with_polars(source: Path, target: Path) -> None:
    import polars as pl

    moment = pl.col("timestamp").str.to_datetime(FORMAT, time_unit="us", time_zone="UTC")
    table = pl.scan_csv(source, infer_schema=False).with_columns(moment)
    table.sink_parquet(target, compression="zstd", row_group_size=65_536)


def with_pyarrow(source: Path, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    names = source.open().readline().strip().split(",")
    types = {name: pa.string() for name in names} | {"timestamp": pa.timestamp("us")}
    reader = pa_csv.open_csv(
        source,
        pa_csv.ReadOptions(block_size=8 << 20),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(column_types=types, timestamp_parsers=[FORMAT]),
    )
    place = names.index("timestamp")
    field = pa.field("timestamp", pa.timestamp("us", "UTC"))
    schema = reader.schema.set(place, field)
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in reader:
            moments = pc.assume_timezone(batch["timestamp"], "UTC")
            writer.write_batch(batch.set_column(place, field, moments), row_group_size=65_536)


def with_upload(source: Path, target: Path) -> None:
    import pyarrow.parquet as pq

    from app.plugins.testing import MemoryRun
    from app.plugins.validation import load
    from datasources.upload import Upload

    class GivenFile:
        path, filename, size = source, source.name, source.stat().st_size

    writer = None
    with tempfile.TemporaryDirectory() as folder:
        run = MemoryRun(Path(folder))
        for batch in Upload().import_file(GivenFile(), load(Upload.Options, {}), run):
            writer = writer or pq.ParquetWriter(target, batch.schema, compression="zstd")
            writer.write_batch(batch, row_group_size=65_536)
    assert writer is not None
    writer.close()


def measure(way: str, source: Path, folder: Path) -> tuple[float, float, int]:
    """Seconds from start to end of the process, CPU seconds, and peak memory in MB."""
    command = [sys.executable, __file__, "--way", way, "--source", str(source), "--target", str(folder / way)]
    started = time.perf_counter()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return time.perf_counter() - started, float(out[0]), int(out[1])


def work(way: str, source: Path, target: Path) -> None:
    {"polars": with_polars, "pyarrow": with_pyarrow, "upload": with_upload}[way](source, target)
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()  # getrusage's peak would count the parent's memory at the fork
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(f"{used.ru_utime + used.ru_stime:.2f} {peak}")


def compare(rows: int, rounds: int) -> None:
    from bench._posts import posts_csv

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "posts.csv"
        posts_csv(rows, source)
        source.read_bytes()  # warm
        print(f"import of {rows:,} rows, {source.stat().st_size / 1e6:,.0f} MB of CSV")
        found: dict[str, list[tuple[float, float, int]]] = {way: [] for way in WAYS}
        for _ in range(rounds):
            for way in WAYS:
                found[way].append(measure(way, source, folder))
        best = {way: min(results) for way, results in found.items()}
        for way, (seconds, processor, memory) in best.items():
            print(f"{way:8} {seconds:6.2f} s {processor:6.2f} s of CPU {memory:5} MB")
        for way in ("polars", "pyarrow"):
            allowed = best[way][0] * 1.5 + 0.25
            print(f"upload / {way}: {best['upload'][0] / best[way][0]:.2f} (allowed {allowed:.2f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    for name in ("--way", "--source", "--target"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        work(given.way, Path(given.source), Path(given.target))
    else:
        compare(given.rows, given.rounds)


if __name__ == "__main__":
    main()
