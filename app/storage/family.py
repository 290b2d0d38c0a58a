"""Whole families in the table `datasets`: those that come from another installation, as they had ended there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg2.extras import Json

from app.domain.dataset import Dataset
from app.storage.database import Session, Transaction
from app.storage.dataset import plain_result


def lock(tx: Transaction) -> None:
    """Let one family come in at a time, so that no two take the same keys."""
    tx.run("SELECT pg_advisory_xact_lock(hashtext('4cat families'))")


def used_keys(db: Session, keys: Iterable[str]) -> set[str]:
    """Those of some keys that a dataset has, also one that has been deleted for now."""
    rows = db.many("SELECT key FROM datasets WHERE key = ANY(%(keys)s::text[])", keys=list(keys))
    return {row["key"] for row in rows}


def become(tx: Transaction, dataset: Dataset) -> None:
    """Let a dataset that has ended be what this says: what made it, its name, times, parameters and provenance."""
    tx.run(
        "UPDATE datasets SET type = %(type)s, datasource = %(datasource)s, acts_as = %(acts_as)s, label = %(label)s,"
        " parameters = %(parameters)s, started = %(started)s, ended = coalesce(%(ended)s, ended), kind = %(kind)s,"
        " provenance = %(provenance)s, work = %(work)s WHERE key = %(key)s",
        **_values(dataset),
    )


def insert_ended(tx: Transaction, dataset: Dataset, *, takes_room: bool) -> None:
    """Add a dataset that has ended, with its result; its files count for its owner unless they count elsewhere."""
    tx.run(
        "INSERT INTO datasets (key, type, datasource, parent, top, acts_as, label, parameters, status, message, rows,"
        " quarantined, warnings, columns, owner_id, is_private, started, ended, attach_to, kind, result, provenance,"
        " work, bytes) VALUES (%(key)s, %(type)s, %(datasource)s, %(parent)s, %(top)s, %(acts_as)s, %(label)s,"
        " %(parameters)s, %(status)s, %(message)s, %(rows)s, %(quarantined)s, %(warnings)s, %(columns)s, %(owner_id)s,"
        " %(is_private)s, %(started)s, coalesce(%(ended)s, now()), %(attach_to)s, %(kind)s, %(result)s, %(provenance)s,"
        " %(work)s, %(bytes)s)",
        **_values(dataset),
        bytes=dataset.result.size if dataset.result and takes_room else 0,
    )


def _values(dataset: Dataset) -> dict[str, Any]:
    plain = (
        *("key", "type", "datasource", "parent", "top", "acts_as", "label", "status", "message", "rows", "quarantined"),
        *("owner_id", "is_private", "started", "ended", "attach_to", "kind"),
    )
    values = {name: getattr(dataset, name) for name in plain}
    values |= {
        name: Json(getattr(dataset, name)) for name in ("parameters", "warnings", "columns", "provenance", "work")
    }
    return values | {"result": Json(plain_result(dataset.result)) if dataset.result else None}
