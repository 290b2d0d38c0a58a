"""Who may ask for statistics: the machine itself, judged by its connection, and whoever has a token."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from app.factory import create_app
from app.services.context import Context
from app.settings import Settings

LOCAL = "http://127.0.0.1:5000"


def status(app: Flask, address: str, url: str = LOCAL, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = app.test_client().get(
        "/api/statistics", base_url=url, headers=named, environ_overrides={"REMOTE_ADDR": address}
    )
    return answer.status_code


@pytest.fixture(params=[0, 1])
def served(request: pytest.FixtureRequest, ctx: Context, settings: Settings) -> Flask:
    """The application without and with a trusted proxy in front."""
    return create_app(replace(settings, trusted_proxies=request.param), ctx)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("url", [LOCAL, "http://localhost", "http://[::1]:5000"])
def test_the_machine_itself_needs_no_token(served: Flask, address: str, url: str) -> None:
    assert status(served, address, url) == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "", "unix:"])
def test_others_do(served: Flask, address: str) -> None:
    assert status(served, address) == 401


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.7"])
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X_Forwarded_For", "127.0.0.1"),
        ("X_Forwarded_For", "192.0.2.7"),
        ("Forwarded", "for=127.0.0.1"),
        ("X_Real_IP", "127.0.0.1"),
        ("Via", "1.1 proxy"),
        ("X_Forwarded_Proto", "https"),
        ("X_Forwarded_Host", "localhost"),
    ],
)
def test_what_came_through_a_proxy_is_not_from_here(served: Flask, address: str, header: str, value: str) -> None:
    assert status(served, address, **{header: value}) == 401


@pytest.mark.parametrize("url", ["https://4cat.example.org", "http://localhost.example.org", "http://192.0.2.7:5000"])
def test_what_was_asked_of_another_name_is_not_from_here(served: Flask, url: str) -> None:
    assert status(served, "127.0.0.1", url) == 401


def test_a_token_will_do_from_anywhere(served: Flask, tokens: dict[str, str]) -> None:
    assert status(served, "192.0.2.7", Authorization=f"Bearer {tokens['reader']}") == 200
    assert status(served, "127.0.0.1", Authorization="Bearer wrong") == 401
