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
    rows = db.many(
        "SELECT parent, key FROM datasets WHERE parent = ANY(%(keys)s) AND deleted IS NULL ORDER BY id", keys=wanted
    )
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


_SHOWN = (
    "j.id, j.type, j.state, j.dataset, d.label, j.blocked_by, j.interval, j.attempts, j.max_attempts, j.queued,"
    " j.claim_after, j.claimed, j.heartbeat, j.host, j.pid, j.cancel_requested IS NOT NULL AS cancel_requested,"
    " j.failed, j.error, u.name AS owner,"
    " CASE WHEN j.state = 'running' THEN"
    " round(extract(epoch FROM clock_timestamp() - j.heartbeat)::numeric, 1)::float END AS heartbeat_age"
)
_NAMED = "LEFT JOIN datasets d ON d.key = j.dataset LEFT JOIN users u ON u.id::text = j.owner"


def list_jobs(
    db: Session, *, state: str | None = None, type_: str | None = None, after: int = 0, limit: int = 500
) -> list[Row]:
    """Open and failed jobs by number; whose they are and what they make. `after` is the cursor: ids above it follow.

    Their details stay out: they may hold secrets.
    """
    return db.many(
        f"SELECT {_SHOWN} FROM (SELECT * FROM jobs WHERE (%(state)s IS NULL OR state = %(state)s)"
        " AND (%(type)s IS NULL OR type = %(type)s) AND id > %(after)s ORDER BY id LIMIT %(limit)s) j"
        f" {_NAMED} ORDER BY j.id",
        after=after,
        state=state,
        type=type_,
        limit=limit,
    )


_NEED = (
    "CASE WHEN state = 'failed' OR (state = 'waiting' AND interval IS NOT NULL AND error IS NOT NULL) THEN 0"
    " WHEN state IN ('running', 'rung') THEN 1 WHEN interval IS NULL THEN 2 ELSE 3 END"
)
"""What needs somebody first: failures, also of standing tasks; what runs; what waits; standing tasks at rest."""


def list_by_need(
    db: Session, *, state: str | None, type_: str | None, after: tuple[int, int] | None, limit: int
) -> list[Row]:
    """Jobs as `list_jobs` has them, by `need` (see `_NEED`), the newest first. `after` is a job's need and number."""
    need, number = after or (None, None)
    return db.many(
        f"SELECT {_SHOWN}, f.need FROM (SELECT id, need FROM (SELECT id, {_NEED} AS need FROM jobs"
        "  WHERE (%(state)s IS NULL OR state = %(state)s) AND (%(type)s IS NULL OR type = %(type)s)) ranked"
        "  WHERE %(need)s IS NULL OR need > %(need)s OR (need = %(need)s AND id < %(number)s)"
        f"  ORDER BY need, id DESC LIMIT %(limit)s) f JOIN jobs j ON j.id = f.id {_NAMED} ORDER BY f.need, j.id DESC",
        state=state,
        type=type_,
        need=need,
        number=number,
        limit=limit,
    )


def running_jobs(db: Session, limit: int = 200) -> list[Row]:
    """Jobs at work, the longest first: where, whose, and how many seconds ago they last said that they are alive."""
    return db.many(
        f"SELECT {_SHOWN} FROM jobs j {_NAMED} WHERE j.state = 'running' ORDER BY j.claimed, j.id LIMIT %(limit)s",
        limit=limit,
    )


def failed_jobs(db: Session, limit: int = 50) -> list[Row]:
    """Jobs that failed, the latest first, with their tracebacks.

    So are standing tasks whose last run failed: they wait for their next turn all the same.
    """
    return db.many(
        f"SELECT {_SHOWN} FROM ("
        "  (SELECT * FROM jobs WHERE state = 'failed' ORDER BY failed DESC LIMIT %(limit)s)"
        "  UNION ALL"
        "  (SELECT * FROM jobs WHERE state <> 'failed' AND interval IS NOT NULL AND error IS NOT NULL)"
        f") j {_NAMED} ORDER BY j.failed DESC NULLS LAST, j.id DESC LIMIT %(limit)s",
        limit=limit,
    )


def running_by_host(db: Session) -> list[Row]:
    """How many jobs run on each machine, and the seconds since the longest silent one has said that it is alive."""
    return db.many(
        "SELECT coalesce(host, '') AS host, count(*) AS count,"
        " max(extract(epoch FROM clock_timestamp() - heartbeat))::float AS heartbeat_age"
        " FROM jobs WHERE state = 'running' GROUP BY host ORDER BY host"
    )


