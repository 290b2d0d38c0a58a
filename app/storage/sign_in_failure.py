"""The table `sign_in_failures`: how often a name has been tried in vain, whether or not there is such a user."""

from __future__ import annotations

from app.storage.database import Session


def count(db: Session, name_hash: str, minutes: int) -> int:
    """How many tries in a row have failed; none if the latest was longer ago than so many minutes."""
    row = db.find(
        "SELECT failures FROM sign_in_failures WHERE name_hash = %(name_hash)s"
        " AND latest > now() - make_interval(mins => %(minutes)s)",
        name_hash=name_hash,
        minutes=minutes,
    )
    return int(row["failures"]) if row else 0


def add(db: Session, name_hash: str, minutes: int) -> None:
    """Count one more; the count begins anew when the latest was longer ago than so many minutes."""
    db.run(
        "INSERT INTO sign_in_failures AS known (name_hash, failures) VALUES (%(name_hash)s, 1)"
        " ON CONFLICT (name_hash) DO UPDATE SET latest = now(), failures = CASE"
        " WHEN known.latest > now() - make_interval(mins => %(minutes)s) THEN known.failures + 1 ELSE 1 END",
        name_hash=name_hash,
        minutes=minutes,
    )


def forget(db: Session, name_hash: str) -> None:
    """Begin anew: somebody has signed in, or got a new password."""
    db.run("DELETE FROM sign_in_failures WHERE name_hash = %(name_hash)s", name_hash=name_hash)
