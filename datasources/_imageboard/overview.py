"""What is kept of an imageboard: posts by board and day, and when its boards, or threads of them, were not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.texts import say
from app.plugins import Database
from app.plugins.overview import Activity, Gap, Overview, Part
from datasources._imageboard.settings import BoardSettings

_UNSEEN = say("Nobody looked: the board was not set, or no scraper was running or free.")
_WAITED = say(
    "They waited for their turn: more had changed than the pace allows, the site was left alone for a while, or no"
    " scraper was free."
)
_GAPS = 50
STRETCHES = 1_000
"""How many of the newest stretches of each board are looked through for gaps, of its coverage and of unread threads."""
_BOARDS = 7
_OTHERS = "others"
_PERIODS = (("day", 120), ("month", 120 * 30))
"""Up to how many days are shown one by one, and by month; more are shown by year."""

Row = Mapping[str, Any]

# Boards are found by one probe of the index each, since coverage has ever more rows of each of them.
_COVERED = """
    WITH RECURSIVE steps AS (
        (SELECT board FROM imageboard_coverage WHERE source = %(source)s ORDER BY board LIMIT 1)
        UNION ALL
        SELECT (SELECT c.board FROM imageboard_coverage c WHERE c.source = %(source)s AND c.board > s.board
                ORDER BY c.board LIMIT 1) FROM steps s WHERE s.board IS NOT NULL
    ), covered AS (SELECT board FROM steps WHERE board IS NOT NULL)
"""
_LOOKED = f"""
    {_COVERED}
    SELECT covered.board, read.ended AS looked FROM covered, LATERAL
        (SELECT c.ended FROM imageboard_coverage c WHERE c.source = %(source)s AND c.board = covered.board
         AND c.outcome = 'read' ORDER BY c.began DESC LIMIT 1) AS read
"""  # noqa: S608 - a constant of this module
_MISSED = f"""
    {_COVERED}, recent AS (
        SELECT newest.* FROM covered, LATERAL
            (SELECT c.* FROM imageboard_coverage c WHERE c.source = %(source)s AND c.board = covered.board
             ORDER BY c.began DESC LIMIT %(stretches)s) AS newest
    ), looks AS (
        SELECT board, began, ended, outcome, reason, interval,
               lead(began) OVER (PARTITION BY board ORDER BY began) AS following
        FROM recent
    ), waits AS (
        SELECT newest.* FROM covered, LATERAL
            (SELECT u.* FROM imageboard_unread u WHERE u.source = %(source)s AND u.board = covered.board
             ORDER BY u.noticed DESC LIMIT %(stretches)s) AS newest
    ), gaps AS (
        SELECT board, began, CASE WHEN coalesce(following, now()) <= ended + make_interval(secs => 2 * interval)
               THEN following ELSE ended END AS ended, reason, NULL::integer AS threads, NULL::integer AS failed
        FROM looks WHERE outcome = 'failed'
        UNION ALL
        SELECT board, ended, following, '', NULL, NULL FROM looks
        WHERE coalesce(following, now()) > ended + make_interval(secs => 2 * interval)
        UNION ALL
        SELECT board, began, CASE WHEN ended IS NULL AND board <> ALL(%(scraped)s) THEN looked ELSE ended END, reason,
               threads, failed FROM waits
    )
    SELECT board, began, ended, reason, threads, failed, count(*) OVER () AS all_gaps,
        (SELECT max(number) FROM (SELECT count(*) AS number FROM recent GROUP BY board
                                  UNION ALL SELECT count(*) FROM waits GROUP BY board) n) AS stretches
    FROM gaps WHERE ended IS NOT NULL OR board = ANY(%(scraped)s) ORDER BY began DESC, board LIMIT %(most)s
"""  # noqa: S608 - a constant of this module


def overview_of(source: str, own: BoardSettings, database: Database) -> Overview:
    """What is kept of a source; what it costs depends on days and boards, not on posts or on how much was missed."""
    intervals = own.intervals() if own.autoscrape else {}
    counted = _counted(source, database)
    looked = database.many(_LOOKED, source=source)
    missed = database.many(_MISSED, source=source, scraped=list(intervals), most=_GAPS, stretches=STRETCHES)
    is_cut = bool(missed) and missed[0]["stretches"] >= STRETCHES
    return Overview(
        _parts(intervals, counted, looked),
        _period(counted) if counted else None,
        [Gap(row["board"], row["began"], row["ended"], _reason(row), row["threads"]) for row in missed],
        None if is_cut else missed[0]["all_gaps"] if missed else 0,
        "" if intervals else say("No board is scraped. Set {id}.boards, and switch on {id}.autoscrape.", id=source),
        option="board",
    )


def _reason(row: Row) -> str:
    """Why a board, or threads of it, were not read."""
    if row["threads"] is None:
        return row["reason"] or _UNSEEN
    if not row["failed"]:
        return _WAITED
    if row["failed"] == row["threads"]:
        return str(row["reason"])
    return say(
        "{failed:,} could not be read: {reason} The others waited for their turn.",
        failed=row["failed"],
        reason=row["reason"],
    )


def activity_of(source: str, database: Database) -> Activity:
    """Posts of a source by period and board, those of all but the largest boards together."""
    counted = _counted(source, database)
    period = _period(counted)
    rows = database.many(
        "SELECT date_trunc(%(period)s, day)::date AS began, CASE WHEN board = ANY(%(named)s) THEN board ELSE %(others)s"
        " END AS board, sum(posts)::bigint AS posts FROM imageboard_days WHERE source = %(source)s GROUP BY 1, 2"
        " ORDER BY 1, 2",
        source=source,
        period=period,
        named=[row["board"] for row in counted[:_BOARDS]],
        others=_OTHERS,
    )
    return Activity(period, [(row["began"], row["board"], row["posts"]) for row in rows])


def posts_by_board(source: str, database: Database) -> dict[str, int]:
    """How many posts of each board are kept, the largest first."""
    return {row["board"]: row["posts"] for row in _counted(source, database)}


def _counted(source: str, database: Database) -> Sequence[Row]:
    """The posts of each board, and the days of the first and last, the largest board first."""
    return database.many(
        "SELECT board, sum(posts)::bigint AS posts, min(day) AS first, max(day) AS last FROM imageboard_days"
        " WHERE source = %(source)s GROUP BY board ORDER BY posts DESC, board",
        source=source,
    )


def _parts(intervals: Mapping[str, int], counted: Sequence[Row], looked: Sequence[Row]) -> list[Part]:
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


def _period(counted: Sequence[Row]) -> str:
    if not counted:
        return "day"
    span = (max(row["last"] for row in counted) - min(row["first"] for row in counted)).days
    return next((period for period, most in _PERIODS if span <= most), "year")