def queue_counts(db: Session, late: float) -> dict[str, Row]:
    """For each type with jobs: how many wait, are rung, run and failed, and since when the oldest ready one waits.

    `blocked` of those that wait do so for another dataset. `late` counts the ready ones that have waited for more than
    so many seconds, `late_rung` those rung so long ago. A standing task that rests until its next turn does not wait.
    """
    ready = "state = 'waiting' AND blocked_by IS NULL AND claim_after <= now()"
    rows = db.many(
        "SELECT type,"
        " count(*) FILTER (WHERE state = 'waiting' AND (interval IS NULL OR claim_after <= now())) AS waiting,"
        " count(*) FILTER (WHERE state = 'waiting' AND blocked_by IS NOT NULL) AS blocked,"
        " count(*) FILTER (WHERE state = 'rung') AS rung,"
        " count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'failed') AS failed,"
        f" extract(epoch FROM now() - min(claim_after) FILTER (WHERE ({ready}) OR state = 'rung'))::float AS oldest,"
        f" count(*) FILTER (WHERE {ready} AND claim_after < now() - make_interval(secs => %(late)s)) AS late,"
        " count(*) FILTER (WHERE state = 'rung' AND rung < now() - make_interval(secs => %(late)s)) AS late_rung"
        " FROM jobs GROUP BY type ORDER BY type",
        late=late,
    )
    return {row.pop("type"): row for row in rows}


def dataset_counts(db: Session) -> dict[str, int]:
    """How many datasets there are, by status."""
    rows = db.many(
        "SELECT status, count(*) AS count FROM datasets WHERE deleted IS NULL GROUP BY status ORDER BY status"
    )
    return {row["status"]: row["count"] for row in rows}


def server_facts(db: Session) -> dict[str, Any]:
    """The version of the database server, its clock, and how many of its connections are in use."""
    return db.one(
        "SELECT current_setting('server_version') AS version, clock_timestamp() AS clock,"
        " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,"
        " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        " AS max_connections"
    )


def waiting_jobs(db: Session, datasets: Iterable[str]) -> dict[str, Row]:
    """The job that each of these waiting datasets has in the queue, by dataset; where there is one.

    `source` is the label of the dataset it waits for, `is_due` whether the time has come at which it may start.
    """
    wanted = list(datasets)
    if not wanted:
        return {}
    rows = db.many(
        "SELECT DISTINCT ON (j.dataset) j.dataset, j.id, j.type, j.state, j.claim_after, s.label AS source,"
        " j.blocked_by, j.claim_after <= now() AS is_due FROM jobs j LEFT JOIN datasets s ON s.key = j.blocked_by"
        " WHERE j.dataset = ANY(%(keys)s) AND j.state <> 'failed'"
        " ORDER BY j.dataset, j.cancel_requested IS NOT NULL, j.id DESC",
        keys=wanted,
    )
    return {row["dataset"]: row for row in rows}


def first_in_line(db: Session, type_: str, most: int) -> list[int]:
    """The jobs of a type that could start, in the order in which they will; the first so many."""
    row = db.one(
        "SELECT array_agg(id ORDER BY turn, id) AS ids FROM (SELECT id, turn FROM jobs WHERE type = %(type)s"
        " AND state = 'waiting' AND blocked_by IS NULL AND claim_after <= now() ORDER BY turn, id LIMIT %(most)s) f",
        type=type_,
        most=most,
    )
    return row["ids"] or []


def newest_job(db: Session) -> int:
    """The largest number of a job."""
    return int(db.one("SELECT coalesce(max(id), 0) AS newest FROM jobs")["newest"])


def running_for(db: Session, type_: str) -> list[float]:
    """For how many seconds each job of a type has run; one that has been rung and not yet begun counts as zero."""
    rows = db.many(
        "SELECT CASE WHEN state = 'running' THEN extract(epoch FROM now() - claimed)::float ELSE 0 END AS seconds"
        " FROM jobs WHERE type = %(type)s AND state IN ('rung', 'running')",
        type=type_,
    )
    return [max(row["seconds"] or 0.0, 0.0) for row in rows]


def pace_of(db: Session, type_: str, last: int = 20) -> Row | None:
    """How many seconds the last datasets of a type took for each row read or captured (`per_row`), and at `least`.

    None when none has finished.
    """
    row = db.one(
        "SELECT sum(seconds)::float / greatest(sum(rows), 1) AS per_row, min(seconds)::float AS least FROM ("
        " SELECT greatest(extract(epoch FROM d.ended - d.started), 0) AS seconds, coalesce(p.rows, d.rows, 0) AS rows"
        " FROM datasets d LEFT JOIN datasets p ON p.key = d.parent WHERE d.type = %(type)s AND d.status = 'finished'"
        " AND d.started IS NOT NULL ORDER BY d.ended DESC LIMIT %(last)s) lately",
        type=type_,
        last=last,
    )
    return None if row["least"] is None else row


def usual_seconds(db: Session, type_: str, last: int = 20) -> float | None:
    """How long the last datasets of a type took on average; None when none has finished."""
    row = db.one(
        "SELECT avg(extract(epoch FROM ended - started))::float AS seconds FROM (SELECT started, ended FROM datasets"
        " WHERE type = %(type)s AND status = 'finished' ORDER BY ended DESC LIMIT %(last)s) lately",
        type=type_,
        last=last,
    )
    return None if row["seconds"] is None else max(float(row["seconds"]), 0.0)
