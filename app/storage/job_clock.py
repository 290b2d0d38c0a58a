"""The times of jobs when the clock of the database is set back: what is due must not wait until it has caught up."""

from __future__ import annotations

from app.storage.database import Session, Transaction

_LATEST = "greatest(queued, rung, claimed, heartbeat)"
_FROM_THE_FUTURE = f"state <> 'failed' AND {_LATEST} > now() + interval '10 seconds'"


def from_the_future(db: Session) -> list[int]:
    """Jobs of which something is noted down that has not come yet: the clock has been set back since."""
    return [row["id"] for row in db.many(f"SELECT id FROM jobs WHERE {_FROM_THE_FUTURE} LIMIT 10000")]


def bring_back(tx: Transaction, job_id: int) -> bool:
    """Let the times of such a job be those of now; what it waits for stays as far off as it was."""
    return bool(
        tx.run(
            "UPDATE jobs SET queued = least(queued, now()), rung = least(rung, now()), claimed = least(claimed, now()),"
            " heartbeat = least(heartbeat, now()), last_claimed = least(last_claimed, now()),"
            " away_since = least(away_since, now()), claim_after = CASE WHEN interval IS NULL"
            f" THEN least(claim_after, claim_after - ({_LATEST} - now())) ELSE least(claim_after,"
            " to_timestamp((floor(extract(epoch FROM now()) / interval) + 1) * interval)) END"
            f" WHERE id = %(job_id)s AND {_FROM_THE_FUTURE}",
            job_id=job_id,
        )
    )
