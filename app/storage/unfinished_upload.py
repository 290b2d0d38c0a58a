"""The table `unfinished_uploads`: files that come in chunks, until all of each is there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from psycopg2.extras import Json

from app.domain.dataset import StoredFile
from app.domain.upload import UnfinishedUpload
from app.storage.database import Session

_COLUMNS = "id, owner_id, filename, length, received, parts, touched"


def _unfinished(row: dict[str, Any]) -> UnfinishedUpload:
    return UnfinishedUpload(**{**row, "parts": tuple(StoredFile(**part) for part in row["parts"])})


def insert(db: Session, id_: str, owner_id: int, filename: str, length: int) -> UnfinishedUpload:
    """Expect a file."""
    return _unfinished(
        db.one(
            "INSERT INTO unfinished_uploads (id, owner_id, filename, length)"
            f" VALUES (%(id)s, %(owner_id)s, %(filename)s, %(length)s) RETURNING {_COLUMNS}",
            id=id_,
            owner_id=owner_id,
            filename=filename,
            length=length,
        )
    )


def find(db: Session, id_: str, owner_id: int | None = None) -> UnfinishedUpload | None:
    """One of them; with `owner_id` only if it is theirs."""
    row = db.find(
        f"SELECT {_COLUMNS} FROM unfinished_uploads"
        " WHERE id = %(id)s AND (%(owner_id)s IS NULL OR owner_id = %(owner_id)s)",
        id=id_,
        owner_id=owner_id,
    )
    return _unfinished(row) if row else None


def add_part(db: Session, id_: str, received: int, part: StoredFile) -> UnfinishedUpload | None:
    """Let a stored file be what follows the first `received` bytes; None when those are not the last that there are."""
    row = db.find(
        "UPDATE unfinished_uploads SET received = received + %(size)s, parts = parts || %(part)s, touched = now()"
        f" WHERE id = %(id)s AND received = %(received)s RETURNING {_COLUMNS}",
        id=id_,
        received=received,
        size=part.size,
        part=Json([asdict(part)]),
    )
    return _unfinished(row) if row else None


def delete(db: Session, id_: str) -> bool:
    """Expect a file no longer; whether it was expected."""
    return db.run("DELETE FROM unfinished_uploads WHERE id = %(id)s", id=id_) > 0
