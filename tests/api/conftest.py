"""Callers of the API: nobody, an owner, somebody else, a token that may only read, an administrator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.user import User
from app.services.context import Context
from app.services.token import create_token
from app.services.user import create_user
from tests.conftest import Starter
from tests.serving import serve

Call = Callable[..., TestResponse]


@pytest.fixture
def tokens(ctx: Context, admin: User, user: User) -> dict[str, str]:
    """A token for every role; `owner` is the fixture `user`."""
    other = create_user(ctx, "otto")
    return {
        "owner": create_token(ctx, user, "all")[1],
        "reader": create_token(ctx, user, "reads", read_only=True)[1],
        "other": create_token(ctx, other, "other")[1],
        "admin": create_token(ctx, admin, "admin")[1],
    }


@pytest.fixture
def call(app: Flask, tokens: dict[str, str]) -> Call:
    """Call the API in a role: `call("owner", "GET", "/api/datasets")`."""

    def ask(role: str, method: str, path: str, **more: Any) -> TestResponse:
        headers = {**more.pop("headers", {})}
        if role != "nobody":
            headers["Authorization"] = f"Bearer {tokens[role]}"
        return app.test_client().open(path, method=method, headers=headers, **more)

    return ask


@pytest.fixture
def server(start: Starter, ctx: Context) -> str:
    """The address of a running web server of this installation, which refuses nothing for being asked often."""
    return serve(start, WEB_PROCESSES="1", RATE_LIMIT="1000000 per minute", MAX_OPEN_JOBS="1000000")
