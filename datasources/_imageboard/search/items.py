"""Stored posts as items: rows of the database as Arrow record batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.plugins import ITEM_COLUMNS
from datasources._imageboard.query import plain_text

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Mapping[str, type] = {
    "board": str,
    "image_file": str,
    "image_4chan": str,
    "image_md5": str,
    "country_name": str,
    "country_code": str,
    "timestamp_deleted": datetime,
    "unix_timestamp": int,
}
"""The columns of a post besides the item columns, and their types."""

_MICROSECONDS = "(extract(epoch FROM {}) * 1000000)::bigint"
SELECTED = (
    f"p.id::text AS id, p.thread_id::text AS thread_id, {_MICROSECONDS.format('p.created')} AS timestamp, p.author,"
    " p.body, p.subject, p.board, p.image_file, p.image_4chan, p.image_md5, p.country_name, p.country_code,"
    f" {_MICROSECONDS.format('p.deleted')} AS timestamp_deleted"
)
"""What is read of a post (p), as SQL."""


def to_batch(rows: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """The items of these rows; HTML becomes text."""
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    read: dict[str, list[Any]] = {
        name: [row[name] for row in rows] for name in (*ITEM_COLUMNS, *COLUMNS) if name != "unix_timestamp"
    }
    read["body"] = [plain_text(text) for text in read["body"]]
    read["subject"] = [plain_text(text) or None if text else None for text in read["subject"]]
    read["unix_timestamp"] = [microseconds // 1_000_000 for microseconds in read["timestamp"]]
    arrays = []
    for name in (*ITEM_COLUMNS, *COLUMNS):
        if name in ("timestamp", "timestamp_deleted"):
            arrays.append(pa.array(read[name], pa.int64()).cast(moment))
        else:
            arrays.append(pa.array(read[name], pa.int64() if name == "unix_timestamp" else pa.string()))
    return pa.RecordBatch.from_arrays(arrays, names=[*ITEM_COLUMNS, *COLUMNS])
