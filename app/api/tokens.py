"""The actor's own tokens."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.domain.user import Token
from app.services import token as tokens

blueprint = Blueprint("tokens", "Your own tokens. A token is shown once, when it is made.")
blueprints = (blueprint,)


_READABLE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"


class TokenSchema(Schema):
    """A token, without its secret."""

    id = ma.fields.Integer()
    name = ma.fields.String()
    read_only = ma.fields.Boolean()
    created = ma.fields.AwareDateTime()
    expires = ma.fields.AwareDateTime(allow_none=True)
    last_used = ma.fields.AwareDateTime(allow_none=True)
    calls = ma.fields.Integer(metadata={"description": "How often it has been used"})


class NewTokenSchema(TokenSchema):
    """A token that has just been made, with its secret."""

    token = ma.fields.String(metadata={"description": "The secret. It cannot be seen again."})


class TokenRequestSchema(Schema):
    """What token to make."""

    name = ma.fields.String(
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "A name to recognise it by", "pattern": _READABLE, "example": "notebook"},
    )
    read_only = ma.fields.Boolean(load_default=False)
    days = ma.fields.Integer(
        load_default=tokens.YEAR,
        allow_none=True,
        validate=validate.Range(1, tokens.LONGEST),
        metadata={"description": "How long it is valid; null is for ever"},
    )


@blueprint.route("/tokens")
class Tokens(MethodView):
    """All of them."""

    @blueprint.response(200, TokenSchema(many=True))
    def get(self) -> list[Token]:
        """List your tokens, newest first."""
        return tokens.list_tokens(installation(), actor())

    @blueprint.arguments(TokenRequestSchema)
    @blueprint.response(201, NewTokenSchema)
    def post(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Make a token."""
        made, secret = tokens.create_token(installation(), actor(), **wanted)
        return {**vars(made), "token": secret}


@blueprint.route("/tokens/<int:token_id>")
class OneToken(MethodView):
    """One of them."""

    @blueprint.response(204)
    def delete(self, token_id: int) -> None:
        """Revoke a token: it is not valid any more from now on."""
        tokens.revoke_token(installation(), actor(), token_id)
