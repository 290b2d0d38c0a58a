"""The tables `datasets` and `dataset_logs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from psycopg2.extras import Json

from app.domain.dataset import Dataset, Kind, Result, Status, StoredFile
from app.domain.errors import NotFound
from app.domain.texts import recalled, recorded, say
from app.storage.database import Row, Session, Transaction

COLUMNS = (
    "key, type, datasource, parent, top, acts_as, label, parameters, status, message, progress, rows, quarantined,"
    " warnings, columns, owner_id, created, started, ended, attach_to, kind, result, provenance, work, expires,"
    " is_kept, deleted, (SELECT family.is_private FROM datasets family WHERE family.key = datasets.top) AS is_private,"
    " (SELECT family.owner_id FROM datasets family WHERE family.key = datasets.top) AS family_owner_id,"
    " coalesce((SELECT jsonb_object_agg(who, role) FROM dataset_shares WHERE dataset = datasets.top), '{}') AS shares"
)


def from_row(row: Row) -> Dataset:
    """The dataset that these `COLUMNS` hold."""
    stored = row["result"]
    result = None
    if stored:
        files = {role: StoredFile(**file) for role, file in stored["files"].items()}
        result = Result(Kind(stored["kind"]), files)
    kind = Kind(row["kind"]) if row["kind"] else None
    work = dict(row["work"])
    said = work.pop("said", {})
    words = {
        "message": _as_said(row["message"], said.get("message")),
        "warnings": [
            _as_said(text, record) for text, record in zip_longest(row["warnings"], said.get("warnings") or ()) if text
        ],
    }
    return Dataset(**{**row, **words, "work": work, "status": Status(row["status"]), "kind": kind, "result": result})


def _as_said(text: str, record: Any) -> str:
    """A stored text as it was put together, if that is known and the text has not been written over since."""
    try:
        found = recalled(record) if record else text
    except ValueError:
        return text
    return found if found == text else text


def _said(message: str, warnings: Sequence[str] = ()) -> Json:
    """How message and warnings were put together, for pages in another language: beside what else is only ours."""
    return Json({"said": {"message": recorded(message), "warnings": [recorded(text) for text in warnings]}})


def plain_result(result: Result) -> dict[str, Any]:
    """A result as it is stored in a row."""
    return {"kind": str(result.kind), "files": {role: asdict(file) for role, file in result.files.items()}}


def insert(tx: Transaction, dataset: Dataset) -> bool:
    """Add a waiting dataset; False when one with this key is there already."""
    row = tx.find(
        "INSERT INTO datasets (key, type, datasource, parent, top, acts_as, label, parameters, message, owner_id,"
        " is_private, attach_to, kind, columns, work) VALUES (%(key)s, %(type)s, %(datasource)s, %(parent)s, %(top)s,"
        " %(acts_as)s, %(label)s, %(parameters)s, %(message)s, %(owner_id)s, %(is_private)s, %(attach_to)s, %(kind)s,"
        " %(columns)s, %(work)s) ON CONFLICT (key) DO NOTHING RETURNING key",
        key=dataset.key,
        type=dataset.type,
        datasource=dataset.datasource,
        parent=dataset.parent,
        top=dataset.top,
        acts_as=dataset.acts_as,
        label=dataset.label,
        parameters=Json(dataset.parameters),
        message=dataset.message,
        owner_id=dataset.owner_id,
        is_private=dataset.is_private,
        attach_to=dataset.attach_to,
        kind=dataset.kind,
        columns=Json(dataset.columns),
        work=Json(dataset.work),
    )
    return row is not None


def find(db: Session, key: str) -> Dataset | None:
    """One dataset, or None."""
    row = db.find(f"SELECT {COLUMNS} FROM datasets WHERE key = %(key)s AND deleted IS NULL", key=key)
    return from_row(row) if row else None


def get(db: Session, key: str) -> Dataset:
    """One dataset. :raises NotFound: when there is none with this key"""
    found = find(db, key)
    if found is None:
        raise NotFound(say("There is no dataset {key}.", key=key))
    return found


def lock(tx: Transaction, key: str) -> Dataset:
    """One dataset, which nobody else changes before this transaction ends."""
    row = tx.find(f"SELECT {COLUMNS} FROM datasets WHERE key = %(key)s AND deleted IS NULL FOR UPDATE", key=key)
    if row is None:
        raise NotFound(say("There is no dataset {key}.", key=key))
    return from_row(row)


def lock_any(tx: Transaction, key: str) -> Dataset | None:
    """One dataset, if it is there, also one that has been deleted for now; locked as by `lock`."""
    row = tx.find(f"SELECT {COLUMNS} FROM datasets WHERE key = %(key)s FOR UPDATE", key=key)
    return from_row(row) if row else None


def lock_of_job(tx: Transaction, job_id: int) -> None:
    """Lock the dataset that a job makes, if it makes one."""
    tx.find(
        "SELECT 1 FROM datasets WHERE key = (SELECT dataset FROM jobs WHERE id = %(job_id)s) FOR UPDATE", job_id=job_id
    )


def children(db: Session, key: str) -> list[Dataset]:
    """The datasets made from this one, oldest first."""
    rows = db.many(f"SELECT {COLUMNS} FROM datasets WHERE parent = %(key)s AND deleted IS NULL ORDER BY id", key=key)
    return [from_row(row) for row in rows]


def family(db: Session, top: str) -> list[Dataset]:
    """A capture and everything made from it, oldest first."""
    rows = db.many(f"SELECT {COLUMNS} FROM datasets WHERE top = %(top)s AND deleted IS NULL ORDER BY id", top=top)
    return [from_row(row) for row in rows]


def descendants(db: Session, key: str, *, with_deleted: bool = False) -> list[Dataset]:
    """Everything made from a dataset, at any depth, parents before children."""
    rows = db.many(
        "WITH RECURSIVE tree AS (SELECT key, 0 AS depth FROM datasets WHERE parent = %(key)s"
        " UNION ALL SELECT d.key, tree.depth + 1 FROM datasets d JOIN tree ON d.parent = tree.key)"
        f" SELECT {COLUMNS} FROM datasets JOIN (SELECT key AS found, depth FROM tree) t ON key = found"
        " WHERE deleted IS NULL OR %(with_deleted)s ORDER BY depth, id",
        key=key,
        with_deleted=with_deleted,
    )
    return [from_row(row) for row in rows]


def start(tx: Transaction, key: str, provenance: dict[str, Any]) -> None:
    """Mark a dataset as running, and with its first step the preset above it."""
    tx.run(
        "UPDATE datasets SET status = 'running', started = now(), message = 'Its steps are running.'"
        " WHERE status = 'waiting' AND key = (SELECT parent FROM datasets WHERE key = %(key)s)",
        key=key,
    )
    tx.run(
        "UPDATE datasets SET status = 'running', started = now(), ended = NULL, message = '', progress = NULL,"
        " warnings = '[]', quarantined = 0, provenance = %(provenance)s || CASE WHEN provenance ? 'imported'"
        " THEN jsonb_build_object('imported', provenance -> 'imported') ELSE '{}' END WHERE key = %(key)s",
        key=key,
        provenance=Json(provenance),
    )


def show(db: Session, key: str, message: str, progress: float | None) -> None:
    """Record how far a running dataset is."""
    db.run(
        "UPDATE datasets SET message = %(message)s, progress = %(progress)s WHERE key = %(key)s AND status = 'running'",
        key=key,
        message=message,
        progress=progress,
    )


def wait_again(tx: Transaction, key: str, message: str) -> None:
    """Mark a dataset as waiting, with the reason."""
    tx.run(
        "UPDATE datasets SET status = 'waiting', message = %(message)s, work = work || %(said)s, progress = NULL,"
        " started = NULL, ended = NULL, result = NULL, bytes = 0 WHERE key = %(key)s",
        key=key,
        message=message,
        said=_said(message),
    )


def set_upload(tx: Transaction, key: str, upload_id: str) -> None:
    """Let the next job of a dataset read this upload."""
    tx.run(
        "UPDATE datasets SET work = work || jsonb_build_object('upload', %(upload)s::text) WHERE key = %(key)s",
        key=key,
        upload=upload_id,
    )


@dataclass(frozen=True)
class Ending:
    """How a dataset ended."""

    status: Status
    message: str
    rows: int | None = None
    quarantined: int = 0
    warnings: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    kind: Kind | None = None
    result: Result | None = None
    provenance: dict[str, Any] | None = None


def end(tx: Transaction, key: str, ending: Ending) -> None:
    """Mark a dataset as ended, with everything that is known of its result.

    A step whose files its preset is about to show too takes no bytes itself: they count once, as the preset's.
    """
    tx.run(
        "UPDATE datasets SET status = %(status)s, message = %(message)s, work = work || %(said)s, progress = NULL,"
        " rows = %(rows)s, quarantined = %(quarantined)s, warnings = %(warnings)s, columns = %(columns)s,"
        " kind = coalesce(%(kind)s, kind), result = %(result)s, started = coalesce(started, now()), ended = now(),"
        " provenance = provenance || %(provenance)s, bytes = CASE WHEN EXISTS (SELECT 1 FROM datasets preset"
        " WHERE preset.key = datasets.attach_to AND preset.status IN ('waiting', 'running')) THEN 0 ELSE %(bytes)s END"
        " WHERE key = %(key)s",
        key=key,
        bytes=ending.result.size if ending.result else 0,
        status=ending.status,
        message=ending.message,
        said=_said(ending.message, ending.warnings),
        rows=ending.rows,
        quarantined=ending.quarantined,
        warnings=Json(list(ending.warnings)),
        columns=Json(list(ending.columns)),
        kind=ending.kind,
        result=Json(plain_result(ending.result)) if ending.result else None,
        provenance=Json(ending.provenance or {}),
    )


def update(db: Session, key: str, *, label: str | None = None, is_private: bool | None = None) -> None:
    """Change the label, or who may see it (for the whole family)."""
    if label is not None:
        db.run("UPDATE datasets SET label = %(label)s WHERE key = %(key)s", key=key, label=label)
    if is_private is not None:
        db.run(
            "UPDATE datasets SET is_private = %(is_private)s"
            " WHERE top = (SELECT top FROM datasets WHERE key = %(key)s)",
            key=key,
            is_private=is_private,
        )


def set_source(tx: Transaction, key: str, datasource: str, change: dict[str, Any]) -> None:
    """Let a capture and all made from it be of another source; its provenance has the change."""
    tx.run(
        "UPDATE datasets SET datasource = %(datasource)s WHERE top = %(key)s AND datasource IS NOT NULL",
        key=key,
        datasource=datasource,
    )
    tx.run(
        "UPDATE datasets SET provenance = provenance || jsonb_build_object('source_changes',"
        " coalesce(provenance -> 'source_changes', '[]') || %(change)s::jsonb) WHERE key = %(key)s",
        key=key,
        change=Json(change),
    )


def delete(tx: Transaction, key: str) -> None:
    """Delete a dataset and all made from it, with their jobs and logs. What runs is told to stop, and goes then."""
    tx.run("DELETE FROM datasets WHERE key = %(key)s", key=key)


def add_log(tx: Transaction, key: str, lines: list[tuple[datetime, str]]) -> None:
    """Append lines to a dataset's log; nothing when the dataset has been deleted."""
    if tx.find("SELECT 1 FROM datasets WHERE key = %(key)s FOR KEY SHARE", key=key):
        tx.run_each(
            "INSERT INTO dataset_logs (dataset, at, line) VALUES %s",
            [(key, moment, line.replace("\x00", "")) for moment, line in lines],
        )


def log_lines(db: Session, key: str, after: int = 0) -> list[Row]:
    """The log of a dataset: id, at and line."""
    return db.many(
        "SELECT id, at, line FROM dataset_logs WHERE dataset = %(key)s AND id > %(after)s ORDER BY id",
        key=key,
        after=after,
    )


def stranded(db: Session) -> list[Dataset]:
    """Open datasets for which nothing in the queue works: no open job, and no open step of a preset."""
    rows = db.many(
        f"SELECT {COLUMNS} FROM datasets WHERE status IN ('waiting', 'running')"
        " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.dataset = datasets.key AND j.state <> 'failed')"
        " AND NOT EXISTS (SELECT 1 FROM datasets step WHERE step.attach_to = datasets.key"
        " AND step.status IN ('waiting', 'running'))"
    )
    return [from_row(row) for row in rows]
