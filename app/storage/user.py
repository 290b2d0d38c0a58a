"""The tables `users` and `tokens`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.right import Right
from app.domain.setting import RIGHTS, TAG_ORDER
from app.domain.user import Token, User
from app.storage.database import Row, Session

_GIVEN = ", ".join(f"'{right.setting}'" for right in Right)
_ORDER = (
    "SELECT place FROM settings s, jsonb_array_elements(CASE jsonb_typeof(s.value) WHEN 'array' THEN s.value"
    f" ELSE '[]' END) WITH ORDINALITY o(tag, place) WHERE s.name = '{TAG_ORDER}' AND o.tag = to_jsonb(p.tag) LIMIT 1"
)
_RIGHTS = (
    "SELECT name FROM (SELECT DISTINCT ON (p.name) p.name, p.value FROM person_settings p"
    f" WHERE p.name IN ({_GIVEN}) AND jsonb_typeof(p.value) = 'boolean' AND (p.user_id = users.id"
    " OR p.tag IN (SELECT tag FROM user_tags WHERE user_id = users.id))"
    f' ORDER BY p.name, p.user_id NULLS LAST, ({_ORDER}) NULLS LAST, p.tag COLLATE "C") found'
    " WHERE value = 'true'"
)
"""The rights given to a user: what is set for them counts before their tags, and those in their order."""
USER_COLUMNS = (
    "id, name, is_admin, is_active, created, email, theme, time_zone, sessions, last_seen,"
    " language, expires,"
    " ARRAY(SELECT tag FROM user_tags WHERE user_id = users.id ORDER BY tag) AS tags,"
    f" ARRAY({_RIGHTS}) AS rights"
)
_TOKEN = "id, user_id, name, read_only, created, expires, last_used, calls"  # noqa: S105 - column names


def insert(db: Session, name: str, password_hash: str | None, *, is_admin: bool) -> User | None:
    """Add a user; None when the name is taken."""
    row = db.find(
        f"INSERT INTO users (name, password_hash, is_admin) VALUES (%(name)s, %(password_hash)s, %(is_admin)s)"
        f" ON CONFLICT DO NOTHING RETURNING {USER_COLUMNS}",
        name=name,
        password_hash=password_hash,
        is_admin=is_admin,
    )
    return read_user(row) if row else None


def read_user(row: Row) -> User:
    """A row of `USER_COLUMNS` as a user."""
    return User(**{**row, "tags": tuple(row["tags"]), "rights": _read_rights(row["rights"])})


def _read_rights(names: list[str]) -> frozenset[Right]:
    return frozenset(Right(name.removeprefix(f"{RIGHTS}.")) for name in names)


def rights_of_all(db: Session) -> dict[int, frozenset[Right]]:
    """The rights of each user to whom any may have been given."""
    rows = db.many(
        f"SELECT id, ARRAY({_RIGHTS}) AS rights FROM users WHERE id IN (SELECT user_id FROM person_settings"
        f" WHERE name IN ({_GIVEN}) UNION SELECT t.user_id FROM user_tags t JOIN person_settings g ON g.tag = t.tag"
        f" WHERE g.name IN ({_GIVEN}))"
    )
    return {row["id"]: _read_rights(row["rights"]) for row in rows}


def lock_rights(db: Session) -> None:
    """Let one at a time change who has which rights."""
    db.run("SELECT pg_advisory_xact_lock(hashtext('4cat rights'))")


def find(db: Session, user_id: int) -> User | None:
    """One user by id."""
    row = db.find(f"SELECT {USER_COLUMNS} FROM users WHERE id = %(user_id)s", user_id=user_id)
    return read_user(row) if row else None


def find_by_name(db: Session, name: str) -> tuple[User, str | None] | None:
    """One user by name, whatever its case, with the password's hash."""
    row = db.find(f"SELECT {USER_COLUMNS}, password_hash FROM users WHERE lower(name) = lower(%(name)s)", name=name)
    if row is None:
        return None
    password_hash = row.pop("password_hash")
    return read_user(row), password_hash


def has_admin(db: Session) -> bool:
    """Whether any administrator can sign in."""
    row = db.one(
        "SELECT EXISTS (SELECT 1 FROM users WHERE is_admin AND is_active AND password_hash IS NOT NULL) AS found"
    )
    return bool(row["found"])


def first_admin(db: Session) -> User | None:
    """The administrator who has been here longest, or None."""
    row = db.find(f"SELECT {USER_COLUMNS} FROM users WHERE is_admin AND is_active ORDER BY id LIMIT 1")
    return read_user(row) if row else None


def lock_names(db: Session) -> None:
    """Let one at a time look whether a name or an address is taken, and take it."""
    db.run("SELECT pg_advisory_xact_lock(hashtext('4cat names of users'))")


def lock_for_first_run(db: Session) -> None:
    """Let one first run at a time look whether there is an administrator."""
    db.run("SELECT pg_advisory_xact_lock(hashtext('4cat first run'))")


def find_by_email(db: Session, email: str) -> User | None:
    """One user by e-mail address, whatever its case."""
    row = db.find(f"SELECT {USER_COLUMNS} FROM users WHERE lower(email) = lower(%(email)s)", email=email)
    return read_user(row) if row else None


