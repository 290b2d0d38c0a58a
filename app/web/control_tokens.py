"""Everybody's API tokens, for administrators: whose they are, how they are used, and revoking them."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.installation import installation
from app.services import token as tokens
from app.web.page import current_actor, go_to, render

pages = Blueprint("control_tokens", __name__)
_PAGE = 200


@pages.get("/control/tokens")
def show() -> Response:
    """The tokens of all users, newest first, a page at a time; those whose name or owner holds a text."""
    text, cursor = request.args.get("q", ""), request.args.get("cursor", type=int)
    found = tokens.list_everyones(installation(), current_actor(), text=text, before=cursor, limit=_PAGE + 1)
    following = found[_PAGE - 1].id if len(found) > _PAGE else None
    return render(
        "control/tokens.html",
        tokens=found[:_PAGE],
        following=following,
        text=text,
        cursor=cursor,
        now=datetime.now(UTC),
    )


@pages.post("/control/tokens/<int:token_id>/revoke")
def revoke(token_id: int) -> Response:
    """Make a token invalid at once, whoever's it is."""
    tokens.revoke_token(installation(), current_actor(), token_id)
    return go_to(url_for("control_tokens.show", q=request.form.get("q") or None))
