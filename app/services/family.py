"""Families that come from another installation: what a worker has brought becomes datasets here, all at once or none.

The capture takes the place of the dataset that was asked for. A key is kept when it is free here; what refers to one
that is not (parents, presets, parameters, provenance) is rewritten. What came from elsewhere has been checked before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from app.domain.dataset import Dataset, Kind, Result, Status, StoredFile
from app.domain.errors import InvalidInput
from app.domain.package import RESULT, rewrite_keys
from app.plugins.validation import load
from app.services.context import Context
from app.services.dataset import dataset_key
from app.services.ending import end_dataset
from app.storage import annotation as stored
from app.storage import dataset as datasets
from app.storage import family
from app.storage.database import Transaction
from app.storage.dataset import Ending

_WAYS = ("address", "site", "software", "version")


@dataclass(frozen=True)
class _Told:
    """A dataset, as a worker has written down what it has brought."""

    record: dict[str, Any]
    files: dict[str, StoredFile]
    origin: dict[str, Any]


def settle_family(ctx: Context, tx: Transaction, key: str, told: StoredFile) -> set[str]:
    """Let the family that is written down in `told` take the place of the dataset that was asked for.

    Gives the names of all files that its datasets now have.
    """
    family.lock(tx)
    asked = datasets.get(tx, key)
    found = [_told(line) for line in _lines(ctx, told) if "record" in line]
    keys = _keys(tx, asked, [one.record for one in found])
    made: dict[str, Dataset] = {}
    for one in found:
        dataset = _dataset(ctx, asked, one, keys)
        made[dataset.key] = dataset
        if dataset.key == asked.key:
            _take_place(ctx, tx, dataset)
        else:
            family.insert_ended(tx, dataset, takes_room=dataset.attach_to not in made)
    _add_the_rest(ctx, tx, told, keys, asked.key, [one.record for one in found])
    return {file.name for one in found for file in one.files.values()}


def _lines(ctx: Context, told: StoredFile) -> Iterator[dict[str, Any]]:
    with ctx.files.local(told).open("rb") as opened:
        for line in opened:
            yield orjson.loads(line)


def _told(line: Mapping[str, Any]) -> _Told:
    files = {role: StoredFile(**file) for role, file in line["files"].items()}
    return _Told(line["record"], files, line["origin"])


def _keys(tx: Transaction, asked: Dataset, records: list[dict[str, Any]]) -> dict[str, str]:
    """The key here of every dataset, by the key that it had."""
    used = family.used_keys(tx, [record["key"] for record in records])
    keys = {}
    for record in records:
        key = record["key"]
        if record["parent"] is None:
            keys[key] = asked.key
        elif key in used:
            keys[key] = dataset_key(record["type"], asked.key, {"was": key}, "imported")
        else:
            keys[key] = key
    return keys


def _dataset(ctx: Context, asked: Dataset, one: _Told, keys: Mapping[str, str]) -> Dataset:
    record = one.record
    key, is_top = keys[record["key"]], record["parent"] is None
    origin = {name: one.origin[name] for name in _WAYS if one.origin.get(name)}
    imported = {
        **origin,
        "key": record["key"],
        "created": record["created"],
        "made_by": record["made_by"],
        "at": datetime.now(UTC).isoformat(),
        "by": asked.provenance,
    }
    work = {name: record[name] for name in ("filename", "pseudonymise") if record[name]}
    if record["source"] in keys:
        work["source"] = keys[record["source"]]
    kind = Kind(record["kind"]) if record["kind"] else None
    is_named = is_top and bool(asked.work.get("is_named"))
    is_task = record["type"] in ctx.registry.workers
    return replace(
        asked,
        key=key,
        type=RESULT if is_task else record["type"],
        datasource=record["datasource"],
        parent=None if is_top else keys[record["parent"]],
        top=asked.key,
        acts_as=record["acts_as"],
        label=asked.label if is_named else record["label"] or record["type"],
        parameters=_parameters(ctx, record, keys),
        status=Status(record["status"]),
        message=record["message"],
        rows=record["rows"],
        quarantined=record["quarantined"],
        warnings=record["warnings"],
        columns=record["columns"],
        started=_moment(record["started"]),
        ended=_moment(record["ended"]),
        attach_to=keys.get(record["attach_to"] or ""),
        kind=kind,
        result=Result(kind, one.files) if kind and one.files else None,
        provenance={**rewrite_keys(record["provenance"], keys), "imported": imported},
        work=work,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _parameters(ctx: Context, record: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """The parameters; of those that a plug-in here does not take for its own, what can be shown as text."""
    given: dict[str, Any] = rewrite_keys(record["parameters"], keys)
    plugin: Any = ctx.registry.processors.get(record["type"]) or ctx.registry.datasources.get(record["type"])
    if plugin is not None:
        try:
            load(plugin.Options, given)
        except InvalidInput:
            return {name: value for name, value in given.items() if not isinstance(value, dict | list)}
    return given


def _take_place(ctx: Context, tx: Transaction, dataset: Dataset) -> None:
    """Let the capture be what was asked for, which so ends."""
    ending = Ending(
        dataset.status,
        dataset.message,
        dataset.rows,
        dataset.quarantined,
        tuple(dataset.warnings),
        tuple(dataset.columns),
        dataset.kind,
        dataset.result,
    )
    end_dataset(ctx, tx, datasets.get(tx, dataset.key), ending)
    family.become(tx, dataset)


def _add_the_rest(
    ctx: Context, tx: Transaction, told: StoredFile, keys: Mapping[str, str], top: str, records: list[dict[str, Any]]
) -> None:
    """Add logs, the fields of annotations and their values."""
    fields: dict[tuple[str, str], int] = {}
    for record in records:
        for field in record["fields"]:
            made = stored.insert_field(tx, keys[record["key"]], top, field)
            if made is not None:
                fields[record["key"], field["name"]] = made
    for line in _lines(ctx, told):
        if "log" in line:
            datasets.add_log(
                tx, keys[line["key"]], [(datetime.fromisoformat(moment), text) for moment, text in line["log"]]
            )
        elif "codes" in line:
            entries = [
                (fields[line["key"], name], item, coder, value, datetime.fromisoformat(moment))
                for item, name, coder, value, moment in line["codes"]
                if (line["key"], name) in fields
            ]
            stored.save(tx, entries)
