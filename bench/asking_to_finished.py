"""What a user waits: a CSV of posts imported and analysed through the whole tool, against raw engine scripts.

    python -m bench.asking_to_finished [--rows 1000000] [--rounds 3] [CASE ...]

Ours is measured from the request to the finished dataset: database, queue, a new process, Parquet with its checksum
on disk. The raw script is one process that scans the same Parquet file and sinks its result, measured without its start
and imports; for the import it reads the same CSV. Ours may take 1.5 times as long plus a quarter of a second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.domain.user import User
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.run import run_processor
from app.services.upload import save_upload
from app.services.user import create_user
from bench import processors_basic
from bench._installation import ROOT, installation, wait_for_end
from bench._posts import posts_csv

DEFAULT = ("count-posts-day", "rank-author-month", "lexical-filter", "column-filter-contains", "unique-filter",
           "date-filter", "extract-urls", "random-filter")  # fmt: skip

RAW_IMPORT = """
import sys, time
import polars as pl
began = time.perf_counter()
moment = pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC")
pl.scan_csv(sys.argv[1], infer_schema=False).with_columns(moment).sink_parquet(
    sys.argv[2], compression="zstd", row_group_size=65_536)
print(time.perf_counter() - began)
"""


def import_ours(ctx: Context, user: User, path: Path) -> tuple[float, str]:
    with path.open("rb") as stream:
        upload = save_upload(ctx, user, "posts.csv", stream)
    asked = time.monotonic()
    key = create_capture(ctx, user, "upload", {}, upload_id=upload.id).key
    wait_for_end(ctx, key)
    return time.monotonic() - asked, key


def import_raw(path: Path, folder: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", RAW_IMPORT, str(path), str(folder / "raw.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def analyse_ours(ctx: Context, user: User, key: str, case: str, rows: int) -> float:
    type_, given, _ = processors_basic.CASES[case]
    options = {name: rows // 100 if value is None else value for name, value in given.items()}
    asked = time.monotonic()
    wait_for_end(ctx, run_processor(ctx, user, key, type_, options, rerun=True)[0].key)
    return time.monotonic() - asked


def analyse_raw(case: str, source: Path, folder: Path) -> float:
    command = [sys.executable, "-m", "bench.processors_basic", "--one", case, "raw", str(source), str(folder / "raw")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return float(json.loads(done.stdout)["seconds"])


def show(case: str, ours: float, raw: float) -> None:
    limit = 1.5 * raw + 0.25
    print(f"{case:24}{ours:9.2f}{raw:9.2f}{limit:9.2f}{ours / raw:8.2f}{'' if ours <= limit else '  OVER'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("cases", nargs="*", default=DEFAULT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, installation() as (ctx, _):
        folder = Path(name)
        path = folder / "posts.csv"
        posts_csv(given.rows, path)
        user = create_user(ctx, "bench", "not a secret at all", is_admin=True)
        print(f"{given.rows:,} posts, {path.stat().st_size / 1e6:.0f} MB of CSV; the fastest of {given.rounds}")
        print(f"{'case':24}{'ours s':>9}{'raw s':>9}{'limit':>9}{'ratio':>8}")
        imports = [import_ours(ctx, user, path) for _ in range(given.rounds)]
        show("import", min(imports)[0], min(import_raw(path, folder) for _ in range(given.rounds)))
        key = imports[0][1]
        result = wait_for_end(ctx, key).result
        assert result is not None
        source = ctx.files.local(result.files["table"])
        for case in given.cases:
            ours = min(analyse_ours(ctx, user, key, case, given.rows) for _ in range(given.rounds))
            show(case, ours, min(analyse_raw(case, source, folder) for _ in range(given.rounds)))


if __name__ == "__main__":
    main()
