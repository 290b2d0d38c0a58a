"""Annotations: fields, values of each coder, agreement, files to upload and to download."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from flask_smorest.fields import Upload
from marshmallow import validate

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.body import require_change
from app.domain.agreement import MOST_COMPARED
from app.domain.annotation import Field, FieldKind
from app.sending import file_to_save
from app.services import annotation as coding
from app.services import annotation_file as files
from app.services.annotation_agreement import agreements

blueprint = Blueprint("annotations", "What coders note down of items.")
blueprints = (blueprint,)

_CHOICES = {"description": "For a choice: what there is to choose from"}
_BLIND = {"description": "Whether coders see their own values only, until it is switched off"}
_OPEN = {"description": "Whether all who may see the dataset may code, or its owners only"}


class FieldSchema(Schema):
    """A field."""

    id = ma.fields.Integer()
    dataset = ma.fields.String(metadata={"description": "Where it was made; it counts for all made from that, too"})
    name = ma.fields.String()
    kind = ma.fields.Enum(FieldKind, by_value=True)
    choices = ma.fields.List(ma.fields.String(), metadata=_CHOICES)
    help = ma.fields.String()
    is_blind = ma.fields.Boolean(metadata=_BLIND)
    is_open = ma.fields.Boolean(metadata=_OPEN)
    created = ma.fields.AwareDateTime()


class NewFieldSchema(Schema):
    """What field to make."""

    name = ma.fields.String(required=True)
    kind = ma.fields.String(
        required=True, validate=validate.OneOf(list(FieldKind)), metadata={"description": "What is noted down"}
    )
    choices = ma.fields.List(ma.fields.String(), load_default=list, metadata=_CHOICES)
    help = ma.fields.String(load_default="", metadata={"description": "What coders should look at"})
    is_blind = ma.fields.Boolean(load_default=True, metadata=_BLIND)
    is_open = ma.fields.Boolean(load_default=True, metadata=_OPEN)


class FieldChangeSchema(Schema):
    """What to change; choices that are used must stay."""

    name = ma.fields.String()
    choices = ma.fields.List(ma.fields.String())
    help = ma.fields.String()
    is_blind = ma.fields.Boolean()
    is_open = ma.fields.Boolean()


class CodeSchema(Schema):
    """A value."""

    item = ma.fields.String(metadata={"description": "The id of the item"})
    field = ma.fields.String(metadata={"description": "The name of the field"})
    coder = ma.fields.String()
    value = ma.fields.String(metadata={"description": "A checkbox is yes or no"})
    time = ma.fields.AwareDateTime(attribute="changed")


class CodesQuery(Query):
    """Which values."""

    field = ma.fields.String(metadata={"description": "Of one field"})
    coder = ma.fields.String(metadata={"description": "Of one coder"})
    cursor = paging.place()
    limit = paging.limit(100, 1000)


class CodesSchema(Schema):
    """A page of values."""

    values = ma.fields.List(ma.fields.Nested(CodeSchema))
    total = ma.fields.Integer()
    next = ma.fields.String(allow_none=True, metadata={"description": "The cursor of the next page; null at the end"})


class NewCodeSchema(Schema):
    """A value to note down; an empty one takes it back."""

    item = ma.fields.String(required=True)
    field = ma.fields.String(required=True)
    value = ma.fields.String(required=True)
    coder = ma.fields.String(metadata={"description": "Left out: you. Owners may name others"})
    time = ma.fields.String(metadata={"description": "ISO 8601; left out: now"})


class NewCodesSchema(Schema):
    """Values to note down: all, or none when one is wrong."""

    values = ma.fields.List(ma.fields.Nested(NewCodeSchema), required=True, validate=validate.Length(min=1, max=10_000))


class SavedSchema(Schema):
    """What has been noted down."""

    saved = ma.fields.Integer(metadata={"description": "How many values"})


class PairSchema(Schema):
    """Two coders."""

    first = ma.fields.String()
    second = ma.fields.String()
    items = ma.fields.Integer(metadata={"description": "How many items both have coded"})
    share = ma.fields.Float(allow_none=True, metadata={"description": "In how many of them they agree, from 0 to 1"})
    kappa = ma.fields.Float(allow_none=True, metadata={"description": "Cohen’s kappa; null when it is not defined"})


class AgreementQuery(Query):
    """Which coders to compare."""

    coder = ma.fields.String(
        metadata={"description": f"Whom to compare with each of the others where more than {MOST_COMPARED} have coded"}
    )


class AgreementSchema(Schema):
    """How far the coders of a field agree."""

    field = ma.fields.String(attribute="field.name")
    coders = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.Integer(), metadata={"description": "How many items each has coded"}
    )
    items = ma.fields.Integer(metadata={"description": "How many items two or more have coded"})
    share = ma.fields.Float(allow_none=True, metadata={"description": "How many pairs of values agree, from 0 to 1"})
    alpha = ma.fields.Float(
        allow_none=True, metadata={"description": "Krippendorff’s alpha (nominal); null when it is not defined"}
    )
    pairs = ma.fields.List(
        ma.fields.Nested(PairSchema),
        metadata={
            "description": f"Each two coders; where more than {MOST_COMPARED} have coded, only those of the `coder`"
            " that is asked for"
        },
    )


class FileSchema(Schema):
    """A file of values."""

    file = Upload(
        required=True, metadata={"description": "CSV or NDJSON: item, field, value, if wanted coder and time"}
    )


class FileQuery(Query):
    """In which form."""

    format = ma.fields.String(load_default="csv", validate=validate.OneOf(list(files.FORMATS)))


@blueprint.route("/datasets/<string:key>/annotations/fields")
class Fields(MethodView):
    """All fields."""

    @blueprint.response(200, FieldSchema(many=True))
    def get(self, key: str) -> list[Field]:
        """List the fields of a dataset and of those that it was made from."""
        return coding.get_view(installation(), actor(), key).fields

    @blueprint.arguments(NewFieldSchema)
    @blueprint.response(201, FieldSchema)
    def post(self, wanted: dict[str, Any], key: str) -> Field:
        """Add a field."""
        return coding.create_field(installation(), actor(), key, **wanted)


@blueprint.route("/datasets/<string:key>/annotations/fields/<int:field_id>")
class OneField(MethodView):
    """One field."""

    @blueprint.arguments(FieldChangeSchema)
    @blueprint.response(200, FieldSchema)
    def patch(self, change: dict[str, Any], key: str, field_id: int) -> Field:
        """Change a field; its kind stays."""
        require_change(FieldChangeSchema, change)
        return coding.update_field(installation(), actor(), key, field_id, **change)

    @blueprint.response(204)
    def delete(self, key: str, field_id: int) -> None:
        """Delete a field and all that was noted down in it."""
        coding.delete_field(installation(), actor(), key, field_id)


@blueprint.route("/datasets/<string:key>/annotations")
class Codes(MethodView):
    """The values."""

    @blueprint.arguments(CodesQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, CodesSchema)
    def get(self, query: dict[str, Any], key: str) -> Any:
        """List the values that you may see, by field, item and coder."""
        cursor = query.pop("cursor", None)
        after = paging.read_place(cursor, (int, str, str)) if cursor else None
        place = (after[0], after[1], after[2]) if after else None
        found, total, last = coding.list_codes(installation(), actor(), key, after=place, **query)
        following, headers = paging.next_place(last)
        return {"values": found, "total": total, "next": following}, 200, headers

    @blueprint.arguments(NewCodesSchema)
    @blueprint.response(200, SavedSchema)
    def put(self, given: dict[str, Any], key: str) -> dict[str, int]:
        """Note down values, up to 10,000 at once."""
        lines = enumerate(given["values"], 1)
        return {"saved": files.save_codes(installation(), actor(), key, lines)}


@blueprint.route("/datasets/<string:key>/annotations/agreement")
class AgreementOfCoders(MethodView):
    """Agreement."""

    @blueprint.arguments(AgreementQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, AgreementSchema(many=True))
    def get(self, query: dict[str, Any], key: str) -> list[dict[str, Any]]:
        """Show how far coders agree, for each field but long text in which you see everybody's values."""
        found = agreements(installation(), actor(), key, **query)
        return [{"field": one.field, **vars(one.agreement)} for one in found if one.agreement]


@blueprint.route("/datasets/<string:key>/annotations/file")
class CodesFile(MethodView):
    """The values as a file."""

    @blueprint.arguments(FileQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="text/csv", description="The file")
    def get(self, query: dict[str, Any], key: str) -> Response:
        """Download the values that you may see: item, field, coder, value, time."""
        return file_to_save(*files.export_codes(installation(), actor(), key, query["format"]))

    @blueprint.arguments(FileSchema, location="multipart", unknown=ma.RAISE)
    @blueprint.response(200, SavedSchema)
    def post(self, given: dict[str, Any], key: str) -> dict[str, int]:
        """Upload values: all, or none when a line is wrong; the lines are named."""
        file = given["file"]
        saved = files.import_codes(installation(), actor(), key, file.filename or "", file.stream)
        return {"saved": saved}
