"""A dataset as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask import request, url_for

from app.api.auth import actor, installation
from app.api.base import Schema
from app.domain.dataset import Dataset, Status
from app.services.dataset_bin import goes_on
from app.services.download import formats
from app.services.mark import marks_of
from app.services.outlook import MOST, Outlook, outlooks
from app.storage import overview


class WaitSchema(Schema):
    """What a dataset waits for."""

    position = ma.fields.Integer(
        allow_none=True, metadata={"description": "Its place in the queue; 1 starts next, null is not in line yet"}
    )
    is_capped = ma.fields.Boolean(
        metadata={"description": f"Whether it is further back than that: places are counted up to {MOST:,}"}
    )
    reason = ma.fields.String(metadata={"description": "Why it has not started, in a sentence"})
    expected_start = ma.fields.AwareDateTime(
        allow_none=True, metadata={"description": "When it may start, judged by how long such work took lately"}
    )


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
    waiting = ma.fields.Nested(
        WaitSchema, allow_none=True, metadata={"description": "What it waits for; null unless it waits"}
    )
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
    favourite = ma.fields.Boolean(metadata={"description": "Whether it is one of yours"})
    tags = ma.fields.List(ma.fields.String())
    expires = ma.fields.AwareDateTime(
        allow_none=True, metadata={"description": "When this capture goes by itself; null is never"}
    )
    keep = ma.fields.Boolean(metadata={"description": "Whether it stays, whatever is set for all"})
    deleted = ma.fields.AwareDateTime(
        allow_none=True, metadata={"description": "Since when it has been deleted, which can be undone for a while"}
    )


_SAME = (
    *("key", "type", "datasource", "parent", "top", "label", "message", "progress", "rows", "warnings", "quarantined"),
    *("columns", "created", "started", "ended", "seconds", "parameters", "is_private", "deleted"),
)


def present(found: Sequence[Dataset]) -> list[dict[str, Any]]:
    """Datasets as the schema wants them, with as many questions to the database whatever their number."""
    ctx = installation()
    waits = outlooks(ctx, found)
    children = overview.children_of(ctx.database, [dataset.key for dataset in found])
    owners = overview.names_of(ctx.database, [dataset.owner_id for dataset in found])
    marks = marks_of(ctx, actor(), found)
    site = ctx.site_settings()
    return [
        {
            **{name: getattr(dataset, name) for name in _SAME},
            "status": str(dataset.status),
            "kind": str(dataset.kind) if dataset.kind else None,
            "formats": [name for name, _ in formats(dataset)],
            **_waiting(waits.get(dataset.key)),
            "url": f"{request.host_url}datasets/{dataset.key}",
            "children": children.get(dataset.key, []),
            "owner": owners.get(dataset.owner_id),
            "favourite": dataset.key in marks.favourites,
            "tags": marks.tags.get(dataset.key, []),
            "expires": goes_on(site, dataset),
            "keep": dataset.is_kept,
        }
        for dataset in found
    ]


def _waiting(wait: Outlook | None) -> dict[str, Any]:
    return {"position": wait.position if wait else None, "waiting": asdict(wait) if wait else None}


def accepted(dataset: Dataset) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The answer to what has been asked for and is now waiting: the dataset, 202 and where to look for it."""
    where = url_for("api-datasets.OneDataset", key=dataset.key, _external=True)
    return present([dataset])[0], 202, {"Location": where}
