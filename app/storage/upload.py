"""The table `uploads`: files that users have sent."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from psycopg2.extras import Json

from app.domain.dataset import StoredFile
from app.domain.upload import Upload
from app.storage.database import Session

_COLUMNS = "id, owner_id, filename, file, created"


def _upload(row: dict[str, Any]) -> Upload:
    return Upload(**{**row, "file": StoredFile(**row["file"])})


def insert(db: Session, id_: str, owner_id: int, filename: str, file: StoredFile) -> Upload:
    """Record a stored upload."""
    return _upload(
        db.one(
            f"INSERT INTO uploads (id, owner_id, filename, file) VALUES (%(id)s, %(owner_id)s, %(filename)s, %(file)s)"
            f" RETURNING {_COLUMNS}",
            id=id_,
            owner_id=owner_id,
            filename=filename,
            file=Json(asdict(file)),
        )
    )


def find(db: Session, id_: str, owner_id: int | None = None) -> Upload | None:
    """One upload; with `owner_id` only if it is theirs."""
    row = db.find(
        f"SELECT {_COLUMNS} FROM uploads WHERE id = %(id)s AND (%(owner_id)s IS NULL OR owner_id = %(owner_id)s)",
        id=id_,
        owner_id=owner_id,
    )
    return _upload(row) if row else None


def attach(db: Session, id_: str, dataset: str) -> bool:
    """Let a dataset be made of this upload; whether it is still there and no other dataset has it.

    One that has failed or was cancelled has it no longer.
    """
    return (
        db.run(
            "UPDATE uploads SET dataset = %(dataset)s WHERE id = %(id)s AND (dataset IS NULL OR dataset = %(dataset)s"
            " OR dataset IN (SELECT key FROM datasets WHERE status IN ('failed', 'cancelled')))",
            id=id_,
            dataset=dataset,
        )
        == 1
    )


def delete(db: Session, id_: str) -> None:
    """Forget an upload."""
    db.run("DELETE FROM uploads WHERE id = %(id)s", id=id_)


def delete_unused(db: Session, id_: str) -> bool:
    """Forget an upload that no dataset is made of; whether there was such."""
    return db.run("DELETE FROM uploads WHERE id = %(id)s AND dataset IS NULL", id=id_) > 0


def names(db: Session) -> set[str]:
    """Names of the files of all uploads."""
    return {row["name"] for row in db.many("SELECT file ->> 'name' AS name FROM uploads")}
