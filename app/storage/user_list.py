"""The table `users` as administrators look through it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from app.domain.user import User
from app.storage.database import Row, Session
from app.storage.user import USER_COLUMNS, read_user

_NEVER = "'-infinity'::timestamptz"
SORTS = {"name": "lower(name), id", "new": "id DESC", "seen": f"coalesce(last_seen, {_NEVER}) DESC, id DESC"}
_AFTER = {
    "name": "(lower(name), id) > (lower(%(after)s), %(after_id)s)",
    "new": "%(after)s::text IS NOT NULL AND id < %(after_id)s",
    "seen": f"(coalesce(last_seen, {_NEVER}), id) < (%(after)s::timestamptz, %(after_id)s)",
}
"""What comes after a row: by what it is sorted, as text, and its number."""
_STATES = {
    "": "true",
    "on": "is_active",
    "off": "NOT is_active",
    "admin": "is_admin",
}
_FACTS = (
    "notes, password_hash IS NOT NULL AS has_password,"
    " (SELECT max(last_used) FROM tokens t WHERE t.user_id = users.id) AS last_used,"
    " (SELECT count(*) FROM datasets d WHERE d.owner_id = users.id AND d.parent IS NULL) AS datasets,"
    " (SELECT coalesce(sum(bytes), 0)::bigint FROM datasets d WHERE d.owner_id = users.id) AS stored_bytes,"
    " (SELECT count(*) FROM jobs j WHERE j.owner = users.id::text AND j.state <> 'failed') AS open_jobs,"
    " EXISTS (SELECT 1 FROM jobs j WHERE j.type = 'delete-user' AND j.remote_id = users.id::text) AS is_leaving"
)


@dataclass(frozen=True)
class Wanted:
    """Which users to list: part of a name, address or note, a tag, a state of `_STATES`, in an order of `SORTS`."""

    words: str = ""
    tag: str = ""
    state: str = ""
    sort: str = "name"
    page: int = 1
    after: tuple[str, int] | None = None
    """The row that the page before ended with, as `place_of` has it; `page` does not count then."""


def _listed(row: Row) -> dict[str, Any]:
    facts = {
        name: row.pop(name)
        for name in ("notes", "has_password", "last_used", "datasets", "stored_bytes", "open_jobs", "is_leaving")
    }
    user: User = read_user(row)
    return {"user": user, **facts}


def find_page(db: Session, wanted: Wanted, size: int) -> tuple[list[dict[str, Any]], int]:
    """A page of users with what they have, and how many there are on all pages."""
    fits = (
        f" FROM users WHERE {_STATES.get(wanted.state, 'true')} AND (%(words)s = ''"
        " OR strpos(lower(concat_ws(' ', name, email, notes)), lower(%(words)s)) > 0) AND (%(tag)s = ''"
        " OR EXISTS (SELECT 1 FROM user_tags g WHERE g.user_id = users.id AND g.tag = %(tag)s))"
    )
    after, after_id = wanted.after or (None, None)
    skip = 0 if wanted.after else (max(wanted.page, 1) - 1) * size
    values = {**asdict(wanted), "after": after, "after_id": after_id, "size": size, "skip": skip}
    total = db.one(f"SELECT count(*) AS total{fits}", **values)["total"]
    sort = wanted.sort if wanted.sort in SORTS else "name"
    rest = f" AND {_AFTER[sort]}" if wanted.after else ""
    rows = db.many(
        f"SELECT {USER_COLUMNS}, {_FACTS}{fits}{rest} ORDER BY {SORTS[sort]} LIMIT %(size)s OFFSET %(skip)s",
        **values,
    )
    return [_listed(row) for row in rows], int(total)


def place_of(user: User, sort: str) -> tuple[str, int]:
    """Where a user stands in a list that is sorted so: see `Wanted.after`."""
    seen = user.last_seen.isoformat() if user.last_seen else "-infinity"
    return {"name": user.name, "seen": seen}.get(sort, ""), user.id


def is_place(place: tuple[str, int], sort: str) -> bool:
    """Whether this can be a place in a list that is sorted so."""
    try:
        return sort != "seen" or place[0] == "-infinity" or bool(datetime.fromisoformat(place[0]))
    except ValueError:
        return False


def find_one(db: Session, user_id: int) -> dict[str, Any] | None:
    """One user with what they have."""
    row = db.find(f"SELECT {USER_COLUMNS}, {_FACTS} FROM users WHERE id = %(user_id)s", user_id=user_id)
    return _listed(row) if row else None


def update(
    db: Session,
    user_id: int,
    *,
    notes: str | None,
    is_admin: bool | None,
    is_active: bool | None,
    expires: str | None,
) -> None:
    """Change what is not None; who is switched off is signed out. An account without a day `expires` has none."""
    db.run(
        "UPDATE users SET notes = coalesce(%(notes)s, notes), is_admin = coalesce(%(is_admin)s, is_admin),"
        " sessions = sessions + CASE WHEN %(is_active)s IS FALSE THEN 1 ELSE 0 END,"
        " is_active = coalesce(%(is_active)s, is_active), expires = CASE WHEN %(expires)s::text IS NULL THEN expires"
        " ELSE nullif(%(expires)s, '')::date END WHERE id = %(user_id)s",
        user_id=user_id,
        notes=notes,
        is_admin=is_admin,
        is_active=is_active,
        expires=expires,
    )


def is_in_use(db: Session, user_id: int) -> bool:
    """Whether somebody has used an account: it has a password, a token or a dataset."""
    row = db.one(
        "SELECT EXISTS (SELECT 1 FROM users WHERE id = %(user_id)s AND password_hash IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM tokens WHERE user_id = %(user_id)s)"
        " OR EXISTS (SELECT 1 FROM datasets WHERE owner_id = %(user_id)s) AS found",
        user_id=user_id,
    )
    return bool(row["found"])


def count_other_admins(db: Session, user_id: int) -> int:
    """How many administrators could sign in if this one could not."""
    row = db.one(
        "SELECT count(*) AS others FROM users WHERE is_admin AND is_active AND password_hash IS NOT NULL"
        " AND id <> %(user_id)s",
        user_id=user_id,
    )
    return int(row["others"])


def keys_of(db: Session, owner_id: int, most: int) -> list[str]:
    """The first so many datasets of somebody, what others were made from first."""
    rows = db.many(
        "SELECT key FROM datasets WHERE owner_id = %(owner_id)s ORDER BY id LIMIT %(most)s",
        owner_id=owner_id,
        most=most,
    )
    return [row["key"] for row in rows]


def hand_over(db: Session, owner_id: int, heir_id: int) -> int:
    """Let all datasets and uploads of somebody belong to another, and their jobs take that one's turns; how many."""
    db.run("UPDATE uploads SET owner_id = %(heir)s WHERE owner_id = %(owner)s", owner=owner_id, heir=heir_id)
    moved = db.run("UPDATE datasets SET owner_id = %(heir)s WHERE owner_id = %(owner)s", owner=owner_id, heir=heir_id)
    db.run("UPDATE jobs SET owner = %(heir)s WHERE owner = %(owner)s", owner=str(owner_id), heir=str(heir_id))
    return moved
