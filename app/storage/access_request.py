"""The table `access_requests`: who wants an account, and what became of that."""

from __future__ import annotations

from app.storage.database import Row, Session

_COLUMNS = "id, name, email, affiliation, reason, created, state, decided, decided_by"


def insert(db: Session, name: str, email: str, affiliation: str, reason: str) -> bool:
    """Add a request; False when one from this address waits already."""
    return (
        db.run(
            "INSERT INTO access_requests (name, email, affiliation, reason) VALUES (%(name)s, %(email)s,"
            " %(affiliation)s, %(reason)s) ON CONFLICT (lower(email)) WHERE state = 'waiting' DO NOTHING",
            name=name,
            email=email,
            affiliation=affiliation,
            reason=reason,
        )
        > 0
    )


def list_requests(db: Session, limit: int = 200) -> list[Row]:
    """Those that wait, the oldest first; then those that have been decided, the latest first."""
    return db.many(
        f"SELECT {_COLUMNS} FROM access_requests ORDER BY state <> 'waiting', decided DESC, id LIMIT %(limit)s",
        limit=limit,
    )


def count_waiting(db: Session) -> int:
    """How many wait."""
    return int(db.one("SELECT count(*) AS waiting FROM access_requests WHERE state = 'waiting'")["waiting"])


def lock_waiting(db: Session, request_id: int) -> Row | None:
    """One that waits; nobody else decides it before this transaction ends."""
    return db.find(
        f"SELECT {_COLUMNS} FROM access_requests WHERE id = %(request_id)s AND state = 'waiting' FOR UPDATE",
        request_id=request_id,
    )


def decide(db: Session, request_id: int, state: str, decided_by: str) -> None:
    """Put down what has been decided, and by whom."""
    db.run(
        "UPDATE access_requests SET state = %(state)s, decided = now(), decided_by = %(decided_by)s"
        " WHERE id = %(request_id)s",
        request_id=request_id,
        state=state,
        decided_by=decided_by,
    )
