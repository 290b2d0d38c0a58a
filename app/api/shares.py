"""With whom a dataset is shared."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.domain.share import Role
from app.services import share as shares

blueprint = Blueprint("shares", "With whom datasets are shared.")
blueprints = (blueprint,)

_ROLES = [str(role) for role in Role]


class ShareSchema(Schema):
    """One person, or all who have a tag, and what they may do."""

    user = ma.fields.String(allow_none=True, metadata={"description": "A name; null if it is shared with a tag"})
    tag = ma.fields.String(allow_none=True)
    role = ma.fields.String(metadata={"enum": _ROLES})
    since = ma.fields.AwareDateTime()


class SharesSchema(Schema):
    """All with whom a dataset is shared."""

    shares = ma.fields.List(ma.fields.Nested(ShareSchema))


class NewShareSchema(Schema):
    """Whom to share with, either a user or a tag, and as what."""

    user = ma.fields.String(metadata={"description": "The name of a user"})
    tag = ma.fields.String(metadata={"description": "A tag: all who have it"})
    role = ma.fields.String(load_default=str(Role.VIEWER), validate=validate.OneOf(_ROLES))


class EndedShareQuery(Query):
    """Whose share ends: either a user or a tag."""

    user = ma.fields.String()
    tag = ma.fields.String()


@blueprint.route("/datasets/<string:key>/shares")
class Shares(MethodView):
    """Sharing."""

    @blueprint.response(200, SharesSchema)
    def get(self, key: str) -> dict[str, Any]:
        """List with whom a capture, and all made from it, is shared besides its maker."""
        return {"shares": shares.list_shares(installation(), actor(), key)}

    @blueprint.arguments(NewShareSchema)
    @blueprint.response(200, SharesSchema)
    def put(self, wanted: dict[str, Any], key: str) -> dict[str, Any]:
        """Share a capture, and all made from it, with a user or a tag, or give them another role."""
        role = Role(wanted.pop("role"))
        return {"shares": shares.share_dataset(installation(), actor(), key, role, **wanted)}

    @blueprint.arguments(EndedShareQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, SharesSchema)
    def delete(self, wanted: dict[str, Any], key: str) -> dict[str, Any]:
        """Share it no longer with a user or a tag; what is left."""
        return {"shares": shares.unshare_dataset(installation(), actor(), key, **wanted)}
