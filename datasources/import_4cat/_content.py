"""Whether the files of a result hold what pages and analyses take them for, so that nothing broken is let in."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.texts import say
from datasources.import_4cat._refusal import refusal

_TABLES = ("table", "nodes", "edges", "quarantine")
_COLUMNS = {"nodes": ("id", "x", "y"), "edges": ("source", "target"), "quarantine": ("position", "reason", "record")}


def check_content(record: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """Look into every file of a dataset. :raises InvalidInput: naming the member that will not do"""
    for role, path in files.items():
        name = record["files"][role]
        if role in _TABLES:
            _check_table(record, role, path, name)
        elif role == "chart":
            _check_chart(path, name)
        elif role == "archive" and not zipfile.is_zipfile(path):
            raise refusal(say("“{name}” is no ZIP.", name=name[:200]))


def _check_table(record: Mapping[str, Any], role: str, path: Path, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
        columns = metadata.schema.to_arrow_schema().names
    except (pa.ArrowException, OSError, ValueError):
        raise refusal(say("“{name}” is no Parquet table.", name=name[:200])) from None
    if role == "table" and (columns != record["columns"] or metadata.num_rows != record["rows"]):
        raise refusal(say("“{name}” has other rows or columns than the manifest says.", name=name[:200]))
    missing = [column for column in _COLUMNS.get(role, ()) if column not in columns]
    if missing:
        raise refusal(say("“{name}” lacks the columns {missing}.", name=name[:200], missing=", ".join(missing)))


def _check_chart(path: Path, name: str) -> None:
    import orjson

    try:
        spec = orjson.loads(path.read_bytes())
    except ValueError:
        spec = None
    if not isinstance(spec, dict) or "/schema/vega" not in str(spec.get("$schema")):
        raise refusal(say("“{name}” is no chart.", name=name[:200]))
