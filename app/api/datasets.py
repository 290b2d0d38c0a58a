"""Datasets: make, list, look at, change, cancel, retry and delete them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from flask_smorest.fields import Upload
from marshmallow import validate

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.body import JSONObject, require_change
from app.api.dataset_schema import DatasetSchema, accepted, present
from app.domain.dataset import Status
from app.plugins.validation import check_json
from app.services import dataset as datasets
from app.services.convert import convert_dataset
from app.services.dataset_bin import bring_back, delete_dataset, set_expiry, throw_away
from app.services.dataset_list import ORDERS, WHOSE, Wanted, list_datasets
from app.services.import_file import import_file, importing_source
from app.services.mark import read_tags, set_favourite, set_tags
from app.services.platform_import import remap_dataset
from app.services.resume_upload import whole_upload

blueprint = Blueprint("datasets", "Results of captures and analyses.")
blueprints = (blueprint,)


class _Private(Schema):
    """Reads `is_private`, as datasets show it, and `private` alike."""

    @ma.pre_load
    def _one_name(self, data: Any, **_: Any) -> Any:
        if isinstance(data, Mapping) and "is_private" in data and "private" not in data:
            return {("private" if name == "is_private" else name): data[name] for name in data}
        return data


class CaptureSchema(_Private):
    """What dataset to make."""

    datasource = ma.fields.String(required=True)
    parameters = ma.fields.Dict(load_default=dict, metadata={"description": "See /api/datasources/{id}"})
    label = ma.fields.String(load_default=None, allow_none=True)
    private = ma.fields.Boolean(load_default=True)
    pseudonymise = ma.fields.String(load_default="none", validate=validate.OneOf(list(datasets.PSEUDONYMISE)))
    notify = ma.fields.Boolean(load_default=False, metadata={"description": "Send a mail when it has ended"})
    upload = ma.fields.String(metadata={"description": "A file to import: the id of one sent to /api/uploads"})


class _File(Upload):  # type: ignore[misc]
    """A part of the form that is a file, which it is by its name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str):
            raise ma.ValidationError("Send a file: this part of the form has no file name.")
        return super()._deserialize(value, attr, data, **kwargs)


class UploadSchema(_Private):
    """What dataset to make of a file."""

    file = _File(required=True, metadata={"description": "CSV, TSV, XLSX, JSON or NDJSON"})
    datasource = ma.fields.String(load_default="upload")
    parameters = JSONObject(load_default=dict, metadata={"type": "string", "description": "A JSON object"})
    label = ma.fields.String(load_default=None)
    private = ma.fields.Boolean(load_default=True, truthy={"true", "True"}, falsy={"false", "False"})
    pseudonymise = ma.fields.String(load_default="none", validate=validate.OneOf(list(datasets.PSEUDONYMISE)))
    notify = ma.fields.Boolean(
        load_default=False,
        truthy={"true", "True"},
        falsy={"false", "False"},
        metadata={"description": "Send a mail when it has ended"},
    )


class ListQuery(Query):
    """Which datasets to list."""

    whose = ma.fields.String(
        load_default="mine",
        validate=validate.OneOf(WHOSE),
        metadata={"description": "Your own, those shared with you, your favourites, all you may see, or deleted ones"},
    )
    status = ma.fields.String(validate=validate.OneOf([str(status) for status in Status]))
    datasource = ma.fields.String()
    owner = ma.fields.String(metadata={"description": "The name of a user; of somebody else, among all you may see"})
    tag = ma.fields.String()
    q = ma.fields.String(
        metadata={"description": "Words in the label, parameters or columns of a capture or of what was made from it"}
    )
    since = ma.fields.Date(metadata={"description": "Made on this day or later"})
    until = ma.fields.Date(metadata={"description": "Made on this day or earlier"})
    order = ma.fields.String(load_default="newest", validate=validate.OneOf(list(ORDERS)))
    everyone = ma.fields.Boolean(load_default=False, metadata={"description": "The same as `whose=all`"})
    cursor = paging.cursor()
    limit = paging.limit(50, 200)


class ListSchema(Schema):
    """A page of datasets."""

    datasets = ma.fields.List(ma.fields.Nested(DatasetSchema))
    next = ma.fields.Integer(allow_none=True, metadata={"description": "The cursor of the next page; null at the end"})


class DeleteQuery(Query):
    """How to delete."""

    undo = ma.fields.Boolean(
        load_default=False, metadata={"description": "Let it be restored for as many days as `limits.undo_days` says"}
    )


class ChangeSchema(_Private):
    """What to change."""

    label = ma.fields.String()
    private = ma.fields.Boolean(metadata={"description": "Counts for the whole family of the dataset"})
    favourite = ma.fields.Boolean(metadata={"description": "For yourself; whoever sees a dataset may"})
    tags = ma.fields.List(ma.fields.String(), metadata={"description": "These and no others"})
    expires = ma.fields.AwareDateTime(
        allow_none=True, metadata={"description": "When a capture goes by itself; null is when all do"}
    )
    keep = ma.fields.Boolean(metadata={"description": "Whether a capture stays until somebody deletes it"})
    datasource = ma.fields.String(
        metadata={"description": "Of which source the posts of an uploaded file are, if its columns are of that one"}
    )


