"""Who asks: the owner of a token, or whoever is signed in with the browser's session."""

from __future__ import annotations

from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

from flask import current_app, g, request
from flask_wtf.csrf import CSRFError, ValidationError, validate_csrf

from app import installation as served
from app.domain.errors import NotSignedIn
from app.domain.texts import say
from app.domain.user import User
from app.services.context import Context
from app.services.token import use_token
from app.sessions import session_user, with_lent_tags

TOKEN_ARGUMENT = "access-token"  # noqa: S105 - its name, no secret
_EXTENSIONS = ("moz-extension", "chrome-extension")
_SAFE = ("GET", "HEAD", "OPTIONS")


def installation() -> Context:
    """The installation that this application serves, as this request asks of it."""
    ctx = served.installation()
    return replace(ctx, asked_once=g.asked_once) if "asked_once" in g else ctx


def find_actor() -> User | None:
    """Who asks, or None. A token counts before a session, and one that is wrong is never passed over.

    :raises NotSignedIn: when the token is unknown, revoked or expired
    """
    if "actor" not in g:
        secret = bearer_token()
        g.actor = with_lent_tags(use_token(installation(), secret)) if secret is not None else session_user()
    return cast("User | None", g.actor)


def bearer_token() -> str | None:
    """The token that was sent, or None: in `Authorization`, or as older scripts do in `Authentication` or the address.

    :raises NotSignedIn: when something else was sent in its place
    """
    sent = request.headers.get("Authorization", "").strip()
    if not sent:
        older = request.headers.get("Authentication", "").strip() or request.args.get(TOKEN_ARGUMENT, "").strip()
        return older.removeprefix("Bearer ").strip() or None
    kind, _, secret = sent.partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise NotSignedIn(say("Send a token as: Authorization: Bearer <token>"))
    return secret.strip()


def actor() -> User:
    """Who asks. :raises NotSignedIn: when nobody has signed in or sent a token"""
    found = find_actor()
    if found is None:
        raise NotSignedIn(say("Send a token as: Authorization: Bearer <token>"))
    return found


def is_extension(origin: str) -> bool:
    """Whether a page of a browser's extension asks."""
    return urlsplit(origin).scheme in _EXTENSIONS


def is_foreign() -> bool:
    """Whether another web site asks, in the name of whoever sits before the browser."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return not is_extension(origin) and origin.rstrip("/") != request.host_url.rstrip("/")
    return request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site")


def authenticate() -> None:
    """Let nobody in without a token or a session; a session that changes something must show its CSRF token.

    Who is let in by their address alone need not, unless another web site makes their browser ask.

    :raises NotSignedIn: when nobody has signed in or sent a token
    """
    found = actor()
    by_session = bearer_token() is None
    if found.is_shared and "X-CSRFToken" not in request.headers and not is_foreign():
        return  # a script, let in by its address
    if by_session and request.method not in _SAFE and current_app.config.get("WTF_CSRF_ENABLED", True):
        try:
            validate_csrf(request.headers.get("X-CSRFToken"))
        except ValidationError as error:
            raise CSRFError(str(error)) from error
