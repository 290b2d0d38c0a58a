"""Datasets of 4CAT 1.56, as its exports and its API give them: metadata, a result file, a log, and what hangs below.

The capture becomes a table of items, read by the data source here that knows its records, else as an uploaded file.
What was made from it becomes results that can be looked at and downloaded; the processor and its options are told,
and no analysis here takes them for results of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from app.domain.package import RESULT, checked_record
from app.domain.plain import storable, storable_text
from app.domain.texts import say
from app.plugins import Brought, FamilyRun, Reading
from datasources.import_4cat._older_results import Result, result_of
from datasources.import_4cat._refusal import refusal

ITEMS = "imported-items"
"""The type of a capture whose source is none that reads files here."""
_CREDENTIAL = re.compile(r"(?i)(.*[_-])?(api[_-]?key|key|token|secret|password|passwd|bearer|hash|phone)([_-].*)?")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:[.,]\d+)?(?: ?([+-]\d\d:?\d\d|Z))?[: ]+(.*)")
_STATUS = {"error": "failed"}
_SOFTWARE = ("software_version", "software_file", "software_source")


class Older(Protocol):
    """Where datasets of 4CAT 1.56 come from."""

    def metadata(self, key: str) -> Mapping[str, Any]:
        """What is told of a dataset: the columns of its row there."""

    def children(self, key: str) -> list[str]:
        """The keys of what was made from it."""

    def data(self, key: str, name: str) -> Path | None:
        """Its result file, or None when it has none."""

    def log(self, key: str) -> str:
        """Its log."""


@dataclass(frozen=True)
class _Told:
    """What is told of a dataset, read."""

    key: str
    type: str
    datasource: str
    label: str
    message: str
    status: str
    file: str
    created: str | None
    ended: str | None
    parameters: dict[str, Any]
    version: str
    software: dict[str, str]


def bring_older(older: Older, top: str, run: FamilyRun, origin: Mapping[str, Any]) -> Iterator[Brought]:
    """A capture and all made from it, parents before children."""
    told = read_metadata(older.metadata(top), top)
    from_there = {**origin, "software": "4CAT", "version": told.version}
    waiting, seen = [(top, key) for key in older.children(top)], {top}
    if run.replaces_names and waiting:
        run.warn("What was made from it there is left out, since names of authors cannot be replaced in it.")
        waiting = []
    yield _capture(older, told, run, from_there)
    done = 0
    while waiting:
        parent, key = waiting.pop(0)
        if key in seen:
            continue
        seen.add(key)
        done += 1
        run.progress(done / (done + len(waiting) + 1), text=f"{done:,} results brought here")
        below = read_metadata(older.metadata(key), key)
        yield _child(older, below, parent, run, from_there)
        waiting.extend((key, child) for child in older.children(key))


def read_metadata(given: Any, key: str) -> _Told:
    """What is told of a dataset. :raises InvalidInput: when it is not what 4CAT tells"""
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        raise refusal(say("What is told of dataset {key} is not what 4CAT tells of one.", key=key[:40]))
    found: dict[str, Any] = storable(given)
    parameters = _object(found.get("parameters"))
    type_ = found["type"]
    rows = found.get("num_rows")
    is_empty = not isinstance(rows, int) or rows < 1
    datasource = str(parameters.get("datasource") or re.sub(r"-(search|import)$", "", type_))
    version = str(found.get("current_4CAT_version") or found.get("software_version") or "")[:60]
    return _Told(
        key=key,
        type=type_[:100],
        datasource=datasource,
        label=_label(found, parameters, type_),
        message=str(found.get("status") or ""),
        status=_STATUS.get(str(found.get("status_type")), "empty") if is_empty else "finished",
        file=str(found.get("result_file") or "").replace("\\", "/").rpartition("/")[2],
        created=_time(found.get("timestamp")),
        ended=_time(found.get("timestamp_finished")),
        parameters={name: value for name, value in parameters.items() if not _CREDENTIAL.fullmatch(name)},
        version=version,
        software={name: str(found[name])[:500] for name in _SOFTWARE if found.get(name)},
    )


def _object(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return dict(given) if isinstance(given, Mapping) else {}


def _label(found: Mapping[str, Any], parameters: Mapping[str, Any], type_: str) -> str:
    """What it is called there, as it puts a name together."""
    names = ("label", "body_query", "body_match", "subject_query", "subject_match", "query", "filename")
    given = [found.get("label"), *(parameters.get(name) for name in names)]
    name = next((value for value in given if isinstance(value, str) and value.strip()), "")
    if not name or found.get("key_parent"):
        own = parameters.get("label")
        name = own if isinstance(own, str) and own.strip() else type_.replace("-", " ").replace("_", " ").capitalize()
    return name.strip()[:200]


def _time(given: Any) -> str | None:
    """A moment, given in seconds since 1970."""
    try:
        seconds = float(given)
        return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _record(told: _Told, **more: Any) -> dict[str, Any]:
    provenance = {
        "4cat": told.version or "1.56",
        "processor": told.type,
        "parameters": told.parameters,
        **told.software,
    }
    return checked_record(
        {
            "key": told.key,
            "label": told.label,
            "message": told.message,
            "status": told.status,
            "created": told.created,
            "ended": told.ended,
            "parameters": told.parameters,
            "provenance": provenance,
            "made_by": f"{told.type} (4CAT {told.version})".replace(" ()", "").replace("4CAT )", "4CAT)"),
            **more,
        }
    )


def _capture(older: Older, told: _Told, run: FamilyRun, origin: Mapping[str, Any]) -> Brought:
    path = older.data(told.key, told.file) if told.status == "finished" else None
    suffix = PurePosixPath(told.file).suffix.lower() or (path.suffix if path else "")
    source = told.datasource.replace("-", "_")
    own = source if suffix == ".ndjson" and source in run.sources and source != "upload" else None
    record = _record(
        told,
        type=own or ITEMS,
        datasource=own or told.datasource[:100],
        acts_as="items",
        kind="table",
        filename=told.file or None,
        parameters={} if own else told.parameters,
    )
    log = _log(older.log(told.key), told)
    if path is None:
        return Brought({**record, "status": "empty", "kind": None}, log=log, origin=origin)
    if suffix not in (".csv", ".ndjson", ".tsv", ".json"):
        return _as_result(path, record, told, run, origin, log)
    options = {} if own else {"file_format": suffix.removeprefix(".")}
    kept = {} if run.replaces_names else {"original": path}
    reading = Reading(own or "upload", path, told.file or f"posts{suffix}", options)
    return Brought(record, files=kept, reading=reading, log=log, origin=origin)


def _child(older: Older, told: _Told, parent: str, run: FamilyRun, origin: Mapping[str, Any]) -> Brought:
    record = _record(told, type=RESULT, acts_as=RESULT, parent=parent, source=parent)
    log = _log(older.log(told.key), told)
    path = older.data(told.key, told.file) if told.status == "finished" else None
    if path is None:
        status = "empty" if told.status == "finished" else told.status
        return Brought({**record, "status": status}, log=log, origin=origin)
    return _as_result(path, record, told, run, origin, log)


def _as_result(
    path: Path,
    record: dict[str, Any],
    told: _Told,
    run: FamilyRun,
    origin: Mapping[str, Any],
    log: list[tuple[str, str]],
) -> Brought:
    found: Result = result_of(path, told.file or path.name, run)
    if found.result is not None:
        return Brought(record, result=found.result, log=log, origin=origin)
    record |= {"kind": str(found.kind), "rows": found.rows, "columns": list(found.columns)}
    if not found.rows:
        record["status"] = "empty"
    return Brought(record, files=found.files, log=log, origin=origin)


def _log(text: str, told: _Told) -> list[tuple[str, str]]:
    """The lines of a log with the time of each; a line without a time has that of the one before it."""
    moment = told.created or told.ended or datetime.now(UTC).isoformat()
    lines = []
    for line in storable_text(text).splitlines():
        found = _LINE.fullmatch(line)
        if found:
            zone = (found[2] or "+00:00").replace("Z", "+00:00")
            moment = datetime.fromisoformat(found[1] + (zone if ":" in zone else f"{zone[:3]}:{zone[3:]}")).isoformat()
        if line.strip():
            lines.append((moment, found[3] if found else line))
    return lines
