"""The table `jobs`: the truth about what waits and what runs."""

from __future__ import annotations

from typing import Any

from psycopg2.extras import Json

from app.domain.errors import Unavailable
from app.domain.job import Job, JobState
from app.domain.texts import say
from app.storage.database import Session, Transaction
from app.storage.job_turn import NEXT_TURN, READY

COLUMNS = (
    "id, type, remote_id, state, owner, details, dataset, blocked_by, interval, attempts, max_attempts, token, queued,"
    " claim_after, claimed, heartbeat, host, pid, cancel_requested IS NOT NULL AS cancel_requested, error, away_since,"
    " checkpoint"
)

_INSERT = (
    "INSERT INTO jobs (type, remote_id, owner, details, dataset, blocked_by, claim_after, interval, max_attempts, turn)"
    " VALUES (%(type)s, %(remote_id)s, %(owner)s, %(details)s, %(dataset)s, %(blocked_by)s,"
    " now() + make_interval(secs => %(delay)s), %(interval)s, %(max_attempts)s,"
    f" {NEXT_TURN.format(type='%(type)s', owner='%(owner)s')})"
    f" ON CONFLICT (type, remote_id) WHERE state <> 'failed' DO NOTHING RETURNING {COLUMNS}"
)
_LOOKS = 10
"""How often an open job may end between the try to add another and the look at it."""


def to_job(row: dict[str, Any]) -> Job:
    """The job that a row of COLUMNS describes."""
    return Job(**{**row, "state": JobState(row["state"])})


def insert(
    tx: Transaction,
    type_: str,
    remote_id: str,
    *,
    owner: str,
    details: dict[str, Any],
    dataset: str | None,
    blocked_by: str | None,
    delay: float,
    interval: int | None,
    max_attempts: int,
) -> tuple[Job, bool]:
    """Add a job unless one of this type and remote id is open; the open job, and whether it is new.

    :raises Unavailable: when one that is open is gone each time it is looked at
    """
    values = {
        "type": type_,
        "remote_id": remote_id,
        "owner": owner,
        "details": Json(details),
        "dataset": dataset,
        "blocked_by": blocked_by,
        "delay": delay,
        "interval": interval,
        "max_attempts": max_attempts,
    }
    for _ in range(_LOOKS):
        row = tx.find(_INSERT, **values)
        if row is not None:
            return to_job(row), True
        found = find_open(tx, type_, remote_id)
        if found is not None:
            return found, False
    raise Unavailable(say("The queue was busy with this very job. Try again."))


def find(db: Session, job_id: int) -> Job | None:
    """One job."""
    row = db.find(f"SELECT {COLUMNS} FROM jobs WHERE id = %(job_id)s", job_id=job_id)
    return to_job(row) if row else None


def find_open(db: Session, type_: str, remote_id: str) -> Job | None:
    """The open job of this type and remote id, if there is one."""
    row = db.find(
        f"SELECT {COLUMNS} FROM jobs WHERE type = %(type)s AND remote_id = %(remote_id)s AND state <> 'failed'",
        type=type_,
        remote_id=remote_id,
    )
    return to_job(row) if row else None


def for_dataset(db: Session, dataset: str) -> Job | None:
    """The job that makes a dataset: the open one, else one that is being stopped, else the last that failed."""
    row = db.find(
        f"SELECT {COLUMNS} FROM jobs WHERE dataset = %(dataset)s"
        " ORDER BY state = 'failed', cancel_requested IS NOT NULL, id DESC LIMIT 1",
        dataset=dataset,
    )
    return to_job(row) if row else None


def list_jobs(db: Session, limit: int = 500) -> list[Job]:
    """Open and failed jobs: running ones first, then those longest in the queue."""
    rows = db.many(
        f"SELECT {COLUMNS} FROM jobs ORDER BY state <> 'running', state = 'failed', queued LIMIT %(limit)s",
        limit=limit,
    )
    return [to_job(row) for row in rows]


