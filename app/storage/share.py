"""The table `dataset_shares`."""

from __future__ import annotations

from app.domain.share import Role, Share
from app.storage.database import Session


def put(db: Session, top: str, *, user_id: int | None = None, tag: str | None = None, role: Role) -> None:
    """Share a capture with a person or a tag; who it is shared with already gets this role."""
    db.run(
        "INSERT INTO dataset_shares (dataset, user_id, tag, role) VALUES (%(top)s, %(user_id)s, %(tag)s, %(role)s)"
        " ON CONFLICT (dataset, who) DO UPDATE SET role = excluded.role",
        top=top,
        user_id=user_id,
        tag=tag,
        role=role,
    )


def delete(db: Session, top: str, who: str) -> bool:
    """Share a capture no longer with who is called so (see `app.domain.share`); whether it was."""
    return db.run("DELETE FROM dataset_shares WHERE dataset = %(top)s AND who = %(who)s", top=top, who=who) > 0


def list_(db: Session, top: str) -> list[Share]:
    """With whom a capture is shared: owners first, people before tags, by name."""
    rows = db.many(
        'SELECT name AS "user", tag, role, since FROM dataset_shares LEFT JOIN users ON users.id = user_id'
        " WHERE dataset = %(top)s ORDER BY role, tag IS NOT NULL, lower(coalesce(name, tag))",
        top=top,
    )
    return [Share(row["user"], row["tag"], Role(row["role"]), row["since"]) for row in rows]
