"""The table `imageboard_coverage`: when the index of a board was read, and when and why it could not be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.plugins import Batch, Database
from datasources._imageboard.store.version import UNKNOWN, Version


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known before the index is asked for: the time, when it was last read, and which version that was."""

    now: datetime
    read: datetime | None
    version: Version


def last_read(db: Database, source: str, board: str) -> Coverage:
    """How the index was when it was last read; the time is that of the database, which all machines share."""
    row = db.one(
        "SELECT clock_timestamp() AS now, c.ended, c.etag, c.last_modified, c.dated FROM (SELECT 1) AS always"
        " LEFT JOIN LATERAL (SELECT ended, etag, last_modified, dated FROM imageboard_coverage WHERE source ="
        " %(source)s AND board = %(board)s AND outcome = 'read' ORDER BY began DESC LIMIT 1) AS c ON true",
        source=source,
        board=board,
    )
    return Coverage(row["now"], row["ended"], Version(row["etag"], row["last_modified"], row["dated"]))


def note(
    batch: Batch | Database,
    source: str,
    board: str,
    at: datetime,
    interval: int,
    *,
    failure: str = "",
    version: Version = UNKNOWN,
) -> None:
    """Note that this version of the index was read at a time, or that it was not read and why.

    The last stretch grows while the outcome stays the same and no more than an interval was missed; else a new one
    begins. What lies between two stretches is a gap.
    """
    values = {
        "source": source,
        "board": board,
        "at": at,
        "interval": interval,
        "outcome": "failed" if failure else "read",
        "reason": failure[:500],
        "etag": version.etag,
        "last_modified": version.last_modified,
        "dated": version.dated,
    }
    grown = batch.run(
        "UPDATE imageboard_coverage SET ended = %(at)s, etag = %(etag)s, last_modified = %(last_modified)s,"
        " dated = %(dated)s WHERE source = %(source)s AND board = %(board)s AND outcome = %(outcome)s"
        " AND interval = %(interval)s"
        " AND ended > %(at)s - make_interval(secs => 2 * %(interval)s) AND began = (SELECT max(began) FROM"
        " imageboard_coverage WHERE source = %(source)s AND board = %(board)s)",
        **values,
    )
    if not grown:
        batch.run(
            "INSERT INTO imageboard_coverage (source, board, began, ended, outcome, reason, interval, etag,"
            " last_modified, dated) VALUES (%(source)s, %(board)s, %(at)s, %(at)s, %(outcome)s, %(reason)s,"
            " %(interval)s, %(etag)s, %(last_modified)s, %(dated)s) ON CONFLICT (source, board, began) DO NOTHING",
            **values,
        )
