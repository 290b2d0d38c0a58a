"""Signed-in browsers: a session cookie that pages and API both take, and protection against forged requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import cast

from flask import Flask, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf.csrf import CSRFProtect

from app.domain.user import User
from app.installation import installation
from app.proxies import lent_tags
from app.services import user as users
from app.services.visitor import Visitors
from app.settings import Settings

csrf = CSRFProtect()
"""Checks the token of every request that changes something, unless the view is exempt: see `CSRFProtect.exempt`."""

_REMEMBERED = timedelta(days=30)
_VISITORS = "fourcat_visitors"


class SignedIn(UserMixin):  # type: ignore[misc]
    """The user of a session, as Flask-Login wants it."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """What the cookie holds: who, and for how long; a new password ends what began before it."""
        return f"{self.user.id}.{self.user.sessions}"


def session_user() -> User | None:
    """Whoever is signed in by the cookie of this request, else the account of visitors from where it comes, or None."""
    user: User | None = getattr(current_user, "user", None)
    if user is not None:
        return with_lent_tags(user)
    if "shared_user" not in g:
        g.shared_user = visitors().find_shared_user(installation(), request.remote_addr)
    return with_lent_tags(g.shared_user) if g.shared_user else None


def with_lent_tags(user: User) -> User:
    """Who asks, with the tag that a trusted proxy says counts for this request."""
    return replace(user, lent=lent_tags(request.environ))


def remember(user: User) -> None:
    """Sign a user in with this browser, for a month."""
    login_user(SignedIn(user), remember=True)


def visitors() -> Visitors:
    """The lists of visitors of this application."""
    return cast(Visitors, current_app.extensions[_VISITORS])


def init_sessions(app: Flask, settings: Settings) -> None:
    """Let the app know its visitors by a cookie that scripts cannot read and other sites do not send."""
    is_secure = settings.session_cookie_secure or settings.site_url.startswith("https://")
    app.extensions[_VISITORS] = Visitors(settings)
    app.config.update(
        SESSION_COOKIE_NAME="4cat",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_secure,
        REMEMBER_COOKIE_NAME="4cat_remember",
        REMEMBER_COOKIE_HTTPONLY=True,
        REMEMBER_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SECURE=is_secure,
        REMEMBER_COOKIE_DURATION=_REMEMBERED,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    manager = LoginManager()
    manager.init_app(app)

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(user_id: str) -> SignedIn | None:
        number, _, sessions = user_id.partition(".")
        user = users.get_user(installation(), int(number)) if number.isdigit() else None
        return SignedIn(user) if user and sessions == str(user.sessions) else None

    csrf.init_app(app)
