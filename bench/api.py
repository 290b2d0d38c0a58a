"""How fast the API answers: requests per second, waiting times, downloads and memory, on a dataset of 1M posts.

    python -m bench.api [--rows 1000000] [--seconds 10] [--write docs/api.md]

The web tool runs as in the Procfile, with PostgreSQL and Redis beside it. The smallest Flask application runs under the
same gunicorn with the same settings, and is measured in the same run: “plain” says how many times as many requests it
answers. wrk, which asks, shares the machine with all of it; on Debian: apt install wrk. Every request has a token and
counts for the limit of requests, which is set out of reach. MB are 10^6 bytes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import requests

from app.domain.dataset import ITEMS, Dataset, Kind, Result, Status
from app.domain.user import User
from app.local.leftovers import free_port
from app.services.context import Context
from app.services.token import create_token
from app.services.user import create_user
from app.storage import dataset as datasets
from app.storage.dataset import Ending
from bench._installation import processes, servers, wait
from bench._posts import posts_parquet
from bench._tables import Report
from bench._wrk import ask, forget_peak, peak_memory, require_wrk

POLLERS = 200
PAGES = {
    "status": "status",
    "dataset": "datasets/{key}",
    "datasets, 50 of them": "datasets",
    "items, first page": "datasets/{key}/items",
    "items, offset 900,000": "datasets/{key}/items?offset={deep}",
    "items, 2 columns": "datasets/{key}/items?columns=id,author",
    "items, sorted": "datasets/{key}/items?sort=-likes",
    "items, sorted, deep": "datasets/{key}/items?sort=-likes&offset={deep}",
    "items, by time": "datasets/{key}/items?filter=timestamp>=2022-06-01",
    "items, by text": "datasets/{key}/items?filter=body~tea",
}


def store(ctx: Context, owner: User, rows: int, folder: Path) -> Dataset:
    """A finished dataset of generated posts, as an import leaves it."""
    path = folder / "posts.parquet"
    posts_parquet(rows, path)
    made = Dataset(
        key="0" * 32, type="upload", datasource="upload", parent=None, top="0" * 32, acts_as=ITEMS, label="Posts",
        parameters={}, status=Status.WAITING, message="", owner_id=owner.id, is_private=True,
        created=datetime.now(UTC),
        kind=Kind.TABLE,
    )  # fmt: skip
    import pyarrow.parquet as pq

    columns = tuple(pq.read_schema(path).names)
    file = ctx.files.put(path, f"datasets/{made.key}/1/table.parquet")
    with ctx.database.transaction() as tx:
        for number in range(50):
            key = f"{number:032x}"
            datasets.insert(tx, Dataset(**{**vars(made), "key": key, "top": key, "label": f"Posts {number}"}))
            result = Result(Kind.TABLE, {"table": file})
            ending = Ending(Status.FINISHED, "Done.", rows=rows, columns=columns, kind=Kind.TABLE, result=result)
            datasets.end(tx, key, ending)
    return datasets.get(ctx.database, made.key)


@contextmanager
def web(environ: dict[str, str], application: str, path: str) -> Iterator[tuple[str, int]]:
    """A web server of two processes: its address, and the id of its parent process."""
    port = free_port()
    command = ("-m", "gunicorn", "--config", "app/web/gunicorn.py", application)
    with processes({**environ, "HOST": "127.0.0.1", "PORT": str(port)}, command) as started:
        url = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return requests.get(url + path, timeout=5).ok
            except requests.RequestException:
                return False

        wait(answers, 60)
        yield url, started[0]


def download(url: str, headers: dict[str, str], parent: int) -> tuple[float, float, float, float, float]:
    """Fetch a file: seconds to its first byte, its MB, MB a second, and a web process's memory before and at most."""
    children = [child.pid for child in psutil.Process(parent).children()]
    before = max(forget_peak(pid) for pid in children)
    began = time.monotonic()
    size = 0
    with requests.get(url, headers=headers, stream=True, timeout=600) as answer:
        answer.raise_for_status()
        first = 0.0
        while chunk := answer.raw.read(1024 * 1024 if first else 1):
            first = first or time.monotonic() - began
            size += len(chunk)
    seconds = time.monotonic() - began
    most = max(peak_memory(pid) for pid in children)
    return first, size / 1e6, size / 1e6 / seconds, before / 1e6, most / 1e6


def main() -> None:
    """Measure, and print the tables or put them into a document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    require_wrk()
    report = Report(given.write)
    with tempfile.TemporaryDirectory() as folder, servers(RATE_LIMIT="1000000000 per minute") as (ctx, environ):
        owner = create_user(ctx, "bench", "not a secret at all", is_admin=True)
        key = store(ctx, owner, given.rows, Path(folder)).key
        headers = {"Authorization": f"Bearer {create_token(ctx, owner, 'bench')[1]}"}
        ours, least = web(environ, "wsgi:app", "/healthz"), web(environ, "bench._plain_web:app", "/")
        with ours as (url, parent), least as (plain, _):
            _downloads(report, f"{url}/api/datasets/{key}/download", headers, parent)
            _pages(report, given, plain, f"{url}/api", key, headers)


def _pages(report: Report, given: argparse.Namespace, plain: str, api: str, key: str, headers: dict[str, str]) -> None:
    rows = []
    for clients in (8, POLLERS):
        least = ask(f"{plain}/", {}, clients=clients, seconds=given.seconds)
        rows.append([f"a trivial Flask view, {clients} clients", *vars(least).values(), 1.0])
        for name, path in PAGES.items() if clients == 8 else [("dataset", PAGES["dataset"])]:
            asked = path.format(key=key, deep=given.rows * 9 // 10).replace(">", "%3E")
            found = ask(f"{api}/{asked}", headers, clients=clients, seconds=given.seconds)
            many = "" if clients == 8 else f", {clients} clients"
            rows.append([f"{name}{many}", *vars(found).values(), least.per_second / (found.per_second or float("nan"))])
    report.table("requests", ["8 clients at once", "a second", "p50 ms", "p95 ms", "p99 ms", "failed", "plain"], rows)


def _downloads(report: Report, url: str, headers: dict[str, str], parent: int) -> None:
    rows = []
    for name, query, packing in (
        ("CSV", "format=csv", ""),
        ("CSV, packed with zstd", "format=csv", "zstd"),
        ("CSV, packed with gzip", "format=csv", "gzip"),
        ("CSV, two columns", "format=csv&columns=id,author", ""),
        ("NDJSON", "format=ndjson", ""),
        ("NDJSON, one post in ten", "format=ndjson&filter=id~7$", ""),
        ("Parquet, as stored", "format=parquet", ""),
        ("Parquet, two columns", "format=parquet&columns=id,author", ""),
    ):
        measured = download(f"{url}?{query}", {**headers, "Accept-Encoding": packing or "identity"}, parent)
        rows.append([name, *measured])
    heads = ["download", "first byte s", "MB", "MB/s", "memory before MB", "at most MB"]
    report.table("downloads", heads, rows)


if __name__ == "__main__":
    main()