@blueprint.route("/datasets")
class Datasets(MethodView):
    """All of them."""

    @blueprint.arguments(ListQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, ListSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """List captures, newest first: your own, or as `whose` says; all conditions must hold."""
        if query.pop("everyone"):
            query["whose"] = "all"
        for day in ("since", "until"):
            if day in query:
                query[day] = datetime.combine(query[day], time(), UTC)
        found, following = list_datasets(installation(), actor(), Wanted(text=query.pop("q", None), **query))
        headers = {} if following is None else paging.link_next(cursor=following)
        return {"datasets": present(found), "next": following}, 200, headers

    @blueprint.arguments(CaptureSchema)
    @blueprint.response(202, DatasetSchema)
    def post(self, wanted: dict[str, Any]) -> Any:
        """Capture posts from a data source into a new dataset."""
        check_json(installation().registry.datasource(wanted["datasource"]).Options, wanted["parameters"])
        made = datasets.create_capture(
            installation(),
            actor(),
            wanted["datasource"],
            wanted["parameters"],
            label=wanted["label"],
            is_private=wanted["private"],
            pseudonymise=wanted["pseudonymise"],
            notify=wanted["notify"],
            upload_id=_upload_id(wanted["datasource"], wanted.get("upload")),
        )
        return accepted(made)


def _upload_id(datasource: str, given: str | None) -> str | None:
    """The upload to make a dataset of, which must be all there; it may be named by its whole address."""
    if given is None:
        return None
    importing_source(installation(), datasource, "upload")
    return whole_upload(installation(), actor(), given.rstrip("/").rpartition("/")[2]).id


@blueprint.route("/datasets/upload")
class UploadDataset(MethodView):
    """Making a dataset of a file."""

    counts_as = "upload"

    @blueprint.arguments(UploadSchema, location="multipart", unknown=ma.RAISE)
    @blueprint.response(202, DatasetSchema)
    def post(self, wanted: dict[str, Any]) -> Any:
        """Make a dataset of a file: multipart/form-data with `file`, and `parameters` as JSON.

        Or send the file as the body itself, with its type (such as text/csv), its name in X-File-Name or `filename`,
        and the other fields in the address.
        """
        file = wanted["file"]
        check_json(installation().registry.datasource(wanted["datasource"]).Options, wanted["parameters"])
        made = import_file(
            installation(),
            actor(),
            file.filename or "upload",
            file.stream,
            wanted["datasource"],
            wanted["parameters"],
            label=wanted["label"],
            is_private=wanted["private"],
            pseudonymise=wanted["pseudonymise"],
            notify=wanted["notify"],
        )
        return accepted(made)


@blueprint.route("/datasets/<key:key>")
class OneDataset(MethodView):
    """One of them."""

    @blueprint.response(200, DatasetSchema)
    def get(self, key: str) -> dict[str, Any]:
        """Show a dataset, with its live progress."""
        return present([datasets.get_dataset(installation(), actor(), key)])[0]

    @blueprint.arguments(ChangeSchema)
    @blueprint.response(200, DatasetSchema)
    def patch(self, change: dict[str, Any], key: str) -> dict[str, Any]:
        """Rename a dataset, mark it, or change who may see it and how long it stays."""
        require_change(ChangeSchema, change)
        ctx, who = installation(), actor()
        known = datasets.get_dataset(ctx, who, key)
        tags = read_tags(change.get("tags", []))
        if {"expires", "keep"} & set(change):
            expires = change.get("expires", known.expires)
            set_expiry(ctx, who, key, expires=expires, is_kept=change.get("keep", known.is_kept))
        if {"label", "private"} & set(change):
            datasets.update_dataset(ctx, who, key, label=change.get("label"), is_private=change.get("private"))
        if "datasource" in change:
            convert_dataset(ctx, who, key, change["datasource"])
        if "tags" in change:
            set_tags(ctx, who, key, tags)
        if "favourite" in change:
            set_favourite(ctx, who, key, is_favourite=change["favourite"])
        return present([datasets.get_dataset(ctx, who, key)])[0]

    @blueprint.arguments(DeleteQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(204)
    def delete(self, query: dict[str, Any], key: str) -> None:
        """Delete a dataset and everything made from it, for good or so that it can be restored."""
        remove = throw_away if query["undo"] else delete_dataset
        remove(installation(), actor(), key)


@blueprint.route("/datasets/<string:key>/cancel")
class Cancel(MethodView):
    """Stopping."""

    @blueprint.response(202, DatasetSchema)
    def post(self, key: str) -> Any:
        """Stop a dataset that waits or runs."""
        return accepted(datasets.cancel_dataset(installation(), actor(), key))


@blueprint.route("/datasets/<string:key>/retry")
class Retry(MethodView):
    """Trying again."""

    @blueprint.response(202, DatasetSchema)
    def post(self, key: str) -> Any:
        """Run a failed, cancelled or empty dataset again."""
        return accepted(datasets.retry_dataset(installation(), actor(), key))


@blueprint.route("/datasets/<string:key>/restore")
class Restore(MethodView):
    """Undoing a deletion."""

    @blueprint.response(200, DatasetSchema)
    def post(self, key: str) -> dict[str, Any]:
        """Bring back a dataset that was deleted with `undo`, and all that was deleted together with it."""
        return present([bring_back(installation(), actor(), key)])[0]


@blueprint.route("/datasets/<string:key>/remap")
class Remap(MethodView):
    """Mapping again."""

    @blueprint.response(202, DatasetSchema)
    def post(self, key: str) -> Any:
        """Make the table again from the kept raw records, with the mapping of now."""
        return accepted(remap_dataset(installation(), actor(), key))
