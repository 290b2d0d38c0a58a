"""The table `measures`: what there was, hour by hour; and what can be counted by day."""

from __future__ import annotations

from app.storage.database import Row, Session


def by_day(db: Session, days: int) -> list[Row]:
    """For each of the last days: datasets asked for, how many of them failed, and what was stored, or None."""
    return db.many(
        "WITH days AS (SELECT date_trunc('day', now()) - make_interval(days => n) AS day"
        " FROM generate_series(0, %(days)s - 1) n),"
        " asked AS (SELECT date_trunc('day', created) AS day, count(*) AS asked,"
        " count(*) FILTER (WHERE status = 'failed') AS failed"
        " FROM datasets WHERE created >= (SELECT min(day) FROM days) GROUP BY 1),"
        " stored AS (SELECT DISTINCT ON (date_trunc('day', at)) date_trunc('day', at) AS day,"
        " (facts ->> 'stored_bytes')::bigint AS stored_bytes"
        " FROM measures WHERE at >= (SELECT min(day) FROM days) AND facts ? 'stored_bytes'"
        " ORDER BY date_trunc('day', at), at DESC)"
        " SELECT day::date AS day, coalesce(asked, 0) AS asked, coalesce(failed, 0) AS failed, stored_bytes"
        " FROM days LEFT JOIN asked USING (day) LEFT JOIN stored USING (day) ORDER BY 1",
        days=days,
    )


def sizes(db: Session) -> Row:
    """What is stored now, in bytes: results, uploads, small pictures, the database; how many users and datasets."""
    return db.one(
        "SELECT (SELECT coalesce(sum(bytes), 0)::bigint FROM datasets) AS results,"
        " (SELECT coalesce(sum((file ->> 'size')::bigint), 0)::bigint FROM uploads) AS uploads,"
        " (SELECT coalesce((SELECT (facts ->> 'small_bytes')::bigint FROM measures WHERE facts ? 'small_bytes'"
        " ORDER BY at DESC LIMIT 1), 0)) AS small_pictures, pg_database_size(current_database()) AS database,"
        " (SELECT count(*) FROM users WHERE is_active) AS users, (SELECT count(*) FROM datasets) AS datasets"
    )
