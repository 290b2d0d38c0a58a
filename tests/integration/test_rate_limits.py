"""Limits of the API, counted together by the processes of the real web server."""

from __future__ import annotations

import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from flask import Flask

from app.domain.user import User
from app.limits import SharedLimiter, init_limits
from app.local.valkey import Valkey
from app.services.context import Context
from app.services.token import create_token
from app.settings import Settings
from tests.conftest import Starter, wait_for
from tests.serving import serve

CLIENTS = 50


def ask(url: str, secret: str, method: str, path: str, times: int) -> list[requests.Response]:
    """The answers to one client that asks without a pause."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {secret}"
        body = {"json": {"name": " "}} if method == "POST" else {}
        return [session.request(method, f"{url}{path}", timeout=60, **body) for _ in range(times)]  # type: ignore[arg-type]


def ask_together(url: str, secret: str, method: str, path: str, times: int) -> list[requests.Response]:
    """The answers to 50 clients that ask at the same moment."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask, url, secret, method, path, times) for _ in range(CLIENTS)]
        return [answer for client in asking for answer in client.result()]


@pytest.fixture
def secrets(ctx: Context, user: User, admin: User) -> tuple[str, str]:
    return create_token(ctx, user, "t")[1], create_token(ctx, admin, "t")[1]


def test_exactly_so_many_requests_of_each_kind_pass(start: Starter, secrets: tuple[str, str]) -> None:
    mine, theirs = secrets
    url = serve(start, QUEUE_PREFIX="exact", RATE_LIMIT="120 per hour", RATE_LIMIT_CREATE="40 per hour")
    for method, passed, limit in (("GET", 200, 120), ("POST", 422, 40)):
        answers = ask_together(url, mine, method, "/api/tokens", 5)
        assert Counter(answer.status_code for answer in answers) == {passed: limit, 429: 5 * CLIENTS - limit}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["X-RateLimit-Limit"] == str(limit)
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert 3000 < int(refused.headers["Retry-After"]) <= 3601
        assert ask(url, theirs, method, "/api/tokens", 1)[0].status_code == passed
    good = [answer for answer in ask_together(url, theirs, "GET", "/api/account", 2) if answer.ok]
    assert len({answer.headers["X-RateLimit-Remaining"] for answer in good}) > 1
    assert all("Retry-After" not in answer.headers for answer in good)


def test_requests_that_find_redis_away_at_the_same_moment_are_all_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server takes a connection of every thread and cuts them all at once, as a Redis that is killed does."""
    threads, limit = 12, 5
    limiter = SharedLimiter(key_func=lambda: "somebody")
    monkeypatch.setattr("app.limits.limiter", limiter)
    with socket.create_server(("127.0.0.1", 0)) as server:
        app = Flask("counted")
        port = server.getsockname()[1]
        init_limits(app, replace(settings, redis_url=f"redis://127.0.0.1:{port}", web_threads=threads))
        app.add_url_rule("/", "counted", limiter.limit(f"{limit} per hour")(lambda: "passed"))
        with ThreadPoolExecutor(threads) as pool:
            asking = [pool.submit(app.test_client().get, "/") for _ in range(threads)]
            cut = [server.accept()[0] for _ in range(threads)]
            server.close()
            for connection in cut:
                connection.close()
            counted = Counter(answer.result().status_code for answer in asking)
    assert counted == {200: limit, 429: threads - limit}


def test_the_api_answers_while_redis_is_away_and_counts_together_again_afterwards(
    ctx: Context, user: User, start: Starter, tmp_path: Path
) -> None:
    redis = Valkey(tmp_path / "redis", tmp_path / "redis.log", "secret")
    redis.start()
    try:
        url = serve(start, REDIS_URL=redis.url, RATE_LIMIT="30 per hour")
        before = ask(url, create_token(ctx, user, "before")[1], "GET", "/api/account", 5)
        assert [int(answer.headers["X-RateLimit-Remaining"]) for answer in before] == [29, 28, 27, 26, 25]
        redis.stop()
        away = ask_together(url, create_token(ctx, user, "away")[1], "GET", "/api/account", 2)
        counted = Counter(answer.status_code for answer in away)
        assert set(counted) == {200, 429}
        assert 30 <= counted[200] <= 60  # each of the two processes lets 30 pass
        redis.start(redis.port)

        def passed() -> int:
            secret = create_token(ctx, user, "after")[1]
            return sum(answer.ok for answer in ask_together(url, secret, "GET", "/api/account", 1))

        wait_for(lambda: passed() == 30, "one count for both processes", 60)
        assert passed() == 30
    finally:
        redis.stop()
