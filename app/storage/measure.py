"""The table `measures`: what there was, hour by hour; and what can be counted by day."""

from __future__ import annotations

from app.storage.database import Row, Session


def by_day(db: Session, days: int) -> list[Row]:
    """For each of the last days: datasets asked for, how many of them failed, and what was stored, or None."""
    return db.many(
        "SELECT day::date AS day,"
        " (SELECT count(*) FROM datasets d WHERE d.created >= day AND d.created < day + interval '1 day') AS asked,"
        " (SELECT count(*) FROM datasets d WHERE d.created >= day AND d.created < day + interval '1 day'"
        " AND d.status = 'failed') AS failed,"
        " (SELECT (m.facts ->> 'stored_bytes')::bigint FROM measures m WHERE m.at >= day"
        " AND m.at < day + interval '1 day' ORDER BY m.at DESC LIMIT 1) AS stored_bytes"
        " FROM generate_series(date_trunc('day', now()) - make_interval(days => %(days)s - 1),"
        " date_trunc('day', now()), interval '1 day') AS day ORDER BY 1",
        days=days,
    )


def sizes(db: Session) -> Row:
    """What is stored now: bytes of results, of uploads and of the database itself, and how many users and datasets."""
    return db.one(
        "SELECT (SELECT coalesce(sum(bytes), 0)::bigint FROM datasets) AS results,"
        " (SELECT coalesce(sum((file ->> 'size')::bigint), 0)::bigint FROM uploads) AS uploads,"
        " pg_database_size(current_database()) AS database,"
        " (SELECT count(*) FROM users WHERE is_active) AS users, (SELECT count(*) FROM datasets) AS datasets"
    )
