"""Failed jobs in the table `jobs`: what may be done about them by hand."""

from __future__ import annotations

from app.storage.database import Row, Session, Transaction

_FAILED = "(state = 'failed' OR (interval IS NOT NULL AND error IS NOT NULL AND state = 'waiting'))"


def lock(tx: Transaction, job_id: int) -> Row | None:
    """A failed job, or a standing task whose last run failed; nobody else changes it before this transaction ends."""
    return tx.find(
        "SELECT id, type, remote_id, owner, details, dataset, interval, max_attempts FROM jobs"
        f" WHERE id = %(job_id)s AND {_FAILED} FOR UPDATE",
        job_id=job_id,
    )


def forget(tx: Transaction, job_id: int) -> None:
    """Forget the failure: the job is gone, while a standing task waits for its next turn."""
    tx.run("UPDATE jobs SET error = NULL, failed = NULL WHERE id = %(job_id)s AND interval IS NOT NULL", job_id=job_id)
    tx.run("DELETE FROM jobs WHERE id = %(job_id)s AND interval IS NULL", job_id=job_id)


def make_due(tx: Transaction, job_id: int) -> None:
    """Let a standing task run now instead of at its next turn."""
    tx.run(
        "UPDATE jobs SET claim_after = now(), error = NULL, failed = NULL"
        " WHERE id = %(job_id)s AND interval IS NOT NULL AND state = 'waiting'",
        job_id=job_id,
    )


def dataset_of_open(db: Session, job_id: int) -> str | None:
    """The key of the dataset that a job makes which waits or runs; None when there is none."""
    row = db.find("SELECT dataset FROM jobs WHERE id = %(job_id)s AND state <> 'failed'", job_id=job_id)
    return row["dataset"] if row else None
