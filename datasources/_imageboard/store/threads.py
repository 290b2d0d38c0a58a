"""The table `imageboard_threads` as the index of a board shows it, and which threads are to be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from app.plugins import Batch
from datasources._imageboard.engines import ThreadListed

_OPEN = "archived IS NULL AND deleted IS NULL AND mark IS NOT NULL"
_LOOKS = 10
"""Looks until each thread has had a turn, if there are requests enough."""


def store_index(
    batch: Batch, source: str, board: str, listed: Sequence[ThreadListed], at: datetime, before: datetime | None
) -> list[int]:
    """Store what has changed in the index since it was last read (`before`).

    Gives the numbers of threads that are listed again after they had been thought gone: these are to be read too.
    """
    known = {
        row["id"]: row
        for row in batch.many(
            "SELECT id, mark, vanished IS NOT NULL AS was_missing, archived IS NOT NULL OR deleted IS NOT NULL AS gone,"
            " (positions -> -1 ->> 1)::integer AS position FROM imageboard_threads"
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
        and (row["mark"] != thread.mark or row["position"] != thread.position or row["was_missing"])
    ]
    _update(batch, source, board, changed, at)
    there = {thread.id for thread in listed}
    missing = [number for number, row in known.items() if number not in there and not row["was_missing"]]
    if missing:
        batch.run(
            "UPDATE imageboard_threads SET vanished = %(at)s, listed = greatest(listed, %(before)s)"
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
            "INSERT INTO imageboard_threads (source, board, id, seen, listed, modified, mark, positions) VALUES %s"
            " ON CONFLICT (source, board, id) DO NOTHING",
            [
                (source, board, one.id, at, at, one.modified, one.mark, json.dumps([[_epoch(at), one.position]]))
                for one in threads
            ],
        )


def _update(batch: Batch, source: str, board: str, threads: Sequence[ThreadListed], at: datetime) -> None:
    """The place in the index is kept with its time whenever it is another."""
    if threads:
        batch.run_each(
            "UPDATE imageboard_threads AS t SET listed = v.at, vanished = NULL, mark = v.mark,"
            " modified = coalesce(v.modified::timestamptz, t.modified), positions = CASE WHEN (t.positions -> -1 ->> 1)"
            "::integer IS DISTINCT FROM v.position THEN t.positions || jsonb_build_array(jsonb_build_array("
            "v.epoch, v.position)) ELSE t.positions END"
            " FROM (VALUES %s) AS v (source, board, id, at, epoch, position, mark, modified)"
            " WHERE t.source = v.source AND t.board = v.board AND t.id = v.id",
            [
                (source, board, one.id, at, _epoch(at), one.position, one.mark, one.modified)
                for one in sorted(threads, key=lambda thread: thread.id)
            ],
        )


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def due_threads(batch: Batch, source: str, board: str) -> list[int]:
    """The threads that have changed since they were read, and those that have vanished from the index.

    One of which the index does not say when it changed is always to be read. One that has vanished and can still be
    read is looked at again ever more seldom.
    """
    rows = batch.many(
        f"SELECT id FROM imageboard_threads WHERE source = %(source)s AND board = %(board)s AND {_OPEN}"
        " AND CASE WHEN vanished IS NULL THEN mark = '' OR read_mark IS DISTINCT FROM mark ELSE scraped IS NULL"
        " OR scraped < vanished OR clock_timestamp() - scraped > (clock_timestamp() - vanished) / 2 END"
        " ORDER BY modified NULLS FIRST, id",
        source=source,
        board=board,
    )
    return [row["id"] for row in rows]


def take_turns(batch: Batch, source: str, board: str, most: int) -> list[int]:
    """The listed threads whose turn it is to be read although their marks are as they were when they were last read.

    These are a tenth of them and `most` at most, those first that have waited longest. A thread that cannot be read
    loses its turn, so that it does not stand in the way of others.
    """
    quiet = (
        f"FROM imageboard_threads WHERE source = %(source)s AND board = %(board)s AND {_OPEN} AND vanished IS NULL"
        " AND mark <> '' AND read_mark = mark"
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
