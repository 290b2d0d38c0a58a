"""Facts about many datasets or jobs at once, for lists and for the state of the machinery."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.storage.database import Row, Session


def children_of(db: Session, keys: Iterable[str]) -> dict[str, list[str]]:
    """The keys of what was made from each of these datasets, oldest first."""
    wanted = list(keys)
    if not wanted:
        return {}
    rows = db.many("SELECT parent, key FROM datasets WHERE parent = ANY(%(keys)s) ORDER BY id", keys=wanted)
    found: dict[str, list[str]] = {key: [] for key in wanted}
    for row in rows:
        found[row["parent"]].append(row["key"])
    return found


def names_of(db: Session, ids: Iterable[int]) -> dict[int, str]:
    """The names of these users."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = db.many("SELECT id, name FROM users WHERE id = ANY(%(ids)s)", ids=wanted)
    return {row["id"]: row["name"] for row in rows}


def running_jobs(db: Session, limit: int = 200) -> list[Row]:
    """Jobs at work: where, since when, and how many seconds ago they last said that they are alive."""
    return db.many(
        "SELECT id, type, dataset, host, pid, attempts, max_attempts, claimed AS since,"
        " round(extract(epoch FROM now() - heartbeat)::numeric, 1)::float AS heartbeat_age FROM jobs"
        " WHERE state = 'running' ORDER BY claimed LIMIT %(limit)s",
        limit=limit,
    )


def failed_jobs(db: Session, limit: int = 50) -> list[Row]:
    """Jobs that failed, the latest first: when and why."""
    return db.many(
        "SELECT id, type, dataset, host, attempts, failed AS at, error FROM jobs WHERE state = 'failed'"
        " ORDER BY failed DESC NULLS LAST, id DESC LIMIT %(limit)s",
        limit=limit,
    )


def dataset_counts(db: Session) -> dict[str, int]:
    """How many datasets there are, by status."""
    rows = db.many("SELECT status, count(*) AS count FROM datasets GROUP BY status ORDER BY status")
    return {row["status"]: row["count"] for row in rows}


def server_facts(db: Session) -> dict[str, Any]:
    """The version of the database server, and its clock."""
    return db.one("SELECT current_setting('server_version') AS version, clock_timestamp() AS clock")
