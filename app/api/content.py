"""What is within a result: the values of a column, counted; the files in an archive, and single ones."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response
from flask.views import MethodView

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.results import filters
from app.sending import LONE_POLICY, file_to_save
from app.services.facet import Facet, facet
from app.services.member import list_members, open_member

blueprint = Blueprint("content", "What is within a result.")
blueprints = (blueprint,)


class FacetQuery(Query):
    """Of which column, among which rows."""

    column = ma.fields.String(required=True, metadata={"example": "author"})
    filter = filters()
    find = ma.fields.String(load_default="", metadata={"description": "A text in the body, subject or author"})


class FacetEntrySchema(Schema):
    """A value, or a stretch of numbers or time."""

    label = ma.fields.String()
    count = ma.fields.Integer(metadata={"description": "How many rows have it"})
    conditions = ma.fields.List(
        ma.fields.String(), metadata={"description": "What to send as `filter` to see these rows"}
    )


class FacetSchema(Schema):
    """What is in a column."""

    column = ma.fields.String()
    type = ma.fields.String()
    entries = ma.fields.List(ma.fields.Nested(FacetEntrySchema), metadata={"description": "The most frequent, or all"})
    more = ma.fields.Integer(metadata={"description": "How many other values there are"})


class FilesQuery(Query):
    """Which files."""

    cursor = paging.cursor()
    limit = paging.limit(500, 5000)


class ResultFileSchema(Schema):
    """A file in the archive."""

    number = ma.fields.Integer(metadata={"description": "Its place in the archive"})
    name = ma.fields.String()
    size = ma.fields.Integer(metadata={"description": "In bytes, unpacked"})
    picture = ma.fields.String(allow_none=True, metadata={"description": "Its media type, if it is a picture"})


@blueprint.route("/datasets/<string:key>/facet")
class ColumnFacet(MethodView):
    """Values of a column."""

    @blueprint.arguments(FacetQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, FacetSchema)
    def get(self, query: dict[str, Any], key: str) -> Facet:
        """Count what is in a column: its most frequent values, or stretches of numbers or of time."""
        return facet(installation(), actor(), key, **query)


@blueprint.route("/datasets/<string:key>/files")
class Files(MethodView):
    """Files."""

    @blueprint.arguments(FilesQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, ResultFileSchema(many=True))
    def get(self, query: dict[str, Any], key: str) -> Any:
        """List the files of a result that is an archive, such as pictures."""
        start, most = query.get("cursor", 0), query["limit"]
        found = list_members(installation(), actor(), key)[start : start + most + 1]
        return paging.one_page(found, most, lambda member: member.number)


@blueprint.route("/datasets/<string:key>/files/<path:name>")
class OneFile(MethodView):
    """One of them."""

    counts_as = "download"

    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/octet-stream", description="The file"
    )
    def get(self, key: str, name: str) -> Response:
        """Download one file of an archive, by its name."""
        found, chunks = open_member(installation(), actor(), key, name)
        kind = found.picture or "application/octet-stream"
        answer = file_to_save(found.name.rpartition("/")[2] or "file", kind, chunks)
        answer.headers["Content-Security-Policy"] = LONE_POLICY
        answer.content_length = found.size
        return answer
