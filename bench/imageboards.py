"""Imageboards: storing, looking, searching, streaming and importing, against a bare COPY and between the engines.

    python bench/imageboards.py [store unchanged moved search stream import]
                                [--posts 1000000] [--keep DIR] [--document FILE]

`--posts` is the size of the archive that is searched; 10000000 takes some 15 GB of disk and a quarter of an hour to
fill. With `--keep` it stays in that folder, and is used again from there. Sphinx is measured where `indexer` and
`searchd` are installed, unless it says `--engine postgresql`. Latencies are the medians of five searches with a warm
cache: for the number that the form shows (about), and with each engine for the numbers of all posts that match, of
which a dataset is made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path

sys.path.pop(0)  # this folder, which has a queue.py
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from app.plugins.validation import load
from app.services.context import Context
from app.services.dataset import create_capture
from app.services.user import create_user
from app.storage import setting
from app.storage.connection import connect
from bench import _board_archive as archive
from bench import import_4chan
from bench._installation import managers, servers, servers_in, wait_for_end
from bench._processes import memory, roles
from bench._tables import Report
from datasources._imageboard.engines import PostRead, ThreadListed, ThreadRead
from datasources._imageboard.search import Asked, PostgreSQLEngine, SearchEngine, SphinxEngine, read_asked
from datasources._imageboard.store import reading
from datasources._imageboard.store.place import Place
from datasources._imageboard.store.threads import store_index
from datasources.fourchan import FourChan
from extras.living_board import LivingBoard
from tests.scraping import look, point_at
from tests.sphinx import sphinx_for

PARTS = ("store", "unchanged", "moved", "search", "stream", "import")
_MOST = 5_000_001
_LOOKS = 20
"""Looks of which the mean is told."""
_NOW = datetime(2026, 3, 1, tzinfo=UTC)


def seconds_for(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def store(ctx: Context, report: Report) -> None:
    """New threads as a scraper stores them, against a COPY of the rows that this makes."""
    frame = next(archive.portions(20_000))
    threads: dict[int, list[PostRead]] = {}
    for number, thread, body in frame.select("id", "thread_id", "body").iter_rows():
        more = {"resto": thread, "time": number}
        threads.setdefault(thread, []).append(PostRead(number, _NOW, body=body, author="Anonymous", more=more))

    def scrape() -> None:
        for number, posts in threads.items():
            with ctx.database.transaction() as tx:
                read = ThreadRead(number, tuple(posts))
                reading.store_thread(tx, Place("fourchan", "g", number), read, reading.Asked(_NOW, "mark"))  # type: ignore[arg-type]

    stored = seconds_for(scrape)
    again = seconds_for(scrape)
    opened = connect(ctx.settings.database_url)
    with opened.cursor() as cursor, tempfile.TemporaryFile() as file:
        cursor.copy_expert("COPY (SELECT * FROM imageboard_posts) TO STDOUT", file)
        cursor.execute("CREATE TABLE bare (LIKE imageboard_posts)")
        file.seek(0)
        bare = seconds_for(lambda: cursor.copy_expert("COPY bare FROM STDIN", file))
        cursor.execute("DROP TABLE bare")
    opened.commit()
    opened.close()
    names = ("bare COPY of the rows", "new threads of 50 posts", "the same threads read again")
    rows = [(name, len(frame) / used, used / bare) for name, used in zip(names, (bare, stored, again), strict=True)]
    report.table("storing", ("what", "posts/s", "time / COPY"), rows)
    empty(ctx)


def empty(ctx: Context) -> None:
    kept = ctx.database.many("SELECT tablename AS name FROM pg_tables WHERE tablename ~ '^imageboard_'")
    ctx.database.run(f"TRUNCATE {', '.join(row['name'] for row in kept)}")


def unchanged(ctx: Context, report: Report) -> None:
    """What a look costs at a board on which nothing has happened since the last."""
    rows = []
    with LivingBoard(1, ("g",)) as site:
        point_at(ctx, "fourchan", site.url, boards="g")
        look(ctx, "fourchan", "g")
        threads = len(site.traffic.requests("*/thread/*"))
        requests = site.traffic.requests()
        while [request.status for request in requests] != [304]:  # pages read in the second of a change are read again
            site.advance(3)
            look(ctx, "fourchan", "g")
            before = written(ctx)
            site.traffic.forget()
            used = seconds_for(lambda: look(ctx, "fourchan", "g"))
            requests = site.traffic.requests()
        rows.append((threads, len(requests), requests[0].status, written(ctx) - before, used * 1000))
    heads = ("threads of the board", "requests of a look", "answer", "rows written", "ms")
    report.table("unchanged board", heads, rows)
    for name in ("api_url", "image_url", "autoscrape", "pace", "interval", "boards"):
        setting.delete(ctx.database, f"fourchan.{name}")
    empty(ctx)


def moved(ctx: Context, report: Report) -> None:
    """What a look costs at a board of 150 threads of which one was bumped, so that others moved: at first, and later.

    The database's own log is what its disk and its replicas have to bear.
    """
    order, marks, rows, minutes = list(range(1, 151)), dict[int, str](), [], count(1)

    def look(times: int) -> None:
        for minute in islice(minutes, times):
            order.insert(0, order.pop(75 + minute % 75))
            at, marks[order[0]] = _NOW + timedelta(minutes=minute), f"{minute}"
            listed = [ThreadListed(one, place, marks.get(one, "0"), at) for place, one in enumerate(order, 1)]
            with ctx.database.transaction() as tx:
                store_index(tx, "fourchan", "g", listed, at, at - timedelta(minutes=1))  # type: ignore[arg-type]

    done = 0
    for number in (10, 100, 1_000):
        look(number - done)
        before, log = written(ctx), ctx.database.one("SELECT pg_current_wal_insert_lsn()::text AS place")["place"]
        used = seconds_for(partial(look, _LOOKS))
        size = ctx.database.one("SELECT pg_current_wal_insert_lsn() - %(log)s::pg_lsn AS bytes", log=log)["bytes"]
        each = ((written(ctx) - before) / _LOOKS, float(size) / 1000 / _LOOKS, used * 1000 / _LOOKS)
        rows.append((f"{number:,}", *each))
        done = number + _LOOKS
    report.table("bumped threads", ("looks before", "rows written", "KB of log", "ms"), rows)
    empty(ctx)


def written(ctx: Context) -> int:
    """Rows that have been written to the tables of imageboards so far."""
    time.sleep(2)  # until which each connection reports what it did
    ctx.database.one("SELECT pg_stat_force_next_flush()::text AS done")
    found = ctx.database.one(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint AS rows FROM pg_stat_user_tables"
        " WHERE relname ~ '^(imageboard|fourchan)_'"
    )
    return int(found["rows"])


def queries() -> dict[str, dict[str, object]]:
    """Kinds of searches: the options of the form."""
    words = [archive.word(rank) for rank in (0, 31, 300, 1_000, 5_000, 40_000)]
    most, frequent, known, seldom, rare, hardly = words
    return {
        "a rare word": {"body_match": hardly},
        "a word": {"body_match": seldom},
        "a frequent word (a tenth of the posts)": {"body_match": frequent},
        "two words": {"body_match": f"{known} {seldom}"},
        "a rare phrase": {"body_match": f'"{archive.PHRASE}"'},
        "a phrase of frequent words": {"body_match": f'"{frequent} {known}"'},
        "the beginning of a word": {"body_match": f"{rare[:4]}*"},
        "the middle of a word": {"body_match": "*efant*"},
        "one of three words": {"body_match": f"{known} | {seldom} | {rare}"},
        "a word without another": {"body_match": f"{seldom} -{most}"},
        "a word before another": {"body_match": f"{seldom} << {known}"},
        "a word at the start": {"body_match": f"^{known}"},
        "a word on a board": {"body_match": known, "board": "g"},
        "a word in a month": {"body_match": known, "daterange": "2020-01-10,2020-02-09"},
        "a word and a country": {"body_match": seldom, "country_name": ["NL"], "board": "pol"},
    }


def all_numbers(engine: SearchEngine, asked: Asked, ctx: Context) -> list[int]:
    return [number for some in engine.find(asked, ctx.database, _MOST) for number in some]


def milliseconds(work: Callable[[], object]) -> float:
    return statistics.median(seconds_for(work) for _ in range(5)) * 1000


def search(ctx: Context, posts: int, report: Report, *, with_sphinx: bool) -> None:
    """Latencies by kind of query."""
    with engines(ctx, with_sphinx=with_sphinx) as found:
        rows: list[Sequence[object]] = []
        for name, given in queries().items():
            asked = read_asked("fourchan", load(FourChan.Options, given), FourChan.flag_groups)
            numbers: list[list[int]] = []
            times = [milliseconds(partial(PostgreSQLEngine().estimate, asked, ctx.database))]
            for engine in found.values():
                ask = partial(all_numbers, engine, asked, ctx)
                numbers.append(ask())
                times.append(milliseconds(ask))
            if any(other != numbers[0] for other in numbers):
                raise RuntimeError(f"the engines differ: {name}")
            rows.append((name, f"{len(numbers[0]):,}", *times))
            print(*rows[-1], flush=True)
        heads = ("asked", "found", "about, ms", *(f"{name}, ms" for name in found))
        report.table(f"search in {posts:,} posts", heads, rows)


@contextmanager
def engines(ctx: Context, *, with_sphinx: bool) -> Iterator[dict[str, SearchEngine]]:
    """Each engine that can be had here, by its name."""
    if not with_sphinx or shutil.which("indexer") is None or shutil.which("searchd") is None:
        yield {"PostgreSQL": PostgreSQLEngine()}
        return
    with tempfile.TemporaryDirectory() as folder, sphinx_for(ctx, Path(folder), "fourchan") as sphinx:
        took = seconds_for(lambda: sphinx.index("main"))
        print(f"Sphinx indexed the posts in {took:.0f} s", flush=True)
        sphinx.start()
        yield {"PostgreSQL": PostgreSQLEngine(), "Sphinx": SphinxEngine("fourchan", sphinx.address)}
    for name in ("search_engine", "sphinx_address"):
        setting.delete(ctx.database, f"fourchan.{name}")


@contextmanager
def watched() -> Iterator[list[int]]:
    """Looks some times a second how much memory the processes of plug-ins hold: what each look has found."""
    found, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.2):
            with suppress(psutil.Error):
                plug_ins = [pid for pid, role in roles(os.getpid()).items() if role == "plug-in"]
                found.append(sum(memory(psutil.Process(pid)) for pid in plug_ins))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield found
    done.set()
    thread.join()


def stream(ctx: Context, environ: dict[str, str], posts: int, report: Report) -> None:
    """Searches by real workers, from asking to the Parquet file."""
    actor = create_user(ctx, f"bench-{os.getpid()}", "a long enough password", is_admin=True)
    rows = []
    for rank in (0, 31):
        with watched() as held:
            began = time.perf_counter()
            asked = create_capture(ctx, actor, "fourchan", {"body_match": archive.word(rank)})
            ended = wait_for_end(ctx, asked.key)
            used = time.perf_counter() - began
        found, size = ended.rows or 0, ended.result.size / 1e6 if ended.result else 0.0
        rows.append((f"{found:,}", used, found / used, size, max(held) / 1e6))
    report.table(f"streaming from {posts:,} posts", ("matches", "s", "posts/s", "MB of Parquet", "MB of memory"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure (normally all)")
    parser.add_argument("--posts", type=int, default=1_000_000, help="posts of the archive that is searched")
    parser.add_argument("--keep", type=Path, help="a folder in which that archive stays")
    parser.add_argument("--engine", choices=("all", "postgresql"), default="all", help="what is searched with")
    parser.add_argument("--dump", type=int, default=500_000, help="posts of the dump that is imported")
    parser.add_argument("--document", type=Path, help="a document that has places for the tables")
    given = parser.parse_args()
    parts, report = given.parts or PARTS, Report(given.document)
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    if {"store", "unchanged", "moved"} & set(parts):
        with servers() as (ctx, _):
            if "store" in parts:
                store(ctx, report)
            if "unchanged" in parts:
                unchanged(ctx, report)
            if "moved" in parts:
                moved(ctx, report)
    if {"search", "stream"} & set(parts):
        archive.check_words()
        with servers_in(given.keep) if given.keep else servers() as (ctx, environ):
            print(f"filled and indexed in {seconds_for(lambda: archive.fill(ctx, given.posts)):.0f} s", flush=True)
            if "search" in parts:
                search(ctx, given.posts, report, with_sphinx=given.engine == "all")
            if "stream" in parts:
                with managers(ctx, environ):
                    stream(ctx, environ, given.posts, report)
    if "import" in parts:
        import_4chan.compare(given.dump, Report())  # its place is in another document


if __name__ == "__main__":
    main()
