"""Datasets that have been deleted and can still be brought back: rows of `datasets` with a time in `deleted`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.domain.dataset import Dataset
from app.domain.errors import NotFound
from app.domain.texts import say
from app.storage.database import Session, Transaction
from app.storage.dataset import COLUMNS, from_row


def put(tx: Transaction, keys: Iterable[str]) -> None:
    """Delete datasets for now. What is deleted by one transaction comes back together."""
    tx.run("UPDATE datasets SET deleted = now() WHERE key = ANY(%(keys)s)", keys=list(keys))


def find(db: Session, key: str, *, lock: bool = False) -> Dataset | None:
    """A deleted dataset, if there is one with this key."""
    row = db.find(
        f"SELECT {COLUMNS} FROM datasets WHERE key = %(key)s AND deleted IS NOT NULL{' FOR UPDATE' if lock else ''}",
        key=key,
    )
    return from_row(row) if row else None


def get(db: Session, key: str, *, lock: bool = False) -> Dataset:
    """A deleted dataset. :raises NotFound: when there is none with this key"""
    found = find(db, key, lock=lock)
    if found is None:
        raise NotFound(say("There is no deleted dataset {key}.", key=key))
    return found


def take_out(tx: Transaction, dataset: Dataset) -> None:
    """Bring back a dataset, with what was deleted together with it."""
    tx.run(
        "UPDATE datasets SET deleted = NULL WHERE top = %(top)s AND deleted = %(deleted)s",
        top=dataset.top,
        deleted=dataset.deleted,
    )


def set_expiry(db: Session, key: str, *, expires: datetime | None, is_kept: bool) -> None:
    """Set when a dataset goes by itself, and whether it stays whatever is set for all."""
    db.run(
        "UPDATE datasets SET expires = %(expires)s, is_kept = %(is_kept)s WHERE key = %(key)s",
        key=key,
        expires=expires,
        is_kept=is_kept,
    )


def make_room(tx: Transaction, key: str) -> None:
    """Delete a deleted dataset for good, so that it can be made anew."""
    tx.run("DELETE FROM datasets WHERE key = %(key)s AND deleted IS NOT NULL", key=key)
