"""Uploads that go on where a connection broke: the protocol tus 1.0, with creation, termination, expiration, checksum.

See https://tus.io/protocols/resumable-upload. What has come in becomes a dataset by `POST /api/datasets` with its id.
"""

from __future__ import annotations

import base64
import binascii
from email.utils import format_datetime
from typing import Any, BinaryIO, cast

import marshmallow as ma
from flask import Response, request, url_for
from flask.views import MethodView
from marshmallow import validate
from werkzeug.exceptions import ClientDisconnected, PreconditionFailed, UnsupportedMediaType

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.plugins.validation import check_json
from app.services import resume_upload as uploads
from app.services.import_file import importing_source
from app.services.resume_upload import Checksum, Received
from app.services.upload import preview_upload

blueprint = Blueprint("uploads", "Files in chunks, which go on where a connection broke (tus 1.0).")
blueprints = (blueprint,)

_VERSION = "1.0.0"
_CHUNK = "application/offset+octet-stream"
_MOST = 2**63 - 1
_BODY = {"content": {_CHUNK: {"schema": {"type": "string", "format": "binary"}}}}


class _Headers(Schema):
    version = ma.fields.String(
        data_key="Tus-Resumable", load_default=_VERSION, metadata={"example": _VERSION, "description": "The protocol"}
    )


class BeginHeaders(_Headers):
    """What file will come."""

    length = ma.fields.Integer(
        data_key="Upload-Length",
        required=True,
        validate=validate.Range(0, _MOST),
        metadata={"description": "How many bytes it has"},
    )
    about = ma.fields.String(
        data_key="Upload-Metadata",
        load_default="",
        metadata={"description": "`filename` and its name in Base64", "example": "filename cG9zdHMuY3N2"},
    )


class PreviewQuerySchema(Schema):
    """How to read a file."""

    datasource = ma.fields.String(load_default="upload")
    parameters = ma.fields.Dict(load_default=dict, metadata={"description": "As for POST /api/datasets"})


class PreviewSchema(Schema):
    """What is in a file, read so."""

    class Meta:
        """Other data sources may tell more."""

        unknown = ma.INCLUDE

    described = ma.fields.String(metadata={"description": "What was detected, in words"})
    format = ma.fields.String(metadata={"description": "csv, xlsx, json or ndjson"})
    dialect = ma.fields.Dict(metadata={"description": "Delimiter, encoding, sheet: what was detected or chosen"})
    columns = ma.fields.List(ma.fields.String())
    rows = ma.fields.List(ma.fields.List(ma.fields.Raw()), metadata={"description": "The first ones"})
    guess = ma.fields.Dict(metadata={"description": "Which column each option of `parameters` would be"})
    preset = ma.fields.String(metadata={"description": "Whose export it was recognised as; empty for none"})
    preset_title = ma.fields.String()
    problems = ma.fields.List(ma.fields.Raw(), metadata={"description": "Rows that cannot be read, the first 50"})
    problem_count = ma.fields.Integer()
    replaced_count = ma.fields.Integer(metadata={"description": "Of these, lines that are kept, with � in them"})
    is_whole = ma.fields.Boolean(metadata={"description": "Whether all of the file was looked at, not its beginning"})
    wrong = ma.fields.Dict(metadata={"description": "What the first rows say against `parameters`, by their names"})
    rows_estimated = ma.fields.Integer(allow_none=True)
    size = ma.fields.Integer(metadata={"description": "In bytes"})


class ChunkHeaders(_Headers):
    """Which bytes of it come now."""

    offset = ma.fields.Integer(
        data_key="Upload-Offset",
        required=True,
        validate=validate.Range(0, _MOST),
        metadata={"description": "How many bytes the server has already"},
    )
    checksum = ma.fields.String(
        data_key="Upload-Checksum",
        metadata={"description": "md5, sha1 or sha256 and the checksum of this chunk in Base64"},
    )


class _UntilItBreaks:
    """The body of this request; when the connection breaks off it just ends, for what has come in counts."""

    def __init__(self) -> None:
        self._stream = request.stream

    def read(self, size: int = -1) -> bytes:
        """What has come in, `size` bytes at most; nothing at the end."""
        try:
            return self._stream.read(size)
        except (ClientDisconnected, OSError):
            return b""


@blueprint.before_request
def _require_version() -> None:
    """Refuse a client that speaks another version. :raises PreconditionFailed: when it does"""
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable", _VERSION) != _VERSION:
        raise PreconditionFailed(
            f"This server speaks version {_VERSION} of the protocol: send Tus-Resumable: {_VERSION}."
        )


@blueprint.after_request
def _say_version(answer: Response) -> Response:
    answer.headers["Tus-Resumable"] = _VERSION
    if answer.status_code == 412:
        answer.headers["Tus-Version"] = _VERSION
    return answer


def _progress(found: Received, status: int) -> Response:
    """An answer without a body: how far an upload is, and when it is given up."""
    answer = Response(status=status)
    answer.headers["Upload-Offset"] = str(found.offset)
    answer.headers["Cache-Control"] = "no-store"
    if found.expires:
        answer.headers["Upload-Expires"] = format_datetime(found.expires, usegmt=True)
    return answer


