"""Errors as pages, or for HTMX as a notice. Answers under /api are left to the API."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, render_template, url_for
from flask import make_response as plain_response
from flask_wtf.csrf import CSRFError
from htmx_flask import make_response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from app.domain.errors import Busy, FourcatError, LimitReached, NotSignedIn, Unavailable
from app.domain.texts import say, told
from app.installation import installation
from app.services.error_report import report_error
from app.sessions import session_user
from app.statuses import status_of
from app.web.page import go_to

log = logging.getLogger(__name__)

_HEADINGS = {
    400: say("That did not work"),
    401: say("Sign in first"),
    403: say("Not yours to do"),
    404: say("Nothing here"),
    405: say("That is not how this page is asked"),
    409: say("Not possible right now"),
    413: say("Too large"),
    422: say("Something needs another look"),
    429: say("Too many tries"),
    503: say("A part of 4CAT does not answer"),
}
_SENTENCES = {
    404: say("There is no page at this address. It may have been deleted, or it is not shared with you."),
    413: say("What you sent is larger than this site takes."),
    429: say("You have tried too often in a short time. Wait a minute, then try again."),
}


def init_errors(app: Flask) -> None:
    """Show errors of pages as pages; errors under /api go to the handlers that the API has set before."""
    inherited = dict(app.error_handler_spec[None][None])

    def handle(error: Exception) -> Any:
        if request.path.startswith("/api"):
            for kind in type(error).__mro__:
                if kind in inherited:
                    return inherited[kind](error)
        return show_error(error)

    for kind in (FourcatError, HTTPException, InternalServerError):
        app.register_error_handler(kind, handle)


def _sentence(error: Exception, status: int) -> str:
    if isinstance(error, CSRFError):
        return say("This page had been open for too long to be trusted. Load it again and repeat what you did.")
    if isinstance(error, Unavailable):
        log.warning("a part of the installation does not answer: %s", error)
        return error.message if isinstance(error, Busy) else _of_away(error)
    if isinstance(error, FourcatError) and status != 500:
        return error.message
    if status in _SENTENCES:
        return _SENTENCES[status]
    if status == 500:
        number = report_error(installation(), _cause(error), f"{request.method} {request.path}", session_user())
        return say(
            "Something went wrong on our side, not on yours. Try again in a moment; if it stays so, tell an"
            " administrator the number of this error: {number}.",
            number=number,
        )
    return getattr(error, "description", None) or say("This cannot be done.")


def _of_away(error: Unavailable) -> str:
    # What follows the colon is the driver's, with addresses of servers in it.
    what = told(error.message).split(": ")[0].rstrip(".")
    return say("{what}. Try again in a moment.", what=what)


def _cause(error: Exception) -> BaseException:
    """What really happened: Flask hands on an error of its own with it inside."""
    return getattr(error, "original_exception", None) or error


def show_error(error: Exception) -> Response:
    """An error as a whole page, or as a notice on the page that is open."""
    status = status_of(error)
    if isinstance(error, NotSignedIn):
        return go_to(url_for("auth.login", next=_here()))
    if isinstance(error, HTTPException) and error.response is not None and status < 400:
        return plain_response(error.response)
    message = _sentence(error, status)
    if request.htmx:
        piece = render_template("error/_notice.html", message=message)
        notice: Response = make_response(piece, status, retarget="#notices", reswap="innerHTML", push_url=False)
        return notice
    heading = _HEADINGS.get(status, say("Something went wrong"))
    if isinstance(error, Busy):
        heading = _HEADINGS[409]
    if isinstance(error, LimitReached):
        heading = say("As much as you may have")
    page = render_template("error/show.html", heading=heading, message=message, status=status)
    response = plain_response(page, status)
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
    return response


def _here() -> str | None:
    """The page to come back to after signing in."""
    if request.htmx:
        parts = urlsplit(request.htmx.current_url or "")
        return parts.path + (f"?{parts.query}" if parts.query else "") or None
    if request.method != "GET" or request.path == "/":
        return None
    return str(request.full_path).rstrip("?")
