"""A forgotten password: ask for a link by mail, and choose a new one with it."""

from __future__ import annotations

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput, NotFound
from app.domain.texts import say
from app.installation import installation
from app.limits import MAIL_LIMIT, SIGN_IN_LIMIT, limiter
from app.services.mail import can_mail
from app.services.password_link import ask_for_link, use_link, whose_link
from app.sessions import remember
from app.web.page import go_to, render

pages = Blueprint("password", __name__)


@pages.route("/forgotten-password", methods=["GET", "POST"])
@limiter.limit(MAIL_LIMIT, methods=["POST"])
def forgotten() -> Response:
    """Ask for a link. The answer is the same whether or not somebody has that address."""
    ctx = installation()
    if request.method == "POST":
        ask_for_link(ctx, request.form.get("email", ""))
        return go_to(url_for("password.forgotten", sent=1))
    return render("auth/forgotten.html", can_mail=can_mail(ctx), sent="sent" in request.args)


@pages.route("/new-password/<secret>", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_LIMIT)
def choose(secret: str) -> Response:
    """Choose a new password with a link, which works once, and be signed in with it."""
    ctx = installation()
    try:
        user = whose_link(ctx, secret)
        if request.method == "GET":
            return _form(user.name, {})
        password = request.form.get("password", "")
        if password != request.form.get("repeated", ""):
            raise InvalidInput({"repeated": [say("This is not the same password. Type it again.")]})
        remember(use_link(ctx, secret, password))
    except NotFound as error:
        return render("auth/no_link.html", message=error.message, status=404)
    except InvalidInput as error:
        return _form(user.name, error.fields, 422)
    return go_to(url_for("datasets.overview"))


def _form(name: str, errors: dict[str, list[str]], status: int = 200) -> Response:
    return render("auth/new_password.html", name=name, errors=errors, status=status)
