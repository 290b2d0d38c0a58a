"""What one person uses of the installation: open jobs, and bytes in storage."""

from __future__ import annotations

from app.storage.database import Session, Transaction


def lock_owner(tx: Transaction, owner_id: int) -> None:
    """Until this transaction ends, nobody else asks for anything on behalf of this person."""
    tx.run("SELECT pg_advisory_xact_lock(hashtext('4cat owner'), %(owner_id)s)", owner_id=owner_id)


def open_jobs(db: Session, owner_id: int) -> int:
    """How many jobs of a person wait, have been rung or run."""
    row = db.one("SELECT count(*) AS open FROM jobs WHERE owner = %(owner)s AND state <> 'failed'", owner=str(owner_id))
    return int(row["open"])


def stored_bytes(db: Session, owner_id: int) -> int:
    """What the results and uploads of a person take in storage; an upload that is still coming in counts whole."""
    row = db.one(
        "SELECT (SELECT coalesce(sum(bytes), 0) FROM datasets WHERE owner_id = %(owner_id)s AND bytes > 0)"
        " + (SELECT coalesce(sum((file ->> 'size')::bigint), 0) FROM uploads WHERE owner_id = %(owner_id)s)"
        " + (SELECT coalesce(sum(length), 0) FROM unfinished_uploads WHERE owner_id = %(owner_id)s) AS stored",
        owner_id=owner_id,
    )
    return int(row["stored"])
