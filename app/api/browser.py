"""What the browser extension Zeeschuimer asks: send posts in, and look how far their import is.

It signs in by the cookie of this site and knows no CSRF token. What protects the upload against other sites instead:
only pages of this site and of extensions may send it, told by `Origin`, and the header with the platform, which no form
can send.
"""

from __future__ import annotations

from typing import Any, BinaryIO, cast

import marshmallow as ma
from flask import Response, request
from flask.views import MethodView
from marshmallow import validate
from werkzeug.exceptions import HTTPException

from app.api.auth import actor, bearer_token, find_actor, installation, is_extension, is_foreign
from app.api.base import Blueprint, Query, Schema
from app.domain.errors import InvalidInput, NotAllowed
from app.domain.texts import say
from app.services.dataset import PSEUDONYMISE, get_dataset
from app.services.platform_import import import_platform

_CHUNK = 1 << 20
_PLATFORM = "X-Zeeschuimer-Platform"
_RECORD = '{"nav_index": 1, "item_id": "1", "timestamp_collected": 1769860800000, "data": {"id": "1"}}\n'


def let_in() -> Response | None:
    """Let in who has signed in or sends a token, but no other web site; answer what browsers ask beforehand."""
    if request.method == "OPTIONS":
        return Response(status=204)
    if bearer_token() is None and request.method == "POST" and is_foreign():
        raise NotAllowed(say("Another web site may not send posts on behalf of a signed-in browser."))
    if find_actor() is None:
        raise NotAllowed(say("Sign in to 4CAT in this browser first, or send a token."))
    return None


blueprint = Blueprint("browser", "What the browser extension Zeeschuimer sends.", guard=let_in)
blueprints = (blueprint,)


@blueprint.after_request
def answer_extensions(answer: Response) -> Response:
    """Let extensions read the answer, and take in the rest of a refused body: who still sends cannot read a refusal."""
    origin = request.headers.get("Origin", "")
    answer.headers.add("Vary", "Origin")
    if is_extension(origin):
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Credentials"] = "true"
        answer.headers["Access-Control-Allow-Headers"] = f"Content-Type, Authorization, {_PLATFORM}"
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    if answer.status_code >= 400 and request.method == "POST":
        _drain()
    return answer


def _drain() -> None:
    try:
        while request.stream.read(_CHUNK):
            pass
    except (HTTPException, OSError):
        return


class ImportQuery(Query):
    """What to do with names."""

    pseudonymise = ma.fields.String(load_default="none", validate=validate.OneOf(list(PSEUDONYMISE)))


class QueuedSchema(Schema):
    """A dataset that has been asked for."""

    status = ma.fields.String(metadata={"enum": ["queued"]})
    key = ma.fields.String()
    url = ma.fields.String(metadata={"description": "Its page"})


class CheckQuery(Query):
    """Which dataset."""

    key = ma.fields.String(required=True, validate=validate.Length(min=1, error="Say which dataset."))


class CheckSchema(Schema):
    """How far a dataset is."""

    key = ma.fields.String()
    done = ma.fields.Boolean(metadata={"description": "Whether nothing more will happen to it"})
    status = ma.fields.String(metadata={"description": "How it goes or went, in a sentence"})
    rows = ma.fields.Integer()
    progress = ma.fields.Integer(metadata={"description": "Percent"})
    empty = ma.fields.Boolean()
    label = ma.fields.String()
    datasource = ma.fields.String(allow_none=True)
    url = ma.fields.String(metadata={"description": "Its page"})


def _page(key: str) -> str:
    return f"{request.host_url}datasets/{key}"


@blueprint.route("/import-dataset/")
class ImportDataset(MethodView):
    """Sending posts in."""

    counts_as = "upload"

    @blueprint.arguments(ImportQuery, location="query", unknown=ma.EXCLUDE)
    @blueprint.response(200, QueuedSchema)
    @blueprint.doc(
        parameters=[
            {
                "in": "header",
                "name": _PLATFORM,
                "required": True,
                "schema": {"type": "string"},
                "description": "Where the posts are from, such as tiktok.com",
            }
        ],
        requestBody={"required": True, "content": {"application/x-ndjson": {"schema": {}, "example": _RECORD}}},
    )
    def post(self, query: dict[str, Any]) -> dict[str, Any]:
        """Make a dataset of posts that Zeeschuimer has collected: the body is NDJSON."""
        platform = request.headers.get(_PLATFORM)
        if platform is None:
            raise InvalidInput({_PLATFORM: [say("Say in this header where the posts are from, such as tiktok.com.")]})
        made = import_platform(installation(), actor(), platform, cast(BinaryIO, request.stream), query["pseudonymise"])
        return {"status": "queued", "key": made.key, "url": _page(made.key)}


@blueprint.route("/check-query/")
class CheckImport(MethodView):
    """Looking how far it is."""

    @blueprint.arguments(CheckQuery, location="query", unknown=ma.EXCLUDE)
    @blueprint.response(200, CheckSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Say how far a dataset is, as Zeeschuimer asks every second."""
        found = get_dataset(installation(), actor(), query["key"])
        is_done = found.status.is_ended
        return {
            "key": found.key,
            "done": is_done,
            "status": found.message,
            "rows": found.rows or 0,
            "progress": 100 if is_done else int((found.progress or 0) * 100),
            "empty": is_done and not found.rows,
            "label": found.label,
            "datasource": found.datasource,
            "url": _page(found.key),
        }
