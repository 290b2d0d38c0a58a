"""The import of one dump: read and make posts on one side, store them on the other, and say how far it is."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl

from datasources._imageboard.store.indexes import drop_search_indexes, make_search_indexes
from extras.fourchan_dumps import csv_dump
from extras.fourchan_dumps.indexes import is_worth_it
from extras.fourchan_dumps.opening import UNREADABLE, fingerprint, open_text
from extras.fourchan_dumps.posts import SCHEMA, Post, Posts
from extras.fourchan_dumps.posts_quick import Quick, quick_posts
from extras.fourchan_dumps.record import Block
from extras.fourchan_dumps.sqlite_dump import SqliteDump, is_sqlite
from extras.fourchan_dumps.store import Batch, Progress, Store

_ROW_BYTES = 350  # what a post takes in a dump, about
_PACKED_ROW_BYTES = 90
_EVERY = 0.5  # seconds between two progress lines
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What to import, and how."""

    path: Path
    board: str
    new_york: bool = False
    table: str | None = None
    again: bool = False
    indexes: str = "auto"
    faults: Path | None = None
    rows: int = 20_000


def import_dump(url: str, wanted: Wanted, say: Say, show: Say) -> Progress | None:
    """Import a dump, from where an earlier try ended; gives what has been met in all tries together.

    None when it had been imported before, so that nothing was done. `say` is given lines that stay, `show` the
    progress, of which only the last counts.

    :raises DumpError: when it cannot be read as a dump, or is being imported by somebody else
    """
    options = "--new-york-times" if wanted.new_york else ""
    store = Store(url, wanted.board, fingerprint(wanted.path), wanted.path.name, options)
    try:
        if wanted.again:
            store.forget()
        if store.progress.finished:
            before = summary(store.progress.counts)
            say(f"This file has been imported before, to its end: {before}. Use --again to read it once more.")
            return None
        if store.progress.position:
            say(f"Going on behind {store.progress.counts['read']:,} records, where the last import ended.")
        with closing(_blocks(wanted, store.progress)) as blocks:
            first = next(blocks, None)  # before anything is done for a file that is no dump
            drops, makes = _drops(url, wanted), wanted.indexes in ("auto", "rebuild")
            if drops:
                again = " and made anew at the end" if makes else ""
                say(f"Search indexes are taken away{again}. Without them searches are slow.")
                drop_search_indexes(url, say)
            try:
                _run(store, chain([first] if first else [], blocks), wanted, show)
            except UNREADABLE:
                if drops and makes:
                    make_search_indexes(url, say)  # no other try will come this far
                raise
        if makes:
            make_search_indexes(url, say)
        store.finish()
        return store.progress
    finally:
        store.close()


def _drops(url: str, wanted: Wanted) -> bool:
    size = wanted.path.stat().st_size
    is_plain = wanted.path.suffix.lower() == ".csv" or is_sqlite(wanted.path)
    coming = size // (_ROW_BYTES if is_plain else _PACKED_ROW_BYTES)
    return wanted.indexes in ("rebuild", "later") or (wanted.indexes == "auto" and is_worth_it(url, coming))


def _blocks(wanted: Wanted, progress: Progress) -> Generator[Block]:
    if is_sqlite(wanted.path):
        with closing(SqliteDump(wanted.path, wanted.table)) as dump:
            yield from dump.read(position=progress.position, rows=wanted.rows)
        return
    with open_text(wanted.path) as file:
        yield from csv_dump.read(file, position=progress.position, line=progress.line, rows=wanted.rows)


def _run(store: Store, blocks: Iterable[Block], wanted: Wanted, show: Say) -> None:
    """Read here and store in a thread beside, so that Python and PostgreSQL work at the same time."""
    writer = _Writer(store, wanted)
    meter = _Meter(store, show)
    try:
        for block in blocks:
            batch = posts_of(block, board=wanted.board, new_york=wanted.new_york)
            writer.put(batch, _faults(block))
            meter.tick()
    except BaseException:
        writer.close(at_once=True)
        raise
    writer.close()
    meter.tick(last=True)


def _faults(block: Block) -> list[str]:
    return [f"line {fault.place}: {fault.reason}" for fault in block.faults]


