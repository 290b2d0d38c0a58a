"""The addresses that scripts written for 4CAT 1 use. Each does what the newer one does, and answers in the older form.

What has gone wrong is told as everywhere in this API, by a status from 400 on. `check-query` is beside what else
Zeeschuimer asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import marshmallow as ma
from flask import Response, request
from flask.views import MethodView
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.results import send
from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.plugins.options import OptionsClass
from app.plugins.validation import json_schema
from app.services import dataset as datasets
from app.services import download, items, run
from app.services import token as tokens
from app.services.dataset_bin import delete_dataset
from app.services.import_file import import_file

blueprint = Blueprint("older", "Addresses of 4CAT 1, for older scripts.")
blueprints = (blueprint,)

_OPTION = "option-"
_FORM = {"required": True, "content": {"multipart/form-data": {"schema": {"type": "object"}}}}
_TOKEN = "Older API"  # noqa: S105 - a name, no secret


class AnsweredSchema(Schema):
    """What has been asked for."""

    status = ma.fields.String(metadata={"enum": ["success"]})
    message = ma.fields.String()
    key = ma.fields.String()
    url = ma.fields.String(metadata={"description": "Its page"})


class OlderSourceSchema(Schema):
    """A data source."""

    id = ma.fields.String()
    name = ma.fields.String()
    has_map_item = ma.fields.Boolean()
    is_from_zeeschuimer = ma.fields.Boolean()


class OlderItemsQuery(Query):
    """Which items."""

    offset = ma.fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = ma.fields.Integer(load_default=100, validate=validate.Range(1, 1000))
    stream = ma.fields.Boolean(load_default=False, metadata={"description": "All of them, as NDJSON"})
    annotations = ma.fields.Boolean(load_default=True)
    missing_fields = ma.fields.String(load_default="default", validate=validate.OneOf(["default", "keep"]))


class OlderItemsSchema(Schema):
    """A page of items."""

    key = ma.fields.String()
    type = ma.fields.String()
    offset = ma.fields.Integer()
    limit = ma.fields.Integer()
    total = ma.fields.Integer()
    returned = ma.fields.Integer()
    next_offset = ma.fields.Integer(allow_none=True)
    items = ma.fields.List(ma.fields.Dict())


class TokenAnswerSchema(Schema):
    """A token, which is shown this once."""

    token = ma.fields.String()
    expires = ma.fields.Integer(allow_none=True, metadata={"description": "Seconds since 1970"})


class DeletedSchema(Schema):
    """What became of a dataset."""

    status = ma.fields.String(metadata={"enum": ["success"]})
    key = ma.fields.String()


def _answered(made: Dataset, message: str) -> dict[str, Any]:
    return {
        "status": "success",
        "message": message,
        "key": made.key,
        "url": f"{request.host_url}datasets/{made.key}",
    }


def _required(name: str) -> str:
    value = request.form.get(name, "").strip()
    if not value:
        raise InvalidInput({name: [say("Send it as a field of the form.")]})
    return value


def _options(known: Mapping[str, Any]) -> dict[str, Any]:
    """The fields `option-<name>` of the form; one that is sent several times is a list. Toggles left out are off."""
    sent = {name: request.form.getlist(name) for name in request.form if name.startswith(_OPTION)}
    return {
        name.removeprefix(_OPTION).replace("-", "_"): values if _is_list(known, name) else values[-1]
        for name, values in sent.items()
    }


def _is_list(known: Mapping[str, Any], name: str) -> bool:
    described = known.get(name.removeprefix(_OPTION).replace("-", "_"), {})
    return "array" in described.get("type", "")


@blueprint.route("/datasources/")
class OlderSources(MethodView):
    """Where posts come from."""

    @blueprint.response(200, OlderSourceSchema(many=True))
    @blueprint.doc(operationId="get_older_datasources")
    def get(self) -> list[dict[str, Any]]:
        """List the data sources."""
        return [
            {
                "id": source.id,
                "name": source.title,
                "has_map_item": source.maps_files() or not (source.imports() or source.searches()),
                "is_from_zeeschuimer": bool(source.domains),
            }
            for _, source in sorted(installation().registry.datasources.items())
        ]


def _kind_of_query() -> str:
    return "upload" if request.mimetype == "multipart/form-data" else "create"


@blueprint.route("/queue-query/")
class QueueQuery(MethodView):
    """Making a dataset."""

    counts_as = _kind_of_query

    @blueprint.response(200, AnsweredSchema)
    @blueprint.doc(requestBody=_FORM)
    def post(self) -> dict[str, Any]:
        """Make a dataset: `datasource`, `label`, `pseudonymise`, `make-private` and `option-<name>` for each option.

        A source that imports files takes the file as any field.
        """
        ctx, who, form = installation(), actor(), request.form
        source = ctx.registry.datasource(_required("datasource").removesuffix("-search"))
        way = form.get("pseudonymise") or "none"
        if way not in datasets.PSEUDONYMISE:
            raise InvalidInput(
                {"pseudonymise": [say("Choose from: {choices}.", choices=", ".join(datasets.PSEUDONYMISE))]}
            )
        more: dict[str, Any] = {
            "label": form.get("label") or None,
            "is_private": form.get("make-private", "yes").lower() not in ("", "0", "false", "no", "off"),
            "pseudonymise": way,
        }
        options = _options(_properties(source.Options))
        file = next(iter(request.files.values()), None)
        if file is None:
            made = datasets.create_capture(ctx, who, source.id, options, **more)
        else:
            made = import_file(
                ctx, who, file.filename or "upload", cast(BinaryIO, file.stream), source.id, options, **more
            )
        return _answered(made, "Dataset queued.")


@blueprint.route("/queue-processor/")
class QueueProcessor(MethodView):
    """Running an analysis."""

    @blueprint.response(200, AnsweredSchema)
    @blueprint.doc(requestBody=_FORM)
    def post(self) -> dict[str, Any]:
        """Run an analysis: `key` of the dataset, `processor` and a field `option-<name>` for each option."""
        ctx, who = installation(), actor()
        key, processor = _required("key"), ctx.registry.processor(_required("processor"))
        made, is_new = run.run_processor(ctx, who, key, processor.type, _options(_properties(processor.Options)))
        return _answered(made, "Analysis queued." if is_new else "There is a result for these options already.")


def _properties(options: OptionsClass) -> dict[str, Any]:
    found: dict[str, Any] = json_schema(options).get("properties", {})
    return found


def _kind_of_items() -> str:
    return "download" if "stream" in request.args else "read"


@blueprint.route("/dataset/<string:key>/items/")
class OlderItems(MethodView):
    """Rows."""

    counts_as = _kind_of_items

    @blueprint.arguments(OlderItemsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, OlderItemsSchema)
    def get(self, query: dict[str, Any], key: str) -> Any:
        """Show a page of items, or stream all of them as NDJSON."""
        ctx, who = installation(), actor()
        dataset = datasets.get_dataset(ctx, who, key)
        headers = {
            "X-4CAT-Dataset-Key": dataset.key,
            "X-4CAT-Dataset-Type": dataset.type,
            "X-4CAT-Dataset-Num-Rows": str(dataset.rows or 0),
            "X-4CAT-Dataset-Is-Finished": "true" if dataset.status.is_ended else "false",
            "X-4CAT-Dataset-Datasource": dataset.datasource or "",
        }
        if query["stream"]:
            answer: Response = send(download.open_download(ctx, who, key, "ndjson"))
            answer.headers.update(headers)
            return answer
        offset, limit = query["offset"], query["limit"]
        found = items.page(ctx, who, key, offset=offset, limit=limit)
        following = offset + len(found.rows)
        body = {
            "key": dataset.key,
            "type": dataset.type,
            "offset": offset,
            "limit": limit,
            "total": found.total,
            "returned": len(found.rows),
            "next_offset": following if following < found.total else None,
            "items": found.rows,
        }
        return body, 200, headers


@blueprint.route("/delete-dataset/<string:key>/")
class DeleteDataset(MethodView):
    """Deleting. Reading an address must not delete, so GET does not, other than it did."""

    @blueprint.response(200, DeletedSchema)
    def delete(self, key: str) -> dict[str, str]:
        """Delete a dataset and everything made from it."""
        return _delete(key)

    @blueprint.response(200, DeletedSchema)
    def post(self, key: str) -> dict[str, str]:
        """Delete a dataset and everything made from it."""
        return _delete(key)


def _delete(key: str) -> dict[str, str]:
    delete_dataset(installation(), actor(), key)
    return {"status": "success", "key": key}


@blueprint.route("/request-token/")
class RequestToken(MethodView):
    """A token for older scripts."""

    @blueprint.response(200, TokenAnswerSchema)
    def get(self) -> dict[str, Any]:
        """Make a token, valid for a year if it may be. The one made in this way before is not valid any more."""
        ctx, who = installation(), actor()
        made, secret = tokens.create_token(ctx, who, _TOKEN, days=tokens.usual_days(ctx, who))
        for older in tokens.list_tokens(ctx, who):
            if older.name == _TOKEN and older.id != made.id:
                tokens.revoke_token(ctx, who, older.id)
        return {"token": secret, "expires": int(made.expires.timestamp()) if made.expires else None}