def claim(tx: Transaction, job_id: int, host: str, pid: int, *, unrung: bool = False) -> Job | None:
    """Take a rung job (or, with `unrung`, an interval job that is due) for one attempt; None when it is not to be had.

    A crash of the database may set its sequences back, so a token is drawn in part: none is ever given twice.
    The time recorded as last claimed lies on the job's interval grid, so that runs neither drift nor pile up.
    """
    which = "state = 'rung'" if not unrung else f"interval IS NOT NULL AND {READY}"
    row = tx.find(
        "UPDATE jobs SET state = 'running', claimed = now(), heartbeat = now(), attempts = attempts + 1,"
        " token = nextval('job_tokens') * 1073741824 + floor(random() * 1073741824)::bigint,"
        " host = %(host)s, pid = %(pid)s, error = NULL,"
        " last_claimed = CASE WHEN interval IS NULL THEN now() ELSE"
        " to_timestamp(floor(extract(epoch FROM greatest(now(), claim_after)) / interval) * interval) END"
        f" WHERE id = %(job_id)s AND {which} RETURNING {COLUMNS}",
        job_id=job_id,
        host=host,
        pid=pid,
    )
    return to_job(row) if row else None


def hold(tx: Transaction, job_id: int, token: int) -> Job | None:
    """The job if this attempt still has the claim; then nobody can take it before this transaction ends."""
    row = tx.find(
        f"SELECT {COLUMNS} FROM jobs WHERE id = %(job_id)s AND token = %(token)s AND state = 'running' FOR UPDATE",
        job_id=job_id,
        token=token,
    )
    return to_job(row) if row else None


def beat(db: Session, job_id: int, token: int) -> bool | None:
    """Say that an attempt is alive. Whether it should stop; None when it has lost its claim."""
    row = db.find(
        "UPDATE jobs SET heartbeat = now() WHERE id = %(job_id)s AND token = %(token)s AND state = 'running'"
        " RETURNING cancel_requested IS NOT NULL AS stop",
        job_id=job_id,
        token=token,
    )
    return bool(row["stop"]) if row else None


def keep_checkpoint(db: Session, job_id: int, token: int, checkpoint: dict[str, Any]) -> bool:
    """Keep what an attempt has brought home so far; False when it has lost its claim.

    When that is more than before, tries are counted from this one on: they are for work that does not get on.
    """
    return bool(
        db.run(
            "UPDATE jobs SET checkpoint = %(checkpoint)s, attempts = CASE WHEN %(records)s >"
            " coalesce((checkpoint ->> 'records')::bigint, 0) THEN least(attempts, 1) ELSE attempts END"
            " WHERE id = %(job_id)s AND token = %(token)s AND state = 'running'",
            checkpoint=Json(checkpoint),
            records=checkpoint.get("records", 0),
            job_id=job_id,
            token=token,
        )
    )


def finish(tx: Transaction, job_id: int) -> None:
    """End a job: a one-off is deleted; an interval job waits for the next point of its grid."""
    tx.run(
        "UPDATE jobs SET state = 'waiting', token = NULL, attempts = 0, error = NULL, cancel_requested = NULL,"
        " away_since = NULL, checkpoint = NULL,"
        " claim_after = to_timestamp((floor(extract(epoch FROM last_claimed) / interval) + 1) * interval)"
        " WHERE id = %(job_id)s AND interval IS NOT NULL",
        job_id=job_id,
    )
    tx.run("DELETE FROM jobs WHERE id = %(job_id)s AND interval IS NULL", job_id=job_id)


def release(tx: Transaction, job_id: int, delay: float, *, counted: bool, away: bool) -> None:
    """Make a job claimable again after `delay` seconds; with `counted=False` the attempt does not count.

    With `away` it waits for a part that the work needs; when that began is kept until an attempt ends otherwise.
    """
    tx.run(
        "UPDATE jobs SET state = 'waiting', token = NULL, claim_after = now() + make_interval(secs => %(delay)s),"
        " away_since = CASE WHEN %(away)s THEN coalesce(away_since, now()) END,"
        " attempts = attempts - CASE WHEN %(counted)s THEN 0 ELSE 1 END WHERE id = %(job_id)s",
        job_id=job_id,
        delay=delay,
        counted=counted,
        away=away,
    )


