"""What happened lately and what is kept, counted: posts, datasets."""

from __future__ import annotations

from app.storage.database import Row, Session


def posts_of_last_hour(db: Session) -> list[Row]:
    """For each source that was ever scraped: posts of the last hour that are stored, and those deleted since."""
    return db.many(
        "SELECT b.source, coalesce(sum(c.scraped), 0)::bigint AS scraped,"
        " coalesce(sum(c.deleted), 0)::bigint AS deleted"
        " FROM (SELECT source, board, max(ended) AS ended FROM imageboard_coverage GROUP BY source, board) b"
        " LEFT JOIN LATERAL (SELECT count(*) AS scraped, count(p.deleted) AS deleted FROM imageboard_posts p"
        "  WHERE p.source = b.source AND p.board = b.board AND p.created > now() - interval '1 hour') c"
        " ON b.ended > now() - interval '2 hours'"
        " GROUP BY b.source ORDER BY b.source"
    )


def datasets_created(db: Session) -> Row:
    """How many datasets were made in the last `hour` and `day`, analyses included."""
    return db.one(
        "SELECT count(*) FILTER (WHERE created > now() - interval '1 hour') AS hour, count(*) AS day"
        " FROM datasets WHERE created > now() - interval '1 day'"
    )


def kept_posts(db: Session, source: str, board: str) -> Row:
    """What is kept of a board: `threads` that were read, `posts`, how many of these are `deleted`, and `images`."""
    return db.one(
        "SELECT (SELECT count(*) FROM imageboard_threads t"
        "  WHERE t.source = %(source)s AND t.board = %(board)s AND t.scraped IS NOT NULL) AS threads,"
        " count(*) AS posts, count(p.deleted) AS deleted, count(DISTINCT i.md5) AS images FROM imageboard_posts p"
        " LEFT JOIN imageboard_images i ON i.md5 = p.image_md5 AND i.state = 'stored'"
        " WHERE p.source = %(source)s AND p.board = %(board)s",
        source=source,
        board=board,
    )


def totals(db: Session) -> Row:
    """How many `captures` and `datasets` there are that are not deleted, `posts` in these captures, and `users`."""
    return db.one(
        "SELECT count(*) FILTER (WHERE parent IS NULL) AS captures, count(*) AS datasets,"
        " coalesce(sum(rows) FILTER (WHERE parent IS NULL), 0)::bigint AS posts,"
        " (SELECT count(*) FROM users WHERE is_active) AS users FROM datasets WHERE deleted IS NULL"
    )


def kept_by_source(db: Session) -> dict[str, int]:
    """How many posts are kept of each data source whose posts this installation collects."""
    rows = db.many("SELECT source, sum(posts)::bigint AS posts FROM imageboard_days GROUP BY source")
    return {row["source"]: row["posts"] for row in rows}
