"""The actor's own account: who they are, what they use and may use, and what of that they change."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, bearer_token, installation
from app.api.base import Blueprint, Schema
from app.api.body import require_change
from app.domain.user import User
from app.services import own_account
from app.services.owner_limit import own_usage
from app.services.person_setting import rights_of
from app.services.user import THEMES
from app.sessions import remember

blueprint = Blueprint("account", "Your own account.")
blueprints = (blueprint,)


class AccountSchema(Schema):
    """Who asks, with what they have and may have."""

    name = ma.fields.String()
    email = ma.fields.String(allow_none=True)
    tags = ma.fields.List(ma.fields.String())
    is_admin = ma.fields.Boolean()
    rights = ma.fields.List(ma.fields.String(), metadata={"description": "What you may do, such as `capture`"})
    theme = ma.fields.String(metadata={"enum": list(THEMES), "description": "How pages look"})
    time_zone = ma.fields.String(metadata={"description": "In which pages show times; empty is the browser's"})
    language = ma.fields.String(metadata={"description": "Of pages and mails; empty is the browser's, and English"})
    read_only = ma.fields.Boolean(metadata={"description": "Whether this token may only read"})
    open_jobs = ma.fields.Integer(metadata={"description": "Your jobs that wait or run"})
    open_jobs_limit = ma.fields.Integer(allow_none=True, metadata={"description": "How many you may have; null is any"})
    stored_bytes = ma.fields.Integer(metadata={"description": "What your results and uploads take in storage"})
    stored_bytes_limit = ma.fields.Integer(
        allow_none=True,
        metadata={"description": "Beyond this nothing more can be asked for; null is any"},
    )


class LooksSchema(Schema):
    """How pages look; what is not sent stays."""

    theme = ma.fields.String(metadata={"enum": list(THEMES)})
    time_zone = ma.fields.String(metadata={"example": "Europe/Amsterdam"})
    language = ma.fields.String(metadata={"example": "en", "description": "One that there is a catalogue of"})


class ProfileSchema(Schema):
    """Who you are; what is not sent stays."""

    present = ma.fields.String(required=True, metadata={"description": "Your password"})
    name = ma.fields.String(metadata={"description": "What you sign in with"})
    email = ma.fields.String(metadata={"description": "Where mail goes; empty is nowhere"})


class PasswordSchema(Schema):
    """A new password."""

    present = ma.fields.String(required=True, metadata={"description": "The one that counts until now"})
    password = ma.fields.String(required=True)


@blueprint.route("/account")
class Account(MethodView):
    """The account."""

    @blueprint.response(200, AccountSchema)
    def get(self) -> dict[str, Any]:
        """Show who you are, what you use, and what you may use."""
        return _shown(actor())

    @blueprint.arguments(LooksSchema)
    @blueprint.response(200, AccountSchema)
    def patch(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Change how pages look."""
        require_change(LooksSchema, wanted)
        return _shown(own_account.change_own_looks(installation(), actor(), **wanted))


@blueprint.route("/account/profile")
class Profile(MethodView):
    """Name and address."""

    counts_as = "sign_in"

    @blueprint.arguments(ProfileSchema)
    @blueprint.response(200, AccountSchema)
    def patch(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Change your name and e-mail address, with your password."""
        require_change(ProfileSchema, wanted, besides=("present",))
        return _shown(own_account.change_own_profile(installation(), actor(), **wanted))


@blueprint.route("/account/password")
class Password(MethodView):
    """The password."""

    counts_as = "sign_in"

    @blueprint.arguments(PasswordSchema)
    @blueprint.response(204)
    def put(self, wanted: dict[str, str]) -> None:
        """Change your password. Wherever you are signed in, you are signed out; tokens go on working."""
        changed = own_account.change_own_password(installation(), actor(), wanted["present"], wanted["password"])
        if bearer_token() is None:
            remember(changed)  # this session goes on


def _shown(user: User) -> dict[str, Any]:
    found = own_usage(installation(), user)
    return {
        "name": user.name,
        "email": user.email,
        "tags": user.tags,
        "is_admin": user.is_admin,
        "rights": sorted(rights_of(installation(), user)),
        "theme": user.theme,
        "time_zone": user.time_zone,
        "language": user.language,
        "read_only": user.read_only,
        "open_jobs": found.open_jobs,
        "open_jobs_limit": found.limits.open_jobs,
        "stored_bytes": found.stored_bytes,
        "stored_bytes_limit": found.limits.stored_bytes,
    }
