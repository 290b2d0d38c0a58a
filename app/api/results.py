"""What is in a dataset: pages of rows, downloads, log, provenance, unreadable records."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import Response, request
from flask.views import MethodView
from marshmallow import validate
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.http import is_resource_modified, quote_etag

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.packing import packed_tag
from app.services import dataset as datasets
from app.services import download, items
from app.services.items import ItemPage
from app.services.provenance import provenance

blueprint = Blueprint("results", "What is in a dataset.")
blueprints = (blueprint,)

_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def _columns() -> ma.fields.List[Any]:
    return ma.fields.List(
        ma.fields.String(),
        metadata={"description": "Names of columns, separated by commas; repeat it for names with a comma in them"},
    )


def filters() -> ma.fields.List[Any]:
    """The field `filter` of a query."""
    return ma.fields.List(
        ma.fields.String(),
        metadata={
            "description": "A condition: column, operator (== != > >= < <= ~ !~) and value. Repeat it for more",
            "example": ["author==ann", "likes>10", "body~climate"],
        },
    )


def _names(columns: list[str] | None) -> list[str] | None:
    """Names of columns: each its own parameter, or all in one with commas between."""
    if columns and len(columns) == 1:
        return [name.strip() for name in columns[0].split(",") if name.strip()]
    return columns


class PageQuery(Query):
    """Which rows."""

    offset = ma.fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = ma.fields.Integer(load_default=50, validate=validate.Range(1, items.MAX_LIMIT))


class ItemsQuery(PageQuery):
    """Which rows, and what of them."""

    columns = _columns()
    sort = ma.fields.String(metadata={"description": "A column; -column for descending", "example": "-likes"})
    filter = filters()
    find = ma.fields.String(load_default="", metadata={"description": "A text in the body, subject or author"})
    part = ma.fields.String(
        validate=validate.OneOf(["nodes", "edges"]), metadata={"description": "Of a network: nodes or edges"}
    )


class ItemsSchema(Schema):
    """A page of rows."""

    columns = ma.fields.List(ma.fields.String())
    types = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.String(),
        metadata={"description": "text, integer, number, boolean, datetime, date, list or object"},
    )
    items = ma.fields.List(ma.fields.Dict(), attribute="rows")
    total = ma.fields.Integer(metadata={"description": "How many rows there are (that the filter lets through)"})
    offset = ma.fields.Integer()
    limit = ma.fields.Integer()


class DownloadQuery(Query):
    """In which form, and what of a table."""

    format = ma.fields.String(
        metadata={"description": "One of the dataset's `formats`; left out, the usual one", "example": "csv"}
    )
    bom = ma.fields.Boolean(load_default=False, metadata={"description": "CSV: begin with a byte order mark"})
    excel_safe = ma.fields.Boolean(
        load_default=False, metadata={"description": "CSV: put ' before text that a spreadsheet would run as a formula"}
    )
    columns = _columns()
    filter = filters()


class ProvenanceSchema(Schema):
    """Where a result comes from."""

    key = ma.fields.String()
    methods = ma.fields.String(metadata={"description": "The steps as a paragraph for a paper"})
    steps = ma.fields.List(ma.fields.Dict(), metadata={"description": "From the capture down to this dataset"})


def _next_rows(page: ItemPage) -> dict[str, str]:
    """The header that names the page after this one; a result never changes, so counting its rows is safe."""
    after = page.offset + len(page.rows)
    return paging.link_next(offset=after) if page.rows and after < page.total else {}


@blueprint.route("/datasets/<string:key>/items")
class Items(MethodView):
    """Rows."""

    @blueprint.arguments(ItemsQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, ItemsSchema)
    def get(self, query: dict[str, Any], key: str) -> Any:
        """Show a page of rows, sorted and filtered."""
        columns = _names(query.pop("columns", None))
        found = items.page(installation(), actor(), key, columns=columns, role=query.pop("part", None), **query)
        return found, 200, _next_rows(found)


@blueprint.route("/datasets/<string:key>/quarantine")
class Quarantine(MethodView):
    """Unreadable records."""

    @blueprint.arguments(PageQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, ItemsSchema)
    def get(self, query: dict[str, Any], key: str) -> Any:
        """Show the records of a capture that could not be read: position, reason, record."""
        found = items.quarantined(installation(), actor(), key, **query)
        return found, 200, _next_rows(found)


@blueprint.route("/datasets/<string:key>/log")
class Log(MethodView):
    """The log."""

    @blueprint.response(200, {"type": "string"}, content_type="text/plain")
    def get(self, key: str) -> Response:
        """Show what happened while the dataset was made, one line a line."""
        return Response(datasets.log_text(installation(), actor(), key), mimetype="text/plain")


@blueprint.route("/datasets/<string:key>/provenance")
class Provenance(MethodView):
    """Where it comes from."""

    @blueprint.response(200, ProvenanceSchema)
    def get(self, key: str) -> dict[str, Any]:
        """Show every step from the capture to this dataset: parameters, versions, checksums."""
        return provenance(installation(), actor(), key)


@blueprint.route("/datasets/<string:key>/download")
class Download(MethodView):
    """Downloads."""

    counts_as = "download"

    @blueprint.arguments(DownloadQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/octet-stream", description="The file"
    )
    @blueprint.alt_response(206, description="The part of a stored file that Range asks for", success=True)
    @blueprint.alt_response(304, description="The file that If-None-Match names is still the one", success=True)
    def get(self, query: dict[str, Any], key: str) -> Response:
        """Download a result. Stored files (parquet, zip, html, raw, original) can be fetched in parts."""
        found = download.open_download(
            installation(),
            actor(),
            key,
            query.get("format"),
            bom=query["bom"],
            excel_safe=query["excel_safe"],
            columns=_names(query.get("columns")),
            filter=query.get("filter"),
        )
        return send(found)


def send(found: download.Download) -> Response:
    """A download as the answer to this request: whole, the part that was asked for, or that it has not changed."""
    is_stored = found.size is not None
    tag = found.etag if is_stored else packed_tag(found.etag, found.media_type)
    if not is_resource_modified(request.environ, etag=tag, ignore_if_range=True):
        answer = Response(status=304)
    elif found.size is not None and found.read is not None:
        answer = _stored(found, found.size)
    else:
        answer = Response(found.chunks, mimetype=None, content_type=found.media_type)
    answer.headers["ETag"] = quote_etag(tag)
    if not is_stored:
        answer.vary.add("Accept-Encoding")
    answer.headers["Content-Disposition"] = download.disposition(found.filename)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _SANDBOX
    return answer


def _stored(found: download.Download, size: int) -> Response:
    """All of a stored file, or the one stretch of it that was asked for."""
    assert found.read is not None  # noqa: S101 - tells the type checker
    start, end, status = 0, size, 200
    wanted = request.range
    is_same = request.if_range.etag in (None, found.etag) and request.if_range.date is None
    if wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1 and is_same:
        span = wanted.range_for_length(size)
        if span is None:
            raise RequestedRangeNotSatisfiable(size)
        start, end, status = span[0], span[1], 206
    chunks = found.read(start, end) if status == 206 else found.chunks
    answer = Response(chunks, status, content_type=found.media_type)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.content_length = end - start
    if status == 206:
        answer.content_range = ContentRange("bytes", start, end, size)
    return answer
