"""Messages of administrators, on top of every page until they are dismissed."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.installation import installation
from app.services.notification import dismiss as dismiss_message
from app.web.page import current_actor, go_to, is_local

pages = Blueprint("message", __name__)


@pages.post("/messages/<int:message_id>/dismiss")
def dismiss(message_id: int) -> Response:
    """Show a message no more, and stay where it was."""
    dismiss_message(installation(), current_actor(), message_id)
    wanted = request.form.get("next")
    if request.htmx:
        return plain_response("")
    return go_to(wanted if wanted and is_local(wanted) else url_for("datasets.overview"))