def fail(tx: Transaction, job_id: int, error: str) -> None:
    """End a job as failed, with its reason; an interval job waits for its next turn instead."""
    tx.run(
        "UPDATE jobs SET token = NULL, error = %(error)s, failed = now(), cancel_requested = NULL, away_since = NULL,"
        " details = details - 'secrets',"
        " state = CASE WHEN interval IS NULL THEN 'failed' ELSE 'waiting' END,"
        " attempts = CASE WHEN interval IS NULL THEN attempts ELSE 0 END,"
        " claim_after = coalesce(last_claimed + make_interval(secs => interval), claim_after)"
        " WHERE id = %(job_id)s",
        job_id=job_id,
        error=error[:20_000],
    )


def delete(tx: Transaction, job_id: int) -> None:
    """Forget a job."""
    tx.run("DELETE FROM jobs WHERE id = %(job_id)s", job_id=job_id)


def lock(tx: Transaction, job_id: int) -> Job | None:
    """One job, which nobody else changes before this transaction ends."""
    row = tx.find(f"SELECT {COLUMNS} FROM jobs WHERE id = %(job_id)s FOR UPDATE", job_id=job_id)
    return to_job(row) if row else None


def request_cancel(tx: Transaction, job_id: int) -> None:
    """Ask a running job to stop. Until it has, it keeps its place among the running; its work may be asked for anew."""
    tx.run(
        "UPDATE jobs SET cancel_requested = now(),"
        " remote_id = CASE WHEN interval IS NULL THEN remote_id || ' cancelled ' || id ELSE remote_id END"
        " WHERE id = %(job_id)s AND cancel_requested IS NULL",
        job_id=job_id,
    )


def withdraw(tx: Transaction, job_id: int) -> None:
    """Forget an interval job; one that runs is asked to stop, and is gone when it has."""
    tx.run("DELETE FROM jobs WHERE id = %(job_id)s AND state <> 'running'", job_id=job_id)
    tx.run("UPDATE jobs SET interval = NULL WHERE id = %(job_id)s", job_id=job_id)
    request_cancel(tx, job_id)


def blocked_by(tx: Transaction, dataset: str) -> list[Job]:
    """The jobs that wait for a dataset to end."""
    rows = tx.many(f"SELECT {COLUMNS} FROM jobs WHERE blocked_by = %(dataset)s ORDER BY id", dataset=dataset)
    return [to_job(row) for row in rows]


def forget_failed(tx: Transaction, dataset: str) -> dict[str, Any] | None:
    """Forget the failed jobs of a dataset that is to be tried again; the checkpoint from which it may go on."""
    rows = tx.many(
        "DELETE FROM jobs WHERE dataset = %(dataset)s AND state = 'failed' RETURNING id, checkpoint", dataset=dataset
    )
    latest = max(rows, key=lambda row: row["id"], default=None)
    return latest["checkpoint"] if latest else None


def go_on_from(tx: Transaction, job_id: int, checkpoint: dict[str, Any]) -> None:
    """Let a job that has not begun go on where another broke off."""
    tx.run(
        "UPDATE jobs SET checkpoint = %(checkpoint)s WHERE id = %(job_id)s",
        checkpoint=Json(checkpoint),
        job_id=job_id,
    )


def declare_interval(
    tx: Transaction, type_: str, remote_id: str, interval: int, details: dict[str, Any], max_attempts: int
) -> Job:
    """Make sure an interval job is there with this interval; a changed one starts on the new grid."""
    job, created = insert(
        tx,
        type_,
        remote_id,
        owner="",
        details=details,
        dataset=None,
        blocked_by=None,
        delay=0,
        interval=interval,
        max_attempts=max_attempts,
    )
    if not created and job.interval != interval:
        tx.run(
            "UPDATE jobs SET interval = %(interval)s, claim_after = CASE WHEN state = 'waiting' THEN"
            " to_timestamp((floor(extract(epoch FROM coalesce(last_claimed, now())) / %(interval)s) + 1)"
            " * %(interval)s) ELSE claim_after END WHERE id = %(job_id)s",
            interval=interval,
            job_id=job.id,
        )
    if not created and job.details != details:
        tx.run("UPDATE jobs SET details = %(details)s WHERE id = %(job_id)s", details=Json(details), job_id=job.id)
    return job


def interval_jobs(db: Session) -> list[Job]:
    """Every interval job."""
    return [to_job(row) for row in db.many(f"SELECT {COLUMNS} FROM jobs WHERE interval IS NOT NULL")]
