"""One's own account: API tokens, name and address, password, and how pages look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput
from app.domain.right import GIVEN_RULES
from app.domain.texts import say, say_many
from app.installation import installation
from app.limits import SIGN_IN_LIMIT, limiter
from app.services import own_account
from app.services import token as tokens
from app.services import user as users
from app.services.access import require_own_account
from app.services.language import language_names
from app.services.owner_limit import own_usage
from app.sessions import remember
from app.web.page import current_actor, go_to, render

pages = Blueprint("account", __name__)

_SAID = {
    "password": say("Your password has been changed. Wherever else you were signed in, you have been signed out."),
    "profile": say("Your name and e-mail address have been saved."),
    "looks": say("Saved."),
}
_LIVES = {
    7: say("A week"),
    30: say("30 days"),
    90: say("90 days"),
    365: say("One year"),
    730: say("Two years"),
    1825: say("Five years"),
}
_FIELDS = {"name": "new_name", "present": "password_now"}
"""What fields of the profile are called in the page, where others have the same names."""


def _lives() -> dict[str, str]:
    """How long a token may be valid, by what the form sends; the longest that is allowed is among them."""
    most = tokens.longest_days(installation(), current_actor())
    lives: dict[str, str] = {str(days): label for days, label in _LIVES.items() if most is None or days <= most}
    if most is None:
        return {**lives, "": say("It never expires")}
    return lives if str(most) in lives else {**lives, str(most): say_many("{n} day", "{n} days", most)}


def show_account(*, status: int = 200, **values: Any) -> Response:
    """The page, with what was typed and what is wrong with it."""
    shown: dict[str, Any] = {"errors": {}, "typed": {}, "secret": None, "said": ""} | values
    return render(
        "account/show.html",
        status=status,
        tokens=[] if current_actor().is_shared else tokens.list_tokens(installation(), current_actor()),
        usage=own_usage(installation(), current_actor()),
        lives=_lives(),
        usual=str(tokens.usual_days(installation(), current_actor())),
        now=datetime.now(UTC),
        themes=users.THEMES,
        zones=sorted(available_timezones()),
        languages=language_names(),
        given=[rule.label for right, rule in GIVEN_RULES.items() if right in current_actor().rights],
        **shown,
    )


@pages.get("/account")
def show() -> Response:
    """One's tokens, and forms for everything else."""
    return show_account(said=_SAID.get(request.args.get("changed", ""), ""))


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
        return show_account(status=422, errors=error.fields, typed=request.form)
    return show_account(status=201, secret=secret, made=token)


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
    if new != request.form.get("repeated", ""):
        return show_account(status=422, errors={"repeated": [say("This is not the same password. Type it again.")]})
    try:
        # This session goes on, all others have ended.
        remember(own_account.change_own_password(ctx, actor, request.form.get("present", ""), new))
    except InvalidInput as error:
        return show_account(status=422, errors=error.fields)
    return go_to(url_for("account.show", changed="password"))


@pages.post("/account/profile")
@limiter.limit(SIGN_IN_LIMIT)
def change_profile() -> Response:
    """Change one's name and e-mail address; whoever could change the address could get a new password sent to it."""
    ctx, actor = installation(), current_actor()
    name, email = request.form.get("new_name", ""), request.form.get("email", "")
    typed = {"new_name": name, "email": email}
    try:
        own_account.change_own_profile(ctx, actor, request.form.get("password_now", ""), name, email)
    except InvalidInput as error:
        wrong = {_FIELDS.get(field, field): texts for field, texts in error.fields.items()}
        return show_account(status=422, typed=typed, errors=wrong)
    return go_to(url_for("account.show", changed="profile"))


@pages.post("/account/looks")
def change_looks() -> Response:
    """Change how pages look."""
    theme, zone = request.form.get("theme", ""), request.form.get("time_zone", "").strip()
    language = request.form.get("language")
    try:
        own_account.change_own_looks(installation(), current_actor(), theme, zone, language)
    except InvalidInput as error:
        return show_account(status=422, typed=request.form, errors=error.fields)
    return go_to(url_for("account.show", changed="looks"))
