"""Browsers for the tests of pages: signed in, without a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.user import User
from tests.conftest import PASSWORD

SignIn = Callable[[User], FlaskClient]


def csrf_of(client: FlaskClient, path: str) -> str:
    """The CSRF token on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found, f"no form at {path}"
    return found[1]


class Visitor(FlaskClient):
    """A browser that sends the CSRF token of its session with every change."""

    token: str | None = None

    def change(self, path: str, *, htmx: bool = False, target: str = "", **values: object) -> object:
        """Send a form."""
        headers = {"X-CSRFToken": self.token or ""}
        if htmx:
            headers |= {"HX-Request": "true", "HX-Target": target, "HX-Current-URL": "http://localhost/datasets"}
        return self.post(path, data=values, headers=headers)

    def piece(self, path: str, target: str = "") -> object:
        """Ask as HTMX does."""
        return self.get(path, headers={"HX-Request": "true", "HX-Target": target})


@pytest.fixture
def visit(app: Flask) -> SignIn:
    """Sign a user in with a browser of their own."""
    app.test_client_class = Visitor

    def sign_in(user: User) -> FlaskClient:
        browser = app.test_client()
        token = csrf_of(browser, "/login")
        answer = browser.post("/login", data={"csrf_token": token, "name": user.name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        browser.token = csrf_of(browser, "/account")
        return browser

    return sign_in


@pytest.fixture
def ada(visit: SignIn, admin: User) -> FlaskClient:
    """The administrator's browser."""
    return visit(admin)


@pytest.fixture
def ursula(visit: SignIn, user: User) -> FlaskClient:
    """The browser of somebody who is not an administrator."""
    return visit(user)
