"""The table `imageboard_unread`: when threads of a board were to be read and were not, how many, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.plugins import Batch
from datasources._imageboard.store.threads import Due

_INTERVALS = 1.5
"""Intervals for which a thread may wait: the look after the one that asked for it may still find it unread."""
_LEAST = 60.0
"""Seconds for which a thread may wait however often a board is looked at."""


def note(batch: Batch, source: str, board: str, at: datetime, interval: int, due: Sequence[Due]) -> None:
    """Note how many of the threads that are to be read at this look have been so for too long.

    A stretch begins when the first of them was to be read, and goes on until a look finds none.
    """
    patience = timedelta(seconds=max(_INTERVALS * interval, _LEAST))
    late = [(one.since, one.failure) for one in due if one.since is not None and at - one.since > patience]
    if not late:
        batch.run(
            "UPDATE imageboard_unread SET ended = %(at)s"
            " WHERE source = %(source)s AND board = %(board)s AND ended IS NULL",
            source=source,
            board=board,
            at=at,
        )
        return
    failures = [failure for _, failure in late if failure]
    batch.run(
        "INSERT INTO imageboard_unread AS u (source, board, noticed, began, looked, threads, failed, reason)"
        " VALUES (%(source)s, %(board)s, %(at)s, %(began)s, %(at)s, %(threads)s, %(failed)s, %(reason)s)"
        " ON CONFLICT (source, board) WHERE ended IS NULL DO UPDATE SET looked = excluded.looked,"
        " threads = greatest(u.threads, excluded.threads), failed = greatest(u.failed, excluded.failed),"
        " reason = coalesce(nullif(excluded.reason, ''), u.reason)",
        source=source,
        board=board,
        at=at,
        began=min(since for since, _ in late),
        threads=len(late),
        failed=len(failures),
        reason=failures[0] if failures else "",
    )
