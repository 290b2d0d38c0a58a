"""What the table `jobs` tells: what needs looking after, who comes next, and how long the queues are."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.job import Job
from app.storage.database import Session
from app.storage.job import COLUMNS, to_job
from app.storage.job_turn import READY


def dead(db: Session, dead_after: float) -> list[Job]:
    """Running jobs without a heartbeat for this many seconds, unless the database itself has only just come up."""
    rows = db.many(
        f"SELECT {COLUMNS} FROM jobs WHERE state = 'running'"
        " AND heartbeat < now() - make_interval(secs => %(dead_after)s)"
        " AND pg_postmaster_start_time() < now() - make_interval(secs => %(dead_after)s / 2)",
        dead_after=dead_after,
    )
    return [to_job(row) for row in rows]


def is_silent(db: Session, job_id: int, seconds: float) -> bool:
    """Whether a job has had no heartbeat for so long."""
    row = db.find(
        "SELECT id FROM jobs WHERE id = %(job_id)s AND heartbeat < now() - make_interval(secs => %(seconds)s)",
        job_id=job_id,
        seconds=seconds,
    )
    return row is not None


def blockers_gone(db: Session) -> list[str]:
    """Keys of datasets that jobs wait for although they have ended or are gone."""
    rows = db.many(
        "SELECT DISTINCT blocked_by AS key FROM jobs WHERE blocked_by IS NOT NULL AND NOT EXISTS (SELECT 1"
        " FROM datasets d WHERE d.key = jobs.blocked_by AND d.status IN ('waiting', 'running')) LIMIT 1000"
    )
    return [row["key"] for row in rows]


def rung_for(db: Session, seconds: float) -> list[tuple[int, str, int]]:
    """Jobs rung longer ago than this and not taken yet: id, type and ring."""
    rows = db.many(
        "SELECT id, type, rings FROM jobs WHERE state = 'rung' AND rung < now() - make_interval(secs => %(seconds)s)",
        seconds=seconds,
    )
    return [(row["id"], row["type"], row["rings"]) for row in rows]


def types_ready(db: Session, types: Sequence[str]) -> list[str]:
    """Those of some types that have a job that could start now."""
    rows = db.many(
        f"SELECT type FROM unnest(%(types)s) AS type WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.type = type.type"
        f" AND {READY})",
        types=list(types),
    )
    return [row["type"] for row in rows]


def position(db: Session, job_id: int, most: int = 10_000) -> int | None:
    """A waiting job's place in its queue, 1 being next; counted up to `most`, and None when it could not start now."""
    row = db.find(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM jobs o WHERE o.type = me.type AND o.state = 'waiting'"
        " AND o.blocked_by IS NULL AND o.claim_after <= now() AND (o.turn, o.id) < (me.turn, me.id)"
        " LIMIT %(most)s) before) + 1 AS place"
        f" FROM (SELECT id, type, turn FROM jobs WHERE id = %(job_id)s AND {READY}) me",
        job_id=job_id,
        most=most,
    )
    return int(row["place"]) if row else None


def of_unknown_types(db: Session, types: Sequence[str], seconds: float) -> list[Job]:
    """Jobs that have waited for so long and are of none of these types."""
    rows = db.many(
        f"SELECT {COLUMNS} FROM jobs WHERE state IN ('waiting', 'rung') AND type <> ALL(%(types)s)"
        " AND queued < now() - make_interval(secs => %(seconds)s) AND claim_after < now() LIMIT 1000",
        types=list(types),
        seconds=seconds,
    )
    return [to_job(row) for row in rows]
