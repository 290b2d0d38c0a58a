"""The table `password_links`: links with which somebody may choose a new password, once."""

from __future__ import annotations

from app.storage.database import Session


def insert(db: Session, secret_hash: str, user_id: int, hours: int) -> None:
    """Add a link that is valid for so many hours."""
    db.run(
        "INSERT INTO password_links (secret_hash, user_id, expires)"
        " VALUES (%(secret_hash)s, %(user_id)s, now() + make_interval(hours => %(hours)s))",
        secret_hash=secret_hash,
        user_id=user_id,
        hours=hours,
    )


def count_recent(db: Session, user_id: int, minutes: int) -> int:
    """How many links somebody has got in the last minutes."""
    row = db.one(
        "SELECT count(*) AS links FROM password_links WHERE user_id = %(user_id)s"
        " AND created > now() - make_interval(mins => %(minutes)s)",
        user_id=user_id,
        minutes=minutes,
    )
    return int(row["links"])


def find_user(db: Session, secret_hash: str, *, lock: bool = False) -> int | None:
    """Whose link this is, if it is still valid; with `lock` nobody else uses it before this transaction ends."""
    row = db.find(
        "SELECT user_id FROM password_links WHERE secret_hash = %(secret_hash)s AND expires > now()"
        + (" FOR UPDATE" if lock else ""),
        secret_hash=secret_hash,
    )
    return int(row["user_id"]) if row else None


def delete_all(db: Session, user_id: int) -> None:
    """Make all links of somebody invalid."""
    db.run("DELETE FROM password_links WHERE user_id = %(user_id)s", user_id=user_id)
