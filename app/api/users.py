"""Users and their tags, for administrators."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView
from marshmallow import validate

from app.api import paging
from app.api.auth import actor, installation
from app.api.base import Blueprint, Query, Schema
from app.api.body import require_change
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.services import user_admin, user_tag
from app.services.mail import link_to
from app.services.password_link import give_link
from app.services.person_setting import Whose, change_person_settings, list_person_settings, order_tags, sort_tags
from app.services.user_admin import Listed
from app.services.user_delete import delete_user
from app.storage.user_list import SORTS, Wanted, is_place, place_of

blueprint = Blueprint("users", "Users, their tags, and what one may have and do. For administrators.")
blueprints = (blueprint,)

_LAST_DAY = {"example": "2027-01-31", "description": "After this day the account is switched off; empty is never"}


class UserSchema(Schema):
    """A user."""

    id = ma.fields.Integer(attribute="user.id")
    name = ma.fields.String(attribute="user.name")
    email = ma.fields.String(attribute="user.email", allow_none=True)
    tags = ma.fields.List(ma.fields.String(), attribute="user.tags")
    notes = ma.fields.String()
    is_admin = ma.fields.Boolean(attribute="user.is_admin")
    is_active = ma.fields.Boolean(attribute="user.is_active")
    has_password = ma.fields.Boolean()
    created = ma.fields.AwareDateTime(attribute="user.created")
    last_seen = ma.fields.AwareDateTime(attribute="user.last_seen", allow_none=True)
    expires = ma.fields.Date(attribute="user.expires", allow_none=True, metadata={"description": "The last day"})
    datasets = ma.fields.Integer(metadata={"description": "Captures that are theirs"})
    stored_bytes = ma.fields.Integer()
    open_jobs = ma.fields.Integer()
    is_leaving = ma.fields.Boolean(metadata={"description": "Whether the account is being deleted with its datasets"})


class UsersSchema(Schema):
    """A page of users."""

    users = ma.fields.List(ma.fields.Nested(UserSchema))
    total = ma.fields.Integer(metadata={"description": "How many fit"})
    next = ma.fields.String(allow_none=True, metadata={"description": "The cursor of the next page; null at the end"})


class UsersQuery(Query):
    """Which users."""

    q = ma.fields.String(load_default="", metadata={"description": "Part of the name, the address or the notes"})
    tag = ma.fields.String(load_default="")
    state = ma.fields.String(load_default="", validate=validate.OneOf(["", "on", "off", "admin"]))
    sort = ma.fields.String(load_default="name", validate=validate.OneOf(list(SORTS)))
    cursor = paging.place()
    limit = paging.limit(50, 500)


class NewUserSchema(Schema):
    """A user to make."""

    name = ma.fields.String(required=True)
    email = ma.fields.String(load_default="")
    password = ma.fields.String(load_default=None, allow_none=True)
    tags = ma.fields.List(ma.fields.String(), load_default=list)
    is_admin = ma.fields.Boolean(load_default=False)
    notes = ma.fields.String(load_default="")
    expires = ma.fields.String(load_default="", metadata=_LAST_DAY)


class MadeUserSchema(UserSchema):
    """A user that has just been made."""

    link = ma.fields.String(
        allow_none=True,
        metadata={"description": "The page to choose a password, to hand over; null if it was sent by mail"},
    )


class UserChangeSchema(Schema):
    """What to change; what is not sent stays."""

    name = ma.fields.String()
    email = ma.fields.String()
    notes = ma.fields.String()
    tags = ma.fields.List(ma.fields.String())
    is_admin = ma.fields.Boolean()
    is_active = ma.fields.Boolean()
    expires = ma.fields.String(metadata=_LAST_DAY)


class DeleteQuery(Query):
    """What happens to the datasets."""

    heir = ma.fields.String(
        load_default=None, metadata={"description": "The name of who gets them; without it they are deleted"}
    )


class LinkSchema(Schema):
    """A link to hand over."""

    link = ma.fields.String(
        allow_none=True,
        metadata={"description": "The page to choose a password; works once, for a week. Null: sent by mail"},
    )


class TagSchema(Schema):
    """A tag."""

    tag = ma.fields.String()
    users = ma.fields.Integer(metadata={"description": "How many have it"})


class TagOrderSchema(Schema):
    """Tags, the one that counts most first."""

    order = ma.fields.List(ma.fields.String(), required=True)


class PersonSettingSchema(Schema):
    """Something that is set for one user or tag."""

    name = ma.fields.String()
    value = ma.fields.Raw(attribute="own", allow_none=True, metadata={"description": "Null if nothing is set here"})
    otherwise = ma.fields.Raw(attribute="otherwise.value", metadata={"description": "What counts then"})
    origin = ma.fields.String(
        attribute="otherwise.origin", metadata={"description": "Where that comes from: tag, everybody or default"}
    )
    help = ma.fields.String(attribute="rule.help")


def _shown(listed: Listed, path: str | None = None) -> dict[str, Any]:
    return {**vars(listed), "link": _link(path) if path else None}


def _link(path: str) -> str:
    return link_to(installation(), path)


@blueprint.route("/users")
class Users(MethodView):
    """All of them."""

    @blueprint.arguments(UsersQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(200, UsersSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """List users, with what they have."""
        cursor, limit = query.pop("cursor", None), query.pop("limit")
        after = tuple(paging.read_place(cursor, (str, int))) if cursor else None
        if after and not is_place(after, query["sort"]):
            raise paging.wrong_place()
        wanted = Wanted(words=query.pop("q").strip(), after=after, **query)
        found, total = user_admin.list_users(installation(), actor(), wanted, limit + 1)
        last = place_of(found[limit - 1].user, wanted.sort) if len(found) > limit else None
        following, headers = paging.next_place(last)
        return {"users": found[:limit], "total": total, "next": following}, 200, headers

    @blueprint.arguments(NewUserSchema)
    @blueprint.response(201, MadeUserSchema)
    def post(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Make a user; without a password they get a link to choose one."""
        ctx, who = installation(), actor()
        made, path = user_admin.make_user(ctx, who, wanted.pop("name"), tags=tuple(wanted.pop("tags")), **wanted)
        return _shown(user_admin.get_listed(ctx, who, made.id), path)


