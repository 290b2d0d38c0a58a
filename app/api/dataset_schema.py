"""A dataset as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import marshmallow as ma
from flask import request, url_for

from app.api.auth import actor, installation
from app.api.base import Schema
from app.domain.dataset import Dataset, Status
from app.services.dataset import place_in_queue
from app.services.download import formats
from app.storage import overview


class DatasetSchema(Schema):
    """A dataset."""

    key = ma.fields.String()
    type = ma.fields.String(metadata={"description": "The data source or processor that makes it"})
    datasource = ma.fields.String(allow_none=True)
    parent = ma.fields.String(allow_none=True, metadata={"description": "The dataset it is made from"})
    top = ma.fields.String(metadata={"description": "The capture at the root"})
    label = ma.fields.String()
    status = ma.fields.String(metadata={"enum": [str(status) for status in Status]})
    message = ma.fields.String(metadata={"description": "How it goes or went, in a sentence"})
    progress = ma.fields.Float(allow_none=True, metadata={"description": "From 0 to 1 while it runs"})
    position = ma.fields.Integer(allow_none=True, metadata={"description": "Its place in the queue; 1 starts next"})
    rows = ma.fields.Integer(allow_none=True)
    warnings = ma.fields.List(ma.fields.String())
    quarantined = ma.fields.Integer(metadata={"description": "Records that could not be read"})
    columns = ma.fields.List(ma.fields.String())
    kind = ma.fields.String(allow_none=True, metadata={"description": "table, files, graph, chart or page"})
    formats = ma.fields.List(ma.fields.String(), metadata={"description": "What it can be downloaded as"})
    created = ma.fields.AwareDateTime()
    started = ma.fields.AwareDateTime(allow_none=True)
    ended = ma.fields.AwareDateTime(allow_none=True)
    seconds = ma.fields.Float(allow_none=True, metadata={"description": "How long the work took"})
    url = ma.fields.String(metadata={"description": "Its page"})
    children = ma.fields.List(ma.fields.String(), metadata={"description": "Keys of what was made from it"})
    parameters = ma.fields.Dict()
    is_private = ma.fields.Boolean()
    owner = ma.fields.String(allow_none=True)


_SAME = (
    *("key", "type", "datasource", "parent", "top", "label", "message", "progress", "rows", "warnings", "quarantined"),
    *("columns", "created", "started", "ended", "seconds", "parameters", "is_private"),
)


def present(found: Sequence[Dataset]) -> list[dict[str, Any]]:
    """Datasets as the schema wants them, with two questions to the database whatever their number."""
    ctx = installation()
    children = overview.children_of(ctx.database, [dataset.key for dataset in found])
    owners = overview.names_of(ctx.database, [dataset.owner_id for dataset in found])
    return [
        {
            **{name: getattr(dataset, name) for name in _SAME},
            "status": str(dataset.status),
            "kind": str(dataset.kind) if dataset.kind else None,
            "formats": [name for name, _ in formats(dataset)],
            "position": _position(dataset),
            "url": f"{request.host_url}datasets/{dataset.key}",
            "children": children.get(dataset.key, []),
            "owner": owners.get(dataset.owner_id),
        }
        for dataset in found
    ]


def _position(dataset: Dataset) -> int | None:
    if dataset.status is not Status.WAITING:
        return None
    return place_in_queue(installation(), actor(), dataset.key)


def accepted(dataset: Dataset) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The answer to what has been asked for and is now waiting: the dataset, 202 and where to look for it."""
    where = url_for("api-datasets.OneDataset", key=dataset.key, _external=True)
    return present([dataset])[0], 202, {"Location": where}
