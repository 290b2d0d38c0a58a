"""One's own account: API tokens and the password."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput, NotSignedIn
from app.limits import SIGN_IN_LIMIT, limiter
from app.services import token as tokens
from app.services import user as users
from app.services.access import require_own_account
from app.services.owner_limit import own_usage
from app.web.page import current_actor, go_to, installation, render

pages = Blueprint("account", __name__)

_LIVES = {7: "A week", 30: "30 days", 90: "90 days", 365: "One year", 730: "Two years", 1825: "Five years"}


def _lives() -> dict[str, str]:
    """How long a token may be valid, by what the form sends; the longest that is allowed is among them."""
    most = tokens.longest_days(installation(), current_actor())
    lives = {str(days): label for days, label in _LIVES.items() if most is None or days <= most}
    if most is None:
        return {**lives, "": "It never expires"}
    return lives if str(most) in lives else {**lives, str(most): f"{most:,} days"}


def _show(*, status: int = 200, **values: Any) -> Response:
    shown: dict[str, Any] = {"errors": {}, "typed": {}, "secret": None, "said": ""} | values
    return render(
        "account/show.html",
        status=status,
        tokens=[] if current_actor().is_shared else tokens.list_tokens(installation(), current_actor()),
        usage=own_usage(installation(), current_actor()),
        lives=_lives(),
        usual=str(tokens.usual_days(installation(), current_actor())),
        now=datetime.now(UTC),
        **shown,
    )


@pages.get("/account")
def show() -> Response:
    """One's tokens, and a form for another password."""
    return _show(said="Your password has been changed." if request.args.get("changed") else "")


@pages.post("/account/tokens")
def create_token() -> Response:
    """Make a token and show its secret, this once."""
    name, days = request.form.get("name", ""), request.form.get("days")
    if days is None or days not in _lives():
        days = str(tokens.usual_days(installation(), current_actor()))
    try:
        token, secret = tokens.create_token(
            installation(),
            current_actor(),
            name,
            read_only="read_only" in request.form,
            days=int(days) if days else None,
        )
    except InvalidInput as error:
        return _show(status=422, errors=error.fields, typed=request.form)
    return _show(status=201, secret=secret, made=token)


@pages.post("/account/tokens/<int:token_id>/revoke")
def revoke_token(token_id: int) -> Response:
    """Make a token invalid at once."""
    tokens.revoke_token(installation(), current_actor(), token_id)
    return go_to(url_for("account.show"))


@pages.post("/account/password")
@limiter.limit(SIGN_IN_LIMIT)
def change_password() -> Response:
    """Change the password of whoever knows the present one."""
    ctx, actor = installation(), current_actor()
    require_own_account(actor)
    new = request.form.get("password", "")
    try:
        users.sign_in(ctx, actor.name, request.form.get("present", ""))
    except NotSignedIn:
        return _show(status=422, errors={"present": ["This is not your present password."]})
    if new != request.form.get("repeated", ""):
        return _show(status=422, errors={"repeated": ["This is not the same password. Type it again."]})
    try:
        users.set_password(ctx, actor.name, new)
    except InvalidInput as error:
        return _show(status=422, errors=error.fields)
    return go_to(url_for("account.show", changed=1))
