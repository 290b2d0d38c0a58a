"""The table `user_tags`: the groups that people are in."""

from __future__ import annotations

from app.storage.database import Row, Session


def insert(db: Session, user_id: int, tag: str) -> bool:
    """Put a person into a group; whether they were not in it."""
    return (
        db.run(
            "INSERT INTO user_tags (user_id, tag) VALUES (%(user_id)s, %(tag)s) ON CONFLICT DO NOTHING",
            user_id=user_id,
            tag=tag,
        )
        > 0
    )


def delete(db: Session, user_id: int, tag: str) -> bool:
    """Take a person out of a group; whether they were in it."""
    return db.run("DELETE FROM user_tags WHERE user_id = %(user_id)s AND tag = %(tag)s", user_id=user_id, tag=tag) > 0


def delete_all(db: Session, tag: str) -> bool:
    """Take everybody out of a group, and end what is shared with it; whether there was one."""
    shares = db.run("DELETE FROM dataset_shares WHERE tag = %(tag)s", tag=tag)
    return db.run("DELETE FROM user_tags WHERE tag = %(tag)s", tag=tag) + shares > 0


def counts(db: Session) -> list[Row]:
    """Every group by name: `tag`, and how many `users` are in it."""
    return db.many("SELECT tag, count(*) AS users FROM user_tags GROUP BY tag ORDER BY tag")


def members(db: Session, tag: str) -> list[str]:
    """The names of those in a group, by alphabet."""
    rows = db.many(
        "SELECT name FROM user_tags JOIN users ON users.id = user_id WHERE tag = %(tag)s ORDER BY lower(name)", tag=tag
    )
    return [row["name"] for row in rows]


def exists(db: Session, tag: str) -> bool:
    """Whether anybody is in a group, or something is set for it, as for one whose people a proxy knows."""
    return bool(
        db.one(
            "SELECT EXISTS (SELECT 1 FROM user_tags WHERE tag = %(tag)s)"
            " OR EXISTS (SELECT 1 FROM person_settings WHERE tag = %(tag)s) AS found",
            tag=tag,
        )["found"]
    )
