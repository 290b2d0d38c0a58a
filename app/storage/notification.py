"""The tables `notifications` and `notifications_dismissed`: messages of administrators, until they are dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.storage.database import Row, Session

_COLUMNS = "n.id, n.text, n.user_id, n.tag, n.created, n.created_by, n.expires, n.stays"


def insert(
    db: Session,
    text: str,
    created_by: str,
    *,
    user_id: int | None,
    tag: str | None,
    expires: datetime | None,
    stays: bool,
) -> int:
    """Add a message to a user, to a tag, or with neither to everybody; its number. Nobody dismisses one that stays."""
    row = db.one(
        "INSERT INTO notifications (text, created_by, user_id, tag, expires, stays)"
        " VALUES (%(text)s, %(created_by)s, %(user_id)s, %(tag)s, %(expires)s, %(stays)s) RETURNING id",
        text=text,
        created_by=created_by,
        user_id=user_id,
        tag=tag,
        expires=expires,
        stays=stays,
    )
    return int(row["id"])


def list_for(db: Session, user_id: int, lent: Sequence[str] = ()) -> list[Row]:
    """What somebody has not dismissed, the newest first; with what is for those with tags that are `lent` to them."""
    return db.many(
        f"SELECT {_COLUMNS} FROM notifications n WHERE (n.expires IS NULL OR n.expires > now())"
        " AND (n.user_id = %(user_id)s OR n.user_id IS NULL AND (n.tag IS NULL OR n.tag = ANY(%(lent)s) OR n.tag IN"
        " (SELECT t.tag FROM user_tags t WHERE t.user_id = %(user_id)s)))"
        " AND NOT EXISTS (SELECT 1 FROM notifications_dismissed d WHERE d.notification_id = n.id"
        " AND d.user_id = %(user_id)s) ORDER BY n.id DESC LIMIT 20",
        user_id=user_id,
        lent=list(lent),
    )


def list_all(db: Session) -> list[Row]:
    """Every message with whom it is for, how many have dismissed it, and whether it has expired; the newest first."""
    return db.many(
        f"SELECT {_COLUMNS}, u.name AS user_name, n.expires <= now() AS is_over, (SELECT count(*)"
        " FROM notifications_dismissed d WHERE d.notification_id = n.id) AS dismissed"
        " FROM notifications n LEFT JOIN users u ON u.id = n.user_id ORDER BY n.id DESC LIMIT 200"
    )


def dismiss(db: Session, notification_id: int, user_id: int) -> None:
    """Show a message to somebody no more, unless it stays."""
    db.run(
        "INSERT INTO notifications_dismissed (notification_id, user_id)"
        " SELECT id, %(user_id)s FROM notifications WHERE id = %(notification_id)s AND NOT stays"
        " ON CONFLICT DO NOTHING",
        notification_id=notification_id,
        user_id=user_id,
    )


def delete(db: Session, notification_id: int) -> bool:
    """Take a message back; whether there was one."""
    return db.run("DELETE FROM notifications WHERE id = %(id)s", id=notification_id) > 0
