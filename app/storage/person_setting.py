"""The table `person_settings`: what counts for a user or a tag instead of what is set for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg2.extras import Json

from app.storage.database import Row, Session


def of_user(db: Session, user_id: int, lent: Sequence[str] = ()) -> list[Row]:
    """What is set for a user and for their tags, with some that are `lent`: `name`, `value`, and the `tag` or None."""
    return db.many(
        "SELECT name, value, tag FROM person_settings WHERE user_id = %(user_id)s OR tag = ANY(%(lent)s)"
        " OR tag IN (SELECT tag FROM user_tags WHERE user_tags.user_id = %(user_id)s)",
        user_id=user_id,
        lent=list(lent),
    )


def own(db: Session, user_id: int | None, tag: str | None) -> dict[str, Any]:
    """What is set for just this user, or just this tag."""
    rows = db.many(
        "SELECT name, value FROM person_settings WHERE user_id = %(user_id)s OR tag = %(tag)s",
        user_id=user_id,
        tag=tag,
    )
    return {row["name"]: row["value"] for row in rows}


def put(db: Session, user_id: int | None, tag: str | None, name: str, value: Any) -> None:
    """Set something for a user or a tag; None lets what is set for everybody count again."""
    db.run(
        "DELETE FROM person_settings WHERE name = %(name)s AND (user_id = %(user_id)s OR tag = %(tag)s)",
        name=name,
        user_id=user_id,
        tag=tag,
    )
    if value is not None:
        db.run(
            "INSERT INTO person_settings (user_id, tag, name, value)"
            " VALUES (%(user_id)s, %(tag)s, %(name)s, %(value)s)",
            user_id=user_id,
            tag=tag,
            name=name,
            value=Json(value),
        )


def forget_tag(db: Session, tag: str) -> bool:
    """Let all that is set for a tag count no more; whether there was anything."""
    return db.run("DELETE FROM person_settings WHERE tag = %(tag)s", tag=tag) > 0


def tags(db: Session) -> dict[str, int]:
    """The tags for which something is set, with how much."""
    rows = db.many("SELECT tag, count(*) AS number FROM person_settings WHERE tag IS NOT NULL GROUP BY tag")
    return {row["tag"]: row["number"] for row in rows}
