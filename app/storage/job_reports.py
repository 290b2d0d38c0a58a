"""What the table `jobs` tells: what needs looking after, who comes next, and how long the queues are."""

from __future__ import annotations

from typing import Any

from app.domain.job import Job
from app.storage.database import Session
from app.storage.job import COLUMNS, READY, to_job


def dead(db: Session, dead_after: float) -> list[Job]:
    """Running jobs without a heartbeat for this many seconds, unless the database itself has only just come up."""
    rows = db.many(
        f"SELECT {COLUMNS} FROM jobs WHERE state = 'running'"
        " AND heartbeat < now() - make_interval(secs => %(dead_after)s)"
        " AND pg_postmaster_start_time() < now() - make_interval(secs => %(dead_after)s / 2)",
        dead_after=dead_after,
    )
    return [to_job(row) for row in rows]


def rung_for(db: Session, seconds: float) -> list[tuple[int, str, int]]:
    """Jobs rung longer ago than this and not taken yet: id, type and ring."""
    rows = db.many(
        "SELECT id, type, rings FROM jobs WHERE state = 'rung' AND rung < now() - make_interval(secs => %(seconds)s)",
        seconds=seconds,
    )
    return [(row["id"], row["type"], row["rings"]) for row in rows]


def types_ready(db: Session) -> list[str]:
    """Types with a job that could start now."""
    return [row["type"] for row in db.many(f"SELECT DISTINCT type FROM jobs WHERE {READY}")]


def position(db: Session, job_id: int) -> int | None:
    """A waiting job's place in its queue, 1 being next: owners take turns, each one's oldest first."""
    row = db.find(
        "WITH waiting AS ("
        "  SELECT j.id, j.claim_after, coalesce(t.turn, 0) AS served, j.owner,"
        "  row_number() OVER (PARTITION BY j.owner ORDER BY j.claim_after, j.id) AS round"
        "  FROM jobs j LEFT JOIN queue_turns t USING (type, owner)"
        "  WHERE j.type = (SELECT type FROM jobs WHERE id = %(job_id)s)"
        "  AND j.state = 'waiting' AND j.blocked_by IS NULL"
        "), placed AS (SELECT id, row_number() OVER (ORDER BY round, served, owner) AS place FROM waiting)"
        " SELECT place FROM placed WHERE id = %(job_id)s",
        job_id=job_id,
    )
    return int(row["place"]) if row else None


def queue_counts(db: Session) -> dict[str, dict[str, Any]]:
    """For each type with jobs: how many wait, are rung, run and failed, and since when the oldest ready one waits.

    A standing task that rests until its next turn does not wait.
    """
    rows = db.many(
        "SELECT type,"
        " count(*) FILTER (WHERE state = 'waiting' AND (interval IS NULL OR claim_after <= now())) AS waiting,"
        " count(*) FILTER (WHERE state = 'rung') AS rung,"
        " count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'failed') AS failed,"
        f" min(claim_after) FILTER (WHERE ({READY}) OR state = 'rung') AS oldest"
        " FROM jobs GROUP BY type ORDER BY type"
    )
    return {row.pop("type"): row for row in rows}