def _filename(about: str) -> str:
    """The name of the file, of all that a client says of it. :raises InvalidInput: when it cannot be read"""
    for pair in about.split(","):
        name, _, value = pair.strip().partition(" ")
        if name in ("filename", "name"):
            try:
                return base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise InvalidInput(
                    {"Upload-Metadata": [say("Send the name of the file in Base64, as UTF-8.")]}
                ) from None
    return "upload"


def _checksum(given: str | None) -> Checksum | None:
    if not given:
        return None
    algorithm, _, value = given.strip().partition(" ")
    try:
        if algorithm in uploads.ALGORITHMS:
            return Checksum(algorithm, base64.b64decode(value, validate=True))
    except binascii.Error:
        pass
    raise InvalidInput(
        {
            "Upload-Checksum": [
                say("Send {algorithms} and the checksum in Base64.", algorithms=", ".join(uploads.ALGORITHMS))
            ]
        }
    )


def _receive(upload_id: str, offset: int, checksum: str | None = None) -> Received:
    stream = cast(BinaryIO, _UntilItBreaks())
    return uploads.receive(installation(), actor(), upload_id, offset, stream, _checksum(checksum))


@blueprint.route("/uploads")
class Uploads(MethodView):
    """Beginning."""

    counts_as = "upload"

    @blueprint.response(204, description="What this server can do, in its headers")
    def options(self) -> Response:
        """Show the version, the extensions and the largest file."""
        answer = Response(status=204)
        answer.headers["Tus-Version"] = _VERSION
        answer.headers["Tus-Extension"] = "creation,creation-with-upload,termination,expiration,checksum"
        answer.headers["Tus-Checksum-Algorithm"] = ",".join(uploads.ALGORITHMS)
        answer.headers["Tus-Max-Size"] = str(installation().settings.max_upload_mb * 1024**2)
        return answer

    @blueprint.arguments(BeginHeaders, location="headers")
    @blueprint.response(201, description="`Location` is where to send the file")
    @blueprint.alt_response(412, description="This server speaks another version of the protocol", success=False)
    @blueprint.doc(requestBody=_BODY)
    def post(self, wanted: dict[str, Any]) -> Response:
        """Begin to send a file; its first bytes may come at once."""
        found = uploads.begin_upload(installation(), actor(), _filename(wanted["about"]), wanted["length"])
        if request.mimetype == _CHUNK:
            found = _receive(found.id, 0)
        answer = _progress(found, 201)
        answer.headers["Location"] = url_for("api-uploads.OneUpload", upload_id=found.id, _external=True)
        return answer


@blueprint.route("/uploads/<string:upload_id>")
class OneUpload(MethodView):
    """Going on. There are many chunks of a file, so they count as the cheapest kind."""

    counts_as = "read"

    @blueprint.response(200, description="How far it is, in `Upload-Offset`")
    def head(self, upload_id: str) -> Response:
        """Ask how many bytes of a file have come in."""
        found = uploads.upload_state(installation(), actor(), upload_id)
        answer = _progress(found, 200)
        answer.headers["Upload-Length"] = str(found.length)
        answer.headers["Upload-Metadata"] = f"filename {base64.b64encode(found.filename.encode()).decode()}"
        return answer

    @blueprint.arguments(ChunkHeaders, location="headers")
    @blueprint.response(204, description="How far it is now, in `Upload-Offset`")
    @blueprint.alt_response(409, description="It is at another offset", success=False)
    @blueprint.alt_response(412, description="This server speaks another version of the protocol", success=False)
    @blueprint.alt_response(460, description="The checksum is another one; nothing of this chunk counts", success=False)
    @blueprint.doc(requestBody=_BODY)
    def patch(self, wanted: dict[str, Any], upload_id: str) -> Response:
        """Send the next bytes of a file, as many as you like. What has come in counts, even if the rest does not."""
        if request.mimetype != _CHUNK:
            refusal: Any = UnsupportedMediaType()
            refusal.data = {"messages": {"headers": {"Content-Type": [f"Send the bytes as {_CHUNK}."]}}}
            raise refusal
        return _progress(_receive(upload_id, wanted["offset"], wanted.get("checksum")), 204)

    @blueprint.response(204)
    def delete(self, upload_id: str) -> None:
        """Give an upload up."""
        uploads.drop_upload(installation(), actor(), upload_id)


@blueprint.route("/uploads/<string:upload_id>/preview")
class Preview(MethodView):
    """Looking into it."""

    @blueprint.arguments(PreviewQuerySchema)
    @blueprint.response(200, PreviewSchema)
    def post(self, wanted: dict[str, Any], upload_id: str) -> dict[str, Any]:
        """Show what is in a file that has all come in, before a dataset is made of it: nothing is changed."""
        ctx, source = installation(), wanted["datasource"]
        check_json(importing_source(ctx, source).Options, wanted["parameters"])
        upload = uploads.whole_upload(ctx, actor(), upload_id)
        return preview_upload(ctx, actor(), upload.id, wanted["parameters"], source)
