"""Ask for an account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput, NotFound
from app.domain.texts import say
from app.installation import installation
from app.limits import MAIL_LIMIT, limiter
from app.services.access_request import policy_text, request_access, takes_requests
from app.web.page import go_to, render

pages = Blueprint("access", __name__)

_FIELDS = ("name", "email", "affiliation", "reason")


@pages.route("/request-access", methods=["GET", "POST"])
@limiter.limit(MAIL_LIMIT, methods=["POST"])
def ask() -> Response:
    """The form, if this installation takes requests; the answer does not tell whether the address is known."""
    ctx = installation()
    if not takes_requests(ctx):
        raise NotFound(say("This site takes no requests for accounts."))
    if request.method == "GET":
        return _form({}, {}, sent="sent" in request.args)
    typed = {field: request.form.get(field, "") for field in _FIELDS}
    try:
        request_access(ctx, **typed)
    except InvalidInput as error:
        return _form(typed, error.fields, status=422)
    return go_to(url_for("access.ask", sent=1))


def _form(typed: dict[str, str], errors: dict[str, list[str]], *, sent: bool = False, status: int = 200) -> Response:
    shown: dict[str, Any] = {"typed": typed, "errors": errors, "sent": sent, "policy": policy_text(installation())}
    return render("auth/request.html", status=status, **shown)
