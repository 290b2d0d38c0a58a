"""Datasets: make, list, look at, change, cancel, retry and delete them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
from flask import request
from flask.views import MethodView
from flask_smorest.fields import Upload
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.dataset_schema import DatasetSchema, accepted, present
from app.domain.dataset import Status
from app.domain.errors import InvalidInput
from app.plugins.validation import check_json
from app.services import dataset as datasets
from app.services.import_file import import_file
from app.services.platform_import import remap_dataset

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


class _JSONObject(ma.fields.Dict):
    """A JSON object inside a form field."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            found = json.loads(value) if isinstance(value, str) and value.strip() else {}
        except ValueError as error:
            raise ma.ValidationError(f"This is not JSON: {error}.") from None
        if not isinstance(found, dict):
            raise ma.ValidationError('Send a JSON object, such as {"delimiter": ";"}.')
        return found


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
    parameters = _JSONObject(load_default=dict, metadata={"type": "string", "description": "A JSON object"})
    label = ma.fields.String(load_default=None)
    private = ma.fields.Boolean(load_default=True, truthy={"true", "True"}, falsy={"false", "False"})
    pseudonymise = ma.fields.String(load_default="none", validate=validate.OneOf(list(datasets.PSEUDONYMISE)))


class ListQuery(Query):
    """Which datasets to list."""

    status = ma.fields.String(validate=validate.OneOf([str(status) for status in Status]))
    datasource = ma.fields.String()
    q = ma.fields.String(metadata={"description": "Part of the label"})
    everyone = ma.fields.Boolean(load_default=False, metadata={"description": "Also what others share"})
    cursor = ma.fields.Integer(metadata={"description": "`next` of the page before"})
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, 200))


class ListSchema(Schema):
    """A page of datasets."""

    datasets = ma.fields.List(ma.fields.Nested(DatasetSchema))
    next = ma.fields.Integer(allow_none=True, metadata={"description": "The cursor of the next page; null at the end"})


class ChangeSchema(_Private):
    """What to change."""

    label = ma.fields.String()
    private = ma.fields.Boolean(metadata={"description": "Counts for the whole family of the dataset"})


@blueprint.route("/datasets")
class Datasets(MethodView):
    """All of them."""

    @blueprint.arguments(ListQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, ListSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """List captures, newest first: your own, or with `everyone` all that you may see."""
        found, following = datasets.list_datasets(
            installation(),
            actor(),
            mine=not query.pop("everyone"),
            text=query.pop("q", None),
            **query,
        )
        headers = {}
        if following is not None:
            following_page = urlencode({**request.args.to_dict(), "cursor": following})
            headers["Link"] = f'<{request.base_url}?{following_page}>; rel="next"'
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
        )
        return accepted(made)


@blueprint.route("/datasets/upload")
class UploadDataset(MethodView):
    """Making a dataset of a file."""

    @blueprint.arguments(UploadSchema, location="multipart", unknown=ma.RAISE)
    @blueprint.response(202, DatasetSchema)
    def post(self, wanted: dict[str, Any]) -> Any:
        """Make a dataset of a file: multipart/form-data with `file`, and `parameters` as JSON."""
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
        """Rename a dataset, or change who may see it."""
        if not change:
            raise InvalidInput({"body": ["Say what to change: label, private."]})
        changed = datasets.update_dataset(
            installation(), actor(), key, label=change.get("label"), is_private=change.get("private")
        )
        return present([changed])[0]

    @blueprint.response(204)
    def delete(self, key: str) -> None:
        """Delete a dataset and everything made from it."""
        datasets.delete_dataset(installation(), actor(), key)


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


@blueprint.route("/datasets/<string:key>/remap")
class Remap(MethodView):
    """Mapping again."""

    @blueprint.response(202, DatasetSchema)
    def post(self, key: str) -> Any:
        """Make the table again from the kept raw records, with the mapping of now."""
        return accepted(remap_dataset(installation(), actor(), key))
