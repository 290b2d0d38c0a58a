"""Messages of administrators, and requests for accounts."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask.views import MethodView

from app.api.auth import actor, installation
from app.api.base import Blueprint, Schema
from app.services import access_request, notification
from app.services.mail import link_to

blueprint = Blueprint("people", "Messages of administrators, and requests for accounts.")
blueprints = (blueprint,)


class NotificationSchema(Schema):
    """A message."""

    id = ma.fields.Integer()
    text = ma.fields.String()
    tag = ma.fields.String(allow_none=True, metadata={"description": "For those with this tag, if any"})
    created = ma.fields.AwareDateTime()
    created_by = ma.fields.String()
    expires = ma.fields.AwareDateTime(allow_none=True)
    stays = ma.fields.Boolean(metadata={"description": "Whether it cannot be dismissed"})


class SentNotificationSchema(NotificationSchema):
    """A message as administrators see it."""

    user = ma.fields.String(
        attribute="user_name", allow_none=True, metadata={"description": "For this user alone, if any"}
    )
    dismissed = ma.fields.Integer(metadata={"description": "How many have dismissed it"})
    is_over = ma.fields.Boolean(allow_none=True, metadata={"description": "Whether it has expired"})


class NewNotificationSchema(Schema):
    """A message to send: to a user, to a tag, or else to everybody."""

    text = ma.fields.String(required=True)
    user = ma.fields.String(load_default=None, allow_none=True)
    tag = ma.fields.String(load_default=None, allow_none=True)
    days = ma.fields.Integer(load_default=None, allow_none=True, metadata={"description": "Null: until taken back"})
    stays = ma.fields.Boolean(load_default=False, metadata={"description": "Whether nobody can dismiss it"})


class SentSchema(Schema):
    """The number of a message."""

    id = ma.fields.Integer()


class AccessRequestSchema(Schema):
    """A request for an account."""

    id = ma.fields.Integer()
    name = ma.fields.String()
    email = ma.fields.String()
    affiliation = ma.fields.String()
    reason = ma.fields.String()
    created = ma.fields.AwareDateTime()
    state = ma.fields.String(metadata={"enum": ["waiting", "approved", "refused"]})
    decided = ma.fields.AwareDateTime(allow_none=True)
    decided_by = ma.fields.String(allow_none=True)


class ApprovalSchema(Schema):
    """How to approve a request."""

    name = ma.fields.String(load_default="", metadata={"description": "Another name for the account"})


class ApprovedSchema(Schema):
    """The account that was made."""

    id = ma.fields.Integer()
    name = ma.fields.String()
    link = ma.fields.String(allow_none=True, metadata={"description": "To hand over; null if it was sent by mail"})


class RefusalSchema(Schema):
    """Why a request is refused."""

    reason = ma.fields.String(load_default="", metadata={"description": "Sent to who asked, where mail can be sent"})


@blueprint.route("/notifications")
class Notifications(MethodView):
    """Messages."""

    @blueprint.response(200, NotificationSchema(many=True))
    def get(self) -> Any:
        """List the messages for you that you have not dismissed, newest first."""
        return notification.list_notifications(installation(), actor())

    @blueprint.arguments(NewNotificationSchema)
    @blueprint.response(201, SentSchema)
    def post(self, wanted: dict[str, Any]) -> dict[str, int]:
        """Send a message, which is shown until it is dismissed. For administrators."""
        return {"id": notification.send(installation(), actor(), wanted.pop("text"), **wanted)}


@blueprint.route("/notifications/sent")
class SentNotifications(MethodView):
    """What has been said to whom."""

    @blueprint.response(200, SentNotificationSchema(many=True))
    def get(self) -> Any:
        """List the messages that have not been taken back, newest first, at most 200. For administrators."""
        return notification.list_sent(installation(), actor())


@blueprint.route("/notifications/<int:notification_id>")
class OneNotification(MethodView):
    """One message."""

    @blueprint.response(204)
    def delete(self, notification_id: int) -> None:
        """Take a message back from everybody. For administrators."""
        notification.take_back(installation(), actor(), notification_id)


@blueprint.route("/notifications/<int:notification_id>/dismiss")
class Dismissal(MethodView):
    """Dismissing one."""

    @blueprint.response(204)
    def post(self, notification_id: int) -> None:
        """Be shown a message no more."""
        notification.dismiss(installation(), actor(), notification_id)


@blueprint.route("/access-requests")
class AccessRequests(MethodView):
    """Requests."""

    @blueprint.response(200, AccessRequestSchema(many=True))
    def get(self) -> Any:
        """List requests for accounts: those that wait, then those that are decided. For administrators."""
        return access_request.list_requests(installation(), actor())


@blueprint.route("/access-requests/<int:request_id>/approve")
class Approval(MethodView):
    """Approving one."""

    @blueprint.arguments(ApprovalSchema)
    @blueprint.response(201, ApprovedSchema)
    def post(self, wanted: dict[str, Any], request_id: int) -> dict[str, Any]:
        """Make the account that was asked for. For administrators."""
        ctx = installation()
        made, path = access_request.approve(ctx, actor(), request_id, wanted["name"])
        return {"id": made.id, "name": made.name, "link": link_to(ctx, path) if path else None}


@blueprint.route("/access-requests/<int:request_id>/refuse")
class Refusal(MethodView):
    """Refusing one."""

    @blueprint.arguments(RefusalSchema)
    @blueprint.response(204)
    def post(self, wanted: dict[str, Any], request_id: int) -> None:
        """Refuse a request. For administrators."""
        access_request.refuse(installation(), actor(), request_id, wanted["reason"])