def posts_of(block: Block, *, board: str, new_york: bool) -> Batch:
    """The posts of a block. What is no post is added to the block's faults."""
    quick = quick_posts(block.frame, board, new_york=new_york)
    odd = ~quick.is_ordinary
    reader = Posts(board, new_york=new_york)
    numbers, rest = [], []
    ghosts = 0
    for number, record in zip(odd.arg_true(), block.frame.filter(odd).iter_rows(), strict=True):
        try:
            post = reader.make(record)
        except ValueError as error:
            block.faults.append(block.fault(number, str(error)))
            continue
        if post is None:
            ghosts += 1
        else:
            numbers.append(number)
            rest.append(post)
    posts = _in_order(quick, numbers, rest) if rest else quick.posts
    counts = Counter(
        read=posts.height + ghosts + len(block.faults),
        ghosts=ghosts,
        unreadable=len(block.faults),
        mended=block.mended,
    )
    block.faults.sort()
    openings = {post.id: post.opening for post in reversed(rest) if post.opening}
    words = quick.words.union(*(post.words() for post in rest))
    return Batch(posts, openings, words, block.position, block.line, counts)


def _in_order(quick: Quick, numbers: list[int], rest: list[Post]) -> pl.DataFrame:
    """The posts that were made at once and those that were made one by one, as they stand in the dump."""
    others = pl.DataFrame(
        [(post.id, post.thread, post.time, post.has_image, post.line) for post in rest], SCHEMA, orient="row"
    )
    places = pl.concat([quick.is_ordinary.arg_true(), pl.Series(numbers, dtype=pl.UInt32)])
    return pl.concat([quick.posts, others])[places.arg_sort()]


class _Writer:
    """A thread that stores batches in their order."""

    def __init__(self, store: Store, wanted: Wanted) -> None:
        self._store = store
        self._report = wanted.faults
        self._waiting: queue.Queue[tuple[Batch, list[str]] | None] = queue.Queue(2)
        self._error: BaseException | None = None
        self._stop = False
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def put(self, batch: Batch, faults: list[str]) -> None:
        """Hand over a batch; raises what went wrong with an earlier one."""
        while True:
            if self._error is not None:
                raise self._error
            try:
                self._waiting.put((batch, faults), timeout=0.5)
                return
            except queue.Full:
                continue

    def close(self, *, at_once: bool = False) -> None:
        """Wait until all is stored; `at_once` only for the batch at hand."""
        self._stop = at_once
        while self._thread.is_alive():
            with suppress(queue.Full):
                self._waiting.put(None, timeout=0.2)
                break
        self._thread.join()
        if self._error is not None and not at_once:
            raise self._error

    def _work(self) -> None:
        try:
            while (given := self._waiting.get()) is not None and not self._stop:
                batch, faults = given
                self._store.save(batch)
                self._write([*faults, *batch.refused])
        except BaseException as error:  # noqa: BLE001 - raised again where batches are handed over
            self._error = error

    def _write(self, lines: list[str]) -> None:
        if lines and self._report is not None:
            with self._report.open("a") as file:
                file.write("\n".join(lines) + "\n")


class _Meter:
    """Says how far the import is, a few times a second."""

    def __init__(self, store: Store, show: Say) -> None:
        self._store = store
        self._show = show
        self._began = time.monotonic()
        self._before = store.progress.counts["read"]
        self._last = 0.0

    def tick(self, *, last: bool = False) -> None:
        """Show the progress, if it is time."""
        now = time.monotonic()
        if now - self._last < _EVERY and not last:
            return
        self._last = now
        counts = self._store.progress.counts
        speed = (counts["read"] - self._before) / max(now - self._began, 0.001)
        self._show(f"{summary(counts)} ({speed:,.0f} a second)")


def summary(counts: Counter[str]) -> str:
    """What an import has met, in words."""
    stored, ghosts = ("post" if counts[name] == 1 else "posts" for name in ("stored", "ghosts"))
    parts = [f"{counts['stored']:,} {stored} stored"]
    names = (("duplicates", "there already"), ("ghosts", f"ghost {ghosts} left out"), ("unreadable", "unreadable"))
    parts += [f"{counts[name]:,} {words}" for name, words in names if counts[name]]
    if counts["mended"]:
        parts.append(f"{counts['mended']:,} with characters that could not be read")
    return ", ".join(parts)