def addresses_of_admins(db: Session) -> list[tuple[str, str]]:
    """The e-mail addresses of those who decide on requests for accounts, and their languages."""
    rows = db.many(
        "SELECT email, language FROM users WHERE is_active AND email IS NOT NULL"
        f" AND (is_admin OR '{Right.USERS.setting}' IN ({_RIGHTS})) ORDER BY id LIMIT 20"
    )
    return [(row["email"], row["language"]) for row in rows]


def delete(db: Session, user_id: int) -> None:
    """Delete a user with all that refers to them."""
    db.run("DELETE FROM users WHERE id = %(user_id)s", user_id=user_id)


def note_seen(db: Session, user_id: int) -> None:
    """Remember that a user is here now."""
    db.run("UPDATE users SET last_seen = now() WHERE id = %(user_id)s", user_id=user_id)


def update_profile(db: Session, user_id: int, name: str, email: str | None) -> None:
    """Change name and e-mail address. What another user has already is refused by the database."""
    db.run(
        "UPDATE users SET name = %(name)s, email = %(email)s WHERE id = %(user_id)s",
        user_id=user_id,
        name=name,
        email=email,
    )


def update_looks(db: Session, user_id: int, theme: str, time_zone: str, language: str) -> None:
    """Change how pages look for a user."""
    db.run(
        "UPDATE users SET theme = %(theme)s, time_zone = %(time_zone)s, language = %(language)s WHERE id = %(user_id)s",
        user_id=user_id,
        theme=theme,
        time_zone=time_zone,
        language=language,
    )


def update_password(db: Session, user_id: int, password_hash: str, *, is_admin: bool | None = None) -> None:
    """Replace a password, which ends every session, and with `is_admin` the right too."""
    db.run(
        "UPDATE users SET password_hash = %(password_hash)s, is_admin = coalesce(%(is_admin)s, is_admin),"
        " sessions = sessions + 1 WHERE id = %(user_id)s",
        user_id=user_id,
        password_hash=password_hash,
        is_admin=is_admin,
    )


def rehash_password(db: Session, user_id: int, password_hash: str) -> None:
    """Keep the same password under another hash; sessions go on."""
    db.run(
        "UPDATE users SET password_hash = %(password_hash)s WHERE id = %(user_id)s",
        user_id=user_id,
        password_hash=password_hash,
    )


def insert_token(
    db: Session, user_id: int, name: str, secret_hash: str, *, read_only: bool, expires: datetime | None
) -> Token:
    """Add a token."""
    row = db.one(
        f"INSERT INTO tokens (user_id, name, secret_hash, read_only, expires)"
        f" VALUES (%(user_id)s, %(name)s, %(secret_hash)s, %(read_only)s, %(expires)s) RETURNING {_TOKEN}",
        user_id=user_id,
        name=name,
        secret_hash=secret_hash,
        read_only=read_only,
        expires=expires,
    )
    return Token(**row)


def use_token(db: Session, secret_hash: str) -> tuple[User, Token] | None:
    """The user and token behind a secret, counted as one call; None when there is none or it has expired.

    Every request does this, so it does not wait for the disk: a crash of the database may forget the last calls.
    """
    row: dict[str, Any] | None = db.find(
        "UPDATE tokens SET calls = calls + 1, last_used = now() WHERE secret_hash = %(secret_hash)s"
        f" AND (expires IS NULL OR expires > now()) RETURNING {_TOKEN},"
        " set_config('synchronous_commit', 'off', true) AS wait",
        secret_hash=secret_hash,
    )
    if row is None:
        return None
    del row["wait"]
    user = find(db, row["user_id"])
    return (user, Token(**row)) if user else None


def list_tokens(db: Session, user_id: int, *, before: int | None = None, limit: int | None = None) -> list[Token]:
    """The tokens of one user, newest first; `before` is the cursor: ids below it follow."""
    rows = db.many(
        f"SELECT {_TOKEN} FROM tokens WHERE user_id = %(user_id)s AND (%(before)s IS NULL OR id < %(before)s)"
        " ORDER BY id DESC LIMIT %(limit)s",
        user_id=user_id,
        before=before,
        limit=limit,
    )
    return [Token(**row) for row in rows]


def list_all_tokens(db: Session, *, text: str, before: int | None, limit: int) -> list[Token]:
    """Tokens of all users with their names, newest first. `text` is part of a token's name or of its owner's."""
    rows = db.many(
        "SELECT t.id, t.user_id, t.name, t.read_only, t.created, t.expires, t.last_used, t.calls, u.name AS owner"
        " FROM tokens t JOIN users u ON u.id = t.user_id"
        " WHERE (%(text)s = '' OR strpos(lower(t.name), lower(%(text)s)) > 0"
        " OR strpos(lower(u.name), lower(%(text)s)) > 0)"
        " AND (%(before)s IS NULL OR t.id < %(before)s) ORDER BY t.id DESC LIMIT %(limit)s",
        text=text,
        before=before,
        limit=limit,
    )
    return [Token(**row) for row in rows]


def delete_token(db: Session, user_id: int | None, token_id: int) -> bool:
    """Revoke a token, with `user_id` only if it is theirs; whether there was one."""
    return (
        db.run(
            "DELETE FROM tokens WHERE id = %(token_id)s AND (%(user_id)s IS NULL OR user_id = %(user_id)s)",
            token_id=token_id,
            user_id=user_id,
        )
        > 0
    )
