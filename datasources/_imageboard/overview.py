"""What is kept of an imageboard: posts by board and day, and when its boards were not read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.plugins import Database
from app.plugins.overview import Gap, Overview, Part
from datasources._imageboard.settings import BoardSettings

_UNSEEN = "Nobody looked: the board was not set, or no scraper was running."
_GAPS = 50
_BOARDS = 7
_OTHERS = "others"
_PERIODS = (("day", 120), ("month", 120 * 30))
"""Up to how many days are shown one by one, and by month; more are shown by year."""

_MISSED = """
    WITH looks AS (
        SELECT board, began, ended, outcome, reason, interval,
               lead(began) OVER (PARTITION BY board ORDER BY began) AS following
        FROM imageboard_coverage WHERE source = %(source)s
    ), gaps AS (
        SELECT board, began, CASE WHEN coalesce(following, now()) <= ended + make_interval(secs => 2 * interval)
               THEN following ELSE ended END AS ended, reason FROM looks WHERE outcome = 'failed'
        UNION ALL
        SELECT board, ended, following, '' FROM looks
        WHERE coalesce(following, now()) > ended + make_interval(secs => 2 * interval)
    )
    SELECT board, began, ended, reason, count(*) OVER () AS all_gaps FROM gaps
    WHERE ended IS NOT NULL OR board = ANY(%(scraped)s) ORDER BY began DESC, board LIMIT %(most)s
"""


def overview_of(source: str, own: BoardSettings, database: Database) -> Overview:
    """What is kept of a source; what it costs depends on days, boards and gaps, not on posts."""
    intervals = own.intervals() if own.autoscrape else {}
    parts = _parts(source, intervals, database)
    period = _period(parts)
    missed = database.many(_MISSED, source=source, scraped=list(intervals), most=_GAPS)
    gaps = [Gap(row["board"], row["began"], row["ended"], row["reason"] or _UNSEEN) for row in missed]
    return Overview(
        parts,
        period,
        _activity(source, period, parts, database),
        gaps,
        missed[0]["all_gaps"] if missed else 0,
        "" if intervals else f"No board is scraped. Set {source}.boards, and switch on {source}.autoscrape.",
    )


def _parts(source: str, intervals: dict[str, int], database: Database) -> list[Part]:
    counted = database.many(
        "SELECT board, sum(posts)::bigint AS posts, min(day) AS first, max(day) AS last FROM imageboard_days"
        " WHERE source = %(source)s GROUP BY board",
        source=source,
    )
    looked = database.many(
        "SELECT board, max(ended) AS looked FROM imageboard_coverage WHERE source = %(source)s AND outcome = 'read'"
        " GROUP BY board",
        source=source,
    )
    known: dict[str, dict[str, Any]] = {board: {} for board in intervals}
    for row in (*counted, *looked):
        known.setdefault(row["board"], {}).update(row)
    found = [
        Part(
            board,
            row.get("posts", 0),
            row.get("first"),
            row.get("last"),
            intervals.get(board),
            row.get("looked"),
        )
        for board, row in known.items()
    ]
    return sorted(found, key=lambda part: (-part.posts, part.name))


def _period(parts: Sequence[Part]) -> str:
    firsts = [part.first for part in parts if part.first]
    lasts = [part.last for part in parts if part.last]
    span = (max(lasts) - min(firsts)).days if firsts and lasts else 0
    return next((period for period, most in _PERIODS if span <= most), "year")


def _activity(source: str, period: str, parts: Sequence[Part], database: Database) -> list[tuple[date, str, int]]:
    rows = database.many(
        "SELECT date_trunc(%(period)s, day)::date AS began, CASE WHEN board = ANY(%(named)s) THEN board ELSE %(others)s"
        " END AS board, sum(posts)::bigint AS posts FROM imageboard_days WHERE source = %(source)s GROUP BY 1, 2"
        " ORDER BY 1, 2",
        source=source,
        period=period,
        named=[part.name for part in parts[:_BOARDS]],
        others=_OTHERS,
    )
    return [(row["began"], row["board"], row["posts"]) for row in rows]
