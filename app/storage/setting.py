"""The table `settings`: what an administrator sets while the tool runs."""

from __future__ import annotations

from typing import Any

from psycopg2.extras import Json

from app.domain.setting import WORKERS, places_of
from app.storage.database import Session


def all_settings(db: Session) -> dict[str, Any]:
    """Every setting by name."""
    return {row["name"]: row["value"] for row in db.many("SELECT name, value FROM settings")}


def put(db: Session, name: str, value: Any) -> None:
    """Set one setting."""
    db.run(
        "INSERT INTO settings (name, value) VALUES (%(name)s, %(value)s)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed = now()",
        name=name,
        value=Json(value),
    )


def delete(db: Session, name: str) -> None:
    """Forget one setting; its default counts again."""
    db.run("DELETE FROM settings WHERE name = %(name)s", name=name)


def max_workers(db: Session, type_: str, default: int) -> int:
    """How many jobs of a type may run at once in the whole cluster; a stored value that is not valid does not count."""
    row = db.find("SELECT name, value FROM settings WHERE name = %(name)s", name=f"{WORKERS}.{type_}.max_workers")
    return places_of({row["name"]: row["value"]} if row else {}, type_, default)