@blueprint.route("/users/<int:user_id>")
class OneUser(MethodView):
    """One of them."""

    @blueprint.response(200, UserSchema)
    def get(self, user_id: int) -> Listed:
        """Show a user, with what they have."""
        return user_admin.get_listed(installation(), actor(), user_id)

    @blueprint.arguments(UserChangeSchema)
    @blueprint.response(200, UserSchema)
    def patch(self, wanted: dict[str, Any], user_id: int) -> Listed:
        """Change a user. Who is switched off is signed out, and their tokens rest."""
        ctx, who = installation(), actor()
        require_change(UserChangeSchema, wanted)
        user_admin.change_user(ctx, who, user_id, **wanted)
        return user_admin.get_listed(ctx, who, user_id)

    @blueprint.arguments(DeleteQuery, location="query", unknown=ma.RAISE)
    @blueprint.response(204)
    @blueprint.alt_response(202, description="Switched off; gone when a job has deleted the datasets")
    def delete(self, query: dict[str, Any], user_id: int) -> Any:
        """Delete a user, with their datasets unless somebody gets them; with datasets it is a job: see `is_leaving`."""
        is_gone = delete_user(installation(), actor(), user_id, heir=query["heir"])
        return None, 204 if is_gone else 202


@blueprint.route("/users/<int:user_id>/password-link")
class PasswordLink(MethodView):
    """A new password."""

    @blueprint.response(201, LinkSchema)
    def post(self, user_id: int) -> dict[str, str | None]:
        """Make a link with which a user chooses a new password; for some it is sent to them."""
        path = give_link(installation(), actor(), user_id)
        return {"link": _link(path) if path else None}


@blueprint.route("/users/<int:user_id>/settings")
class UserSettings(MethodView):
    """What one may have and do."""

    @blueprint.response(200, PersonSettingSchema(many=True))
    def get(self, user_id: int) -> Any:
        """List the limits and rights of a user, with what counts where nothing is set for them."""
        return list_person_settings(installation(), actor(), Whose(user_id=user_id))

    @blueprint.arguments(ma.Schema.from_dict({}, name="UserSettingsSchema")(unknown=ma.INCLUDE))
    @blueprint.response(200, PersonSettingSchema(many=True))
    def patch(self, wanted: dict[str, Any], user_id: int) -> Any:
        """Set limits and rights of a user by name; null lets those of their tags, or of everybody, count again."""
        return _change(Whose(user_id=user_id), wanted)


@blueprint.route("/tags")
class Tags(MethodView):
    """All of them."""

    @blueprint.response(200, TagSchema(many=True))
    def get(self) -> list[dict[str, Any]]:
        """List the tags of users, in the order in which their settings count."""
        return self._all()

    @blueprint.arguments(TagOrderSchema)
    @blueprint.response(200, TagSchema(many=True))
    def put(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """Set the order in which tags count for who has several: the settings of the first that says something hold."""
        order_tags(installation(), actor(), wanted["order"])
        return self._all()

    def _all(self) -> list[dict[str, Any]]:
        ctx = installation()
        found = user_tag.list_tags(ctx, actor())
        return [{"tag": tag, "users": found[tag]} for tag in sort_tags(list(found), ctx.site_settings())]


@blueprint.route("/tags/<string:tag>")
class OneTag(MethodView):
    """One of them."""

    @blueprint.response(204)
    def delete(self, tag: str) -> None:
        """Take a tag away from everybody."""
        user_tag.delete_tag(installation(), actor(), tag)


@blueprint.route("/tags/<string:tag>/settings")
class TagSettings(MethodView):
    """What those with a tag may have and do."""

    @blueprint.response(200, PersonSettingSchema(many=True))
    def get(self, tag: str) -> Any:
        """List the limits and rights of those with a tag."""
        return list_person_settings(installation(), actor(), Whose(tag=user_tag.read_tag(tag)))

    @blueprint.arguments(ma.Schema.from_dict({}, name="TagSettingsSchema")(unknown=ma.INCLUDE))
    @blueprint.response(200, PersonSettingSchema(many=True))
    def patch(self, wanted: dict[str, Any], tag: str) -> Any:
        """Set limits and rights of those with a tag by name; null lets those of everybody count again."""
        return _change(Whose(tag=user_tag.read_tag(tag)), wanted)


def _change(whose: Whose, wanted: dict[str, Any]) -> Any:
    if not isinstance(wanted, dict) or not wanted:
        raise InvalidInput({"body": [say("Send a JSON object of names and values.")]})
    ctx, who = installation(), actor()
    change_person_settings(ctx, who, whose, wanted)
    return list_person_settings(ctx, who, whose)
