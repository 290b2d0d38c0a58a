"""Import of a 4chan dump, against a bare COPY of the same rows: into a table without indexes, and into one like the
posts' own.

    python bench/import_4chan.py [--posts 500000] [--document FILE]

Prints posts a second, and the ratio of each time to that of the bare COPY. The dump is generated: 3 to 59 words from a
Zipf vocabulary of 50,000 types in each post, threads of 50.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path.pop(0)  # this folder, which has a queue.py
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from app.local.servers import embedded_servers
from app.storage.connection import connect
from app.storage.migrate import migrate
from bench._tables import Report
from datasources._imageboard.store.indexes import make_search_indexes
from extras.fourchan_dumps import csv_dump
from extras.fourchan_dumps.importing import Wanted, import_dump, posts_of
from extras.fourchan_dumps.posts import COLUMNS

START = 1_500_000_000
LETTERS = np.frombuffer(b"etaoinshrdlucmfwypvbgkjqxz", dtype=np.uint8)
INDEXED = "imageboard_posts"


def write_dump(path: Path, posts: int) -> None:
    chance = np.random.default_rng(1)
    lengths = chance.integers(2, 12, 50_000)
    words = np.array([LETTERS[chance.integers(0, 26, length)].tobytes().decode() for length in lengths])
    share = (1 / np.arange(1, len(words) + 1)).cumsum()
    with path.open("w") as file:
        for number in range(posts):
            picked = words[np.searchsorted(share / share[-1], chance.random(chance.integers(3, 60)))]
            thread = number // 50 * 50 + 1
            head = f'"{number + 1}","0","{thread}","{int(thread == number + 1)}","{START + number}","0"'
            md5 = base64.b64encode(chance.bytes(16)).decode()
            image = f'"{START}s.jpg","125","90","a.jpg","800","600","12345","{md5}","{START + number}.jpg"'
            media = image if number % 5 == 0 else r'\N,"0","0",\N,"0","0","0",\N,\N'
            reply = "" if thread == number + 1 else f">>{thread}\n"
            rest = rf'"0","0","N",\N,"Anonymous",\N,\N,"{reply}{" ".join(picked)}","0","0",\N,\N,\N'
            file.write(f"{head},{media},{rest}\n")


def rows_of(path: Path) -> list[str]:
    with path.open("rb") as file:
        made = (posts_of(block, board="g", new_york=False).posts for block in csv_dump.read(file))
        return [line for posts in made for line in posts["line"]]


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def copy(url: str, table: str, rows: list[str]) -> None:
    opened = connect(url)
    with opened.cursor() as cursor:
        for begin in range(0, len(rows), 20_000):
            lines = io.StringIO("\n".join(rows[begin : begin + 20_000]) + "\n")
            cursor.copy_expert(f"COPY {table} ({', '.join(COLUMNS)}) FROM STDIN", lines)
            opened.commit()
    opened.close()


def run(url: str, *statements: str) -> None:
    opened = connect(url)
    opened.autocommit = True
    with opened.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    opened.close()


def bring(url: str, path: Path, indexes: str) -> None:
    import_dump(url, Wanted(path, "g", indexes=indexes), lambda _: None, lambda _: None)


def measure(url: str, path: Path, posts: int, report: Report) -> None:
    empty = "TRUNCATE imageboard_posts, imageboard_threads, imageboard_imports"
    run(url, "CREATE TABLE bare (LIKE imageboard_posts INCLUDING DEFAULTS)")
    lines = rows_of(path)
    steps: list[tuple[str, list[str], Callable[[], object]]] = [
        ("parse and make posts, no database", [], lambda: rows_of(path)),
        ("bare COPY, no indexes", [], lambda: copy(url, "bare", lines)),
        ("import, search indexes made later", [empty], lambda: bring(url, path, "later")),
        ("making the search indexes", [], lambda: make_search_indexes(url, lambda _: None)),
        ("import, search indexes made at the end", [empty], lambda: bring(url, path, "rebuild")),
        ("import again: all duplicates", ["TRUNCATE imageboard_imports"], lambda: bring(url, path, "keep")),
        ("import, search indexes kept", [empty], lambda: bring(url, path, "keep")),
        ("COPY, all indexes", [empty], lambda: copy(url, INDEXED, lines)),
    ]
    found: dict[str, float] = {}
    for name, before, work in steps:
        run(url, *before)
        found[name] = timed(work)
        print(f"{name}: {found[name]:.2f} s", flush=True)
    bare = found["bare COPY, no indexes"]
    rows: list[Sequence[object]] = [(name, used, posts / used, used / bare) for name, used in found.items()]
    report.table("import of a dump", ("what", "s", "posts/s", "time / bare COPY"), rows)


def compare(posts: int, report: Report) -> None:
    """Import a dump of so many posts into an installation of its own."""
    with tempfile.TemporaryDirectory() as name, embedded_servers(Path(name) / "servers") as (url, _):
        migrate(url)
        path = Path(name) / "g.csv"
        write_dump(path, posts)
        load = os.getloadavg()[0]
        print(f"{posts:,} posts, {path.stat().st_size / 1e6:,.0f} MB of CSV; load of the machine {load:.1f}")
        measure(url, path, posts, report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=500_000)
    parser.add_argument("--document", type=Path, help="a document that has a place for the table")
    given = parser.parse_args()
    compare(given.posts, Report(given.document))


if __name__ == "__main__":
    main()
