"""The table `imageboard_threads` as the index of a board shows it, and which threads are to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.plugins import Batch
from datasources._imageboard.engines import ThreadListed

_OPEN = "archived IS NULL AND deleted IS NULL AND mark IS NOT NULL"
_LOOKS = 10
"""Looks until each thread has had a turn, if there are requests enough."""


@dataclass(frozen=True, slots=True)
class Due:
    """A thread that is to be read, since when, and why it could not be read when it was last asked for.

    `since` is None where nothing says that there is anything new.
    """

    id: int
    since: datetime | None
    failure: str | None


def store_index(
    batch: Batch, source: str, board: str, listed: Sequence[ThreadListed], at: datetime, before: datetime | None
) -> list[int]:
    """Store what has changed in the index since it was last read (`before`).

    Gives the numbers of threads that are listed again after they had been thought gone: these are to be read too.
    """
    known = {
        row["id"]: row
        for row in batch.many(
            "SELECT id, mark, vanished IS NOT NULL AS was_missing, archived IS NOT NULL OR deleted IS NOT NULL AS gone"
            " FROM imageboard_threads"
            f" WHERE source = %(source)s AND board = %(board)s AND (({_OPEN}) OR id = ANY(%(ids)s::bigint[]))",
            source=source,
            board=board,
            ids=[thread.id for thread in listed],
        )
    }
    _insert(batch, source, board, [thread for thread in listed if thread.id not in known], at)
    changed = [
        thread
        for thread in listed
        if (row := known.get(thread.id)) is not None
        and (row["mark"] != thread.mark or row["was_missing"] or not thread.mark)
    ]
    _update(batch, source, board, changed, at)
    _note_order(batch, source, board, listed, at)
    there = {thread.id for thread in listed}
    missing = [number for number, row in known.items() if number not in there and not row["was_missing"]]
    if missing:
        batch.run(
            "UPDATE imageboard_threads SET vanished = %(at)s, listed = greatest(listed, %(before)s),"
            " due = coalesce(due, %(at)s), failure = CASE WHEN due IS NOT NULL THEN failure END"
            " WHERE source = %(source)s AND board = %(board)s AND id = ANY(%(ids)s)",
            source=source,
            board=board,
            at=at,
            before=before,
            ids=missing,
        )
    return [number for number, row in known.items() if row["gone"] and number in there]


def _insert(batch: Batch, source: str, board: str, threads: Sequence[ThreadListed], at: datetime) -> None:
    if threads:
        batch.run_each(
            "INSERT INTO imageboard_threads (source, board, id, seen, listed, due, modified, mark) VALUES %s"
            " ON CONFLICT (source, board, id) DO NOTHING",
            [(source, board, one.id, at, at, at, one.modified, one.mark) for one in threads],
        )


def _update(batch: Batch, source: str, board: str, threads: Sequence[ThreadListed], at: datetime) -> None:
    if threads:
        batch.run_each(
            "UPDATE imageboard_threads AS t SET listed = v.at, vanished = NULL, mark = v.mark,"
            " modified = coalesce(v.modified::timestamptz, t.modified),"
            " due = CASE WHEN t.mark IS NOT DISTINCT FROM v.mark AND v.mark <> '' THEN t.due"
            " ELSE coalesce(t.due, v.at) END, failure = CASE WHEN t.due IS NOT NULL THEN t.failure END"
            " FROM (VALUES %s) AS v (source, board, id, at, mark, modified)"
            " WHERE t.source = v.source AND t.board = v.board AND t.id = v.id",
            [
                (source, board, one.id, at, one.mark, one.modified)
                for one in sorted(threads, key=lambda thread: thread.id)
            ],
        )


def _note_order(batch: Batch, source: str, board: str, threads: Sequence[ThreadListed], at: datetime) -> None:
    """Keep the order of the threads, if it is another than at the last look: the places of all of them at once."""
    batch.run(
        "INSERT INTO imageboard_orders (source, board, seen, threads)"
        " SELECT %(source)s, %(board)s, %(at)s, %(ids)s::bigint[] WHERE %(ids)s::bigint[] IS DISTINCT FROM"
        " (SELECT threads FROM imageboard_orders WHERE source = %(source)s AND board = %(board)s"
        " ORDER BY seen DESC LIMIT 1) ON CONFLICT (source, board, seen) DO NOTHING",
        source=source,
        board=board,
        at=at,
        ids=[one.id for one in sorted(threads, key=lambda thread: thread.position)],
    )


def due_threads(batch: Batch, source: str, board: str) -> list[Due]:
    """The threads that have changed since they were read, and those that have vanished from the index.

    One of which the index does not say when it changed is always to be read. One that has vanished and can still be
    read is looked at again ever more seldom.
    """
    rows = batch.many(
        f"SELECT id, due, failure FROM imageboard_threads WHERE source = %(source)s AND board = %(board)s AND {_OPEN}"
        " AND (due IS NOT NULL OR CASE WHEN vanished IS NULL THEN mark = '' ELSE"
        " clock_timestamp() - scraped > (clock_timestamp() - vanished) / 2 END)"
        " ORDER BY modified NULLS FIRST, id",
        source=source,
        board=board,
    )
    return [Due(row["id"], row["due"], row["failure"]) for row in rows]


def take_turns(batch: Batch, source: str, board: str, most: int) -> list[int]:
    """The listed threads whose turn it is to be read although their marks are as they were when they were last read.

    These are a tenth of them and `most` at most, those first that have waited longest. A thread that cannot be read
    loses its turn, so that it does not stand in the way of others.
    """
    quiet = (
        f"FROM imageboard_threads WHERE source = %(source)s AND board = %(board)s AND {_OPEN} AND vanished IS NULL"
        " AND mark <> '' AND due IS NULL"
    )
    rows = batch.many(
        "UPDATE imageboard_threads SET turn = clock_timestamp() WHERE source = %(source)s AND board = %(board)s"
        f" AND id IN (SELECT id {quiet} ORDER BY greatest(scraped, turn), id LIMIT least(%(most)s, (SELECT"
        f" ceil(count(*) / %(looks)s::float) {quiet}))) RETURNING id",
        source=source,
        board=board,
        most=most,
        looks=_LOOKS,
    )
    return [row["id"] for row in rows]
