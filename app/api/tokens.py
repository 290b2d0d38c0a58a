"""The actor's own tokens, and for administrators everybody's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.services import token as tokens

blueprint = Blueprint("tokens", "Tokens. A token is shown once, when it is made.")
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
    owner = ma.fields.String(metadata={"description": "Whose it is"})


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
        allow_none=True,
        metadata={
            "minimum": 1,
            "maximum": tokens.LONGEST,
            "description": "How long it is valid; null is for ever, where that is allowed. A year unless said",
        },
    )


class TokensQuery(Query):
    """Whose tokens."""

    everyone = ma.fields.Boolean(load_default=False, metadata={"description": "Those of all users (administrators)"})
    q = ma.fields.String(metadata={"description": "With `everyone`: part of a name or of an owner's name"})
    cursor = paging.cursor()
    limit = paging.limit(200, 1000)


@blueprint.route("/tokens")
class Tokens(MethodView):
    """All of them."""

    shown_once = ("token",)

    @blueprint.arguments(TokensQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, TokenSchema(many=True))
    def get(self, query: dict[str, Any]) -> Any:
        """List your tokens, newest first; administrators those of all users."""
        ctx, who, most = installation(), actor(), query["limit"]
        page = {"before": query.get("cursor"), "limit": most + 1}
        if query["everyone"]:
            found = tokens.list_everyones(ctx, who, text=query.get("q", ""), **page)
        else:
            found = [replace(token, owner=who.name) for token in tokens.list_tokens(ctx, who, **page)]
        return paging.one_page(found, most, lambda token: token.id)

    @blueprint.arguments(TokenRequestSchema)
    @blueprint.response(201, NewTokenSchema)
    def post(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Make a token."""
        ctx, who = installation(), actor()
        made, secret = tokens.create_token(ctx, who, **{"days": tokens.usual_days(ctx, who), **wanted})
        return {**vars(made), "owner": who.name, "token": secret}


@blueprint.route("/tokens/<int:token_id>")
class OneToken(MethodView):
    """One of them."""

    @blueprint.response(204)
    def delete(self, token_id: int) -> None:
        """Revoke a token: it is not valid any more from now on. Administrators revoke anybody's."""
        tokens.revoke_token(installation(), actor(), token_id)
