"""The same done to many datasets or users at once: to each by itself, so that one that refuses holds up no other."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.domain.share import Role
from app.services import bulk, dataset_admin, user_bulk
from app.services.each import Outcome
from app.services.mail import link_to
from app.services.user_table import make_users

blueprint = Blueprint("bulk", "The same done to many datasets or users at once.")
blueprints = (blueprint,)

_MOST_USERS = 500


class DatasetsActionSchema(Schema):
    """What to do to which datasets."""

    keys = ma.fields.List(ma.fields.String(), required=True, validate=validate.Length(1, bulk.MOST))
    action = ma.fields.String(
        required=True,
        validate=validate.OneOf([*bulk.ACTIONS, "owner"]),
        metadata={
            "description": "`delete` can be undone with `restore`, `purge` cannot; `owner` is for administrators"
        },
    )
    tags = ma.fields.List(ma.fields.String(), load_default=list, metadata={"description": "For `tag`: to be added"})
    names = ma.fields.List(
        ma.fields.String(), load_default=list, metadata={"description": "For `share`: users, or tag:NAME for a tag"}
    )
    role = ma.fields.String(load_default=str(Role.VIEWER), validate=validate.OneOf([str(role) for role in Role]))
    owner = ma.fields.String(load_default="", metadata={"description": "For `owner`: the name of who gets them"})


class _DoneSchema(Schema):
    refused = ma.fields.Integer(metadata={"description": "How many are as they were"})
    problems = ma.fields.List(ma.fields.String(), metadata={"description": "Why, each reason once"})


class DatasetsDoneSchema(_DoneSchema):
    """What came of it."""

    done = ma.fields.List(ma.fields.String(), metadata={"description": "The keys of those with which it worked"})


class UsersActionSchema(Schema):
    """What to do to which users."""

    users = ma.fields.List(ma.fields.Integer(), required=True, validate=validate.Length(1, _MOST_USERS))
    action = ma.fields.String(required=True, validate=validate.OneOf(list(user_bulk.ACTIONS)))
    tag = ma.fields.String(load_default="", metadata={"description": "For `tag` and `untag`"})


class UsersDoneSchema(_DoneSchema):
    """What came of it."""

    done = ma.fields.List(ma.fields.Integer(), metadata={"description": "The numbers of those with which it worked"})


class UsersTableSchema(Schema):
    """Users to make."""

    table = ma.fields.String(
        required=True,
        metadata={
            "description": "CSV with the columns name, and if wanted email, tags (with spaces between), password,"
            " notes and expires (the last day)",
            "example": "name,email,tags\nnina,nina@example.org,students",
        },
    )


class MadeLineSchema(Schema):
    """What became of one line."""

    line = ma.fields.Integer(metadata={"description": "That with the names of the columns is 1"})
    name = ma.fields.String()
    link = ma.fields.String(allow_none=True, metadata={"description": "To hand over; null if it was sent by mail"})
    problem = ma.fields.String(metadata={"description": "Why no user was made; empty if one was"})


@blueprint.route("/datasets/bulk")
class ManyDatasets(MethodView):
    """Datasets."""

    @blueprint.arguments(DatasetsActionSchema)
    @blueprint.response(200, DatasetsDoneSchema)
    def post(self, wanted: dict[str, Any]) -> Outcome[str]:
        """Mark, share, delete or bring back many datasets; administrators may give them to another owner."""
        ctx, who, keys, action = installation(), actor(), wanted["keys"], wanted["action"]
        if action == "owner":
            return dataset_admin.do_to_datasets(ctx, who, keys, action, wanted["owner"])
        role = Role(wanted["role"])
        return bulk.do_to_all(ctx, who, keys, action, tags=wanted["tags"], names=wanted["names"], role=role)


@blueprint.route("/users/bulk")
class ManyUsers(MethodView):
    """Users."""

    @blueprint.arguments(UsersActionSchema)
    @blueprint.response(200, UsersDoneSchema)
    def post(self, wanted: dict[str, Any]) -> Outcome[int]:
        """Switch many users on or off, give or take a tag, or delete them with their datasets. For administrators."""
        return user_bulk.do_to_users(installation(), actor(), wanted["users"], wanted["action"], wanted["tag"])


@blueprint.route("/users/table")
class UsersTable(MethodView):
    """Users from a table."""

    @blueprint.arguments(UsersTableSchema)
    @blueprint.response(200, MadeLineSchema(many=True))
    def post(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """Make a user of each line of a table; a line that will not do holds up no other. For administrators."""
        ctx = installation()
        return [
            {**asdict(one), "link": link_to(ctx, one.path) if one.path else None}
            for one in make_users(ctx, actor(), wanted["table"])
        ]
