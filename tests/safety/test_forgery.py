"""What other web sites can make a signed-in browser do: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app.domain.user import User
from app.services.context import Context
from tests.safety.roles import dataset_for, sign_in
from tests.safety.test_roles import Route, address_of, body_of, routes

ELSEWHERE = "https://elsewhere.example"
BY_ORIGIN = {("POST", "/api/import-dataset/")}
"""What knows no token and looks at `Origin` instead."""


@pytest.fixture
def changing(app: Flask) -> list[Route]:
    return sorted(route for route in routes(app) if route[0] != "GET")


def test_nothing_changes_without_the_token_of_the_session(
    ctx: Context, app: Flask, user: User, admin: User, tmp_path: Path, changing: list[Route]
) -> None:
    browser = sign_in(app, admin).browser
    key = dataset_for(ctx, "owner", user, tmp_path)
    counted = "SELECT (SELECT count(*) FROM datasets) AS datasets, (SELECT count(*) FROM tokens) AS tokens"
    before = ctx.database.one(f"{counted}, (SELECT count(*) FROM settings) AS settings")
    assert len(changing) > 30
    for method, path in changing:
        body = body_of((method, path), key)
        headers = {**body.pop("headers", {}), "Origin": ELSEWHERE}
        for token in ({}, {"X-CSRFToken": "forged"}):
            answer = browser.open(address_of(path, key), method=method, headers=headers | token, **body)
            assert answer.status_code == (403 if (method, path) in BY_ORIGIN else 400), (
                method,
                path,
                answer.text[:200],
            )
            answer.close()
            body = body_of((method, path), key)
            body.pop("headers", None)
    assert ctx.database.one(f"{counted}, (SELECT count(*) FROM settings) AS settings") == before
    assert browser.get("/account").status_code == 200


def test_no_other_site_may_read_an_answer(ctx: Context, app: Flask, user: User, admin: User, tmp_path: Path) -> None:
    browser = sign_in(app, admin).browser
    key = dataset_for(ctx, "owner", user, tmp_path)
    asked = {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST"}
    for origin in (ELSEWHERE, "null"):
        for method, path in sorted(routes(app)):
            for way in {"OPTIONS", method} & {"OPTIONS", "GET"}:
                answer = browser.open(address_of(path, key), method=way, headers={**asked, "Origin": origin})
                allowed = [name for name, _ in answer.headers if name.lower().startswith("access-control-allow")]
                assert allowed == [], (way, path)
                answer.close()


def test_cookies_are_for_this_site_alone(app: Flask, user: User) -> None:
    browser = app.test_client()
    cookies = browser.get("/login").headers.getlist("Set-Cookie")
    assert cookies
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
