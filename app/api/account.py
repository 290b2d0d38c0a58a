"""The actor's own account: who they are, what they use, and what they may use."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.services.owner_limit import own_usage

blueprint = Blueprint("account", "Your own account.")
blueprints = (blueprint,)


class AccountSchema(Schema):
    """Who asks, with what they have and may have."""

    name = ma.fields.String()
    email = ma.fields.String(allow_none=True)
    tags = ma.fields.List(ma.fields.String())
    is_admin = ma.fields.Boolean()
    read_only = ma.fields.Boolean(metadata={"description": "Whether this token may only read"})
    open_jobs = ma.fields.Integer(metadata={"description": "Your jobs that wait or run"})
    open_jobs_limit = ma.fields.Integer(allow_none=True, metadata={"description": "How many you may have; null is any"})
    stored_bytes = ma.fields.Integer(metadata={"description": "What your results and uploads take in storage"})
    stored_bytes_limit = ma.fields.Integer(
        allow_none=True,
        metadata={"description": "Beyond this nothing more can be asked for; null is any"},
    )


@blueprint.route("/account")
class Account(MethodView):
    """The account."""

    @blueprint.response(200, AccountSchema)
    def get(self) -> dict[str, Any]:
        """Show who you are, what you use, and what you may use."""
        user = actor()
        found = own_usage(installation(), user)
        return {
            "name": user.name,
            "email": user.email,
            "tags": user.tags,
            "is_admin": user.is_admin,
            "read_only": user.read_only,
            "open_jobs": found.open_jobs,
            "open_jobs_limit": found.limits.open_jobs,
            "stored_bytes": found.stored_bytes,
            "stored_bytes_limit": found.limits.stored_bytes,
        }
