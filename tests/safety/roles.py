"""Who asks, in the tests of safety: each role is one entry of ROLES, and one of VERDICTS says what it may."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.right import Right
from app.domain.user import User
from app.factory import create_app
from app.services.context import Context
from app.services.token import create_token
from app.services.user import create_user
from app.storage import person_setting
from app.web.page import STOP_POLLING
from tests.conftest import PASSWORD, with_settings
from tests.results import store_table


class Needs(StrEnum):
    """What a route asks of who calls it."""

    NOTHING = "open to all"
    USER = "a user"
    WRITE = "a user who may change things"
    SIGHT = "sight of the dataset"
    RUN = "sight of the dataset, and the right to make something"
    CHANGE = "the right to change the dataset"
    ADMIN = "an administrator"


class Verdict(StrEnum):
    """What becomes of a request."""

    IN = "let in"
    UNKNOWN = "asked to sign in"
    REFUSED = "refused"
    HIDDEN = "told that there is no such thing"


_IN, _UNKNOWN, _REFUSED, _HIDDEN = Verdict
_USER = dict.fromkeys((Needs.NOTHING, Needs.USER, Needs.WRITE), _IN) | {Needs.ADMIN: _REFUSED}
_DATASET = (Needs.SIGHT, Needs.RUN, Needs.CHANGE)
VERDICTS: dict[str, dict[Needs, Verdict]] = {
    "anonymous": dict.fromkeys(Needs, _UNKNOWN) | {Needs.NOTHING: _IN},
    "other": _USER | dict.fromkeys(_DATASET, _HIDDEN),
    "viewer": _USER | {Needs.SIGHT: _IN, Needs.RUN: _IN, Needs.CHANGE: _REFUSED},
    "reader": {
        **dict.fromkeys((Needs.NOTHING, Needs.USER, Needs.SIGHT), _IN),
        **dict.fromkeys((Needs.WRITE, Needs.RUN, Needs.CHANGE, Needs.ADMIN), _REFUSED),
    },
    "autologin": _USER | dict.fromkeys(_DATASET, _HIDDEN),
    "administrator": dict.fromkeys(Needs, _IN),
    "owner": _USER | dict.fromkeys(_DATASET, _IN),  # the last, for what they ask may take the dataset away
}
HOLDER_VERDICTS: dict[Right, dict[Needs, Verdict]] = {
    Right.SIGHT: {Needs.SIGHT: _IN, Needs.RUN: _IN, Needs.CHANGE: _REFUSED},
    Right.DATASETS: dict.fromkeys(_DATASET, _IN),
}
"""What those who have one right alone may do with that dataset; with another right, as little as anybody."""
"""What each role may, of a private dataset of `owner` that is shown to `viewer`; `reader` is a token of the owner."""


@dataclass
class Caller:
    """Somebody who calls: with a browser that has signed in, or with a token."""

    browser: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, method: str, path: str, **more: Any) -> TestResponse:
        """Call an address."""
        headers = {**self.headers, **more.pop("headers", {})}
        return self.browser.open(path, method=method, headers=headers, **more)


def holder(ctx: Context, app: Flask, right: Right) -> Caller:
    """Somebody who has one right."""
    made = create_user(ctx, f"with {right}", PASSWORD)
    person_setting.put(ctx.database, made.id, None, right.setting, True)
    return sign_in(app, made)


def sign_in(app: Flask, user: User) -> Caller:
    """A browser in which somebody has signed in, and which sends the CSRF token of its session."""
    browser = app.test_client()
    browser.post("/login", data={"csrf_token": _token_on(browser, "/login"), "name": user.name, "password": PASSWORD})
    return Caller(browser, {"X-CSRFToken": _token_on(browser, "/account")})


def unknown(app: Flask, token: str | None = None) -> Caller:
    """A browser in which nobody has signed in, with the CSRF token of its session; or a script with a token."""
    browser = app.test_client()
    headers = {"X-CSRFToken": _token_on(browser, "/login")}
    return Caller(browser, headers | ({"Authorization": f"Bearer {token}"} if token else {}))


def visitor(ctx: Context) -> Caller:
    """A browser at an address whose visitors are let in without a password."""
    listed = with_settings(ctx, autologin=("192.0.2.0/24",))
    browser = create_app(listed.settings, listed).test_client()
    browser.environ_base["REMOTE_ADDR"] = "192.0.2.10"
    return Caller(browser, {"X-CSRFToken": _token_on(browser, "/create/upload")})


def _token_on(browser: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(path).text)
    assert found, f"there is no form at {path}"
    return found[1]


ROLES: dict[str, Callable[[Context, Flask, User, User], Caller]] = {
    "anonymous": lambda ctx, app, owner, admin: unknown(app),
    "other": lambda ctx, app, owner, admin: sign_in(app, create_user(ctx, "otto", PASSWORD)),
    "viewer": lambda ctx, app, owner, admin: sign_in(app, create_user(ctx, "vera", PASSWORD)),
    "reader": lambda ctx, app, owner, admin: unknown(app, create_token(ctx, owner, "reads", read_only=True)[1]),
    "administrator": lambda ctx, app, owner, admin: sign_in(app, admin),
    "owner": lambda ctx, app, owner, admin: sign_in(app, owner),
    "autologin": lambda ctx, app, owner, admin: visitor(ctx),
}


def dataset_for(ctx: Context, role: str, owner: User, folder: Path) -> str:
    """The key of a dataset of `owner`: private, but shown to the viewer."""
    return store_table(ctx, owner, folder, is_private=role != "viewer").key


def verdict_on(answer: TestResponse) -> Verdict:
    """What became of a request: a mistake in what was sent, or a state that forbids it, is told after letting in."""
    to_sign_in = answer.status_code == 303 and (answer.location or "").partition("?")[0].endswith("/login")
    if answer.status_code == 401 or to_sign_in:
        return Verdict.UNKNOWN
    assert answer.status_code < 500, answer.text[:500]
    if answer.status_code == STOP_POLLING and (not answer.data or "has been deleted" in answer.text):
        return Verdict.HIDDEN
    return {403: Verdict.REFUSED, 404: Verdict.HIDDEN}.get(answer.status_code, Verdict.IN)
