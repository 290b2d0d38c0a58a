"""Visitors known by where they come from: without limits, or let in without a password."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.errors import InvalidInput, NotAllowed
from app.domain.share import Role
from app.domain.user import AUTOLOGIN, User
from app.factory import create_app
from app.services.context import Context
from app.services.notification import send
from app.services.person_setting import Whose, change_person_settings
from app.services.share import share_dataset
from app.services.token import create_token, list_tokens
from app.services.user import create_user, find_user, set_password, shared_user
from app.storage import user as users
from tests.api.test_access import ACCESS, ROLES, body_of, path_of
from tests.conftest import PASSWORD, import_posts, with_settings
from tests.name_server import name_server
from tests.results import store_table

LAB, STRANGER = "192.0.2.10", "198.51.100.7"
Build = Callable[..., Flask]


@pytest.fixture(scope="module")
def dns_server() -> Iterator[str]:
    with name_server() as (place, _):
        yield place


@pytest.fixture
def build(ctx: Context, dns_server: str, admin: User) -> Build:
    """The application with other settings; visitors named in example.org are let in unless these say otherwise."""

    def made(**changes: object) -> Flask:
        given = {"autologin": ("*.example.org",), "dns_server": dns_server, "dns_seconds": 10.0, **changes}
        changed = with_settings(ctx, **given)
        return create_app(changed.settings, changed)

    return made


def ask(app: Flask, address: str, path: str = "/api/account", method: str = "GET", **more: Any) -> TestResponse:
    return app.test_client().open(path, method=method, environ_overrides={"REMOTE_ADDR": address}, **more)


def test_whose_name_is_on_the_list_is_let_in(build: Build) -> None:
    app = build()
    addresses = (LAB, "::ffff:192.0.2.10", "192.0.2.11", "192.0.2.14", STRANGER, "")
    answers = {address: ask(app, address) for address in addresses}
    assert [answer.status_code for answer in answers.values()] == [200, 200, 401, 401, 401, 401]
    assert (answers[LAB].json["name"], answers[LAB].json["is_admin"]) == ("autologin", False)


def test_nobody_is_let_in_unless_set(app: Flask, admin: User) -> None:
    assert ask(app, "127.0.0.1").status_code == 401


KNOWN = ("10.0.0.0/8",)
# Which proxies are trusted, whose connection it is, what X-Forwarded-For says, and the status.
FORWARDED: list[tuple[object, str, str | None, int]] = [
    (0, STRANGER, LAB, 401),  # anybody can claim an address
    (0, LAB, STRANGER, 200),
    (1, "10.0.0.1", f"{LAB}, {STRANGER}", 401),  # the proxy added the last one
    (1, "10.0.0.1", f"{STRANGER}, {LAB}", 200),
    (2, "10.0.0.1", f"{LAB}, {STRANGER}, 10.0.0.2", 401),
    (2, "10.0.0.1", f"{STRANGER}, {LAB}, 10.0.0.2", 200),
    (KNOWN, STRANGER, LAB, 401),  # which is no proxy of ours
    (KNOWN, LAB, STRANGER, 200),
    (KNOWN, "10.0.0.1", LAB, 200),
    (KNOWN, "10.0.0.1", f"{LAB}, {STRANGER}", 401),
    (KNOWN, "10.0.0.1", f"{LAB}, {STRANGER}, 10.0.0.2", 401),
    (KNOWN, "10.0.0.1", f"{STRANGER}, {LAB}, 10.0.0.2", 200),
    (KNOWN, "10.0.0.1", f"{LAB}, unknown", 401),
    (KNOWN, "10.0.0.1", None, 401),
    (("10.0.0.1",), "::ffff:10.0.0.1", LAB, 200),
]


def test_only_trusted_proxies_are_believed(build: Build) -> None:
    apps = {trusted: build(trusted_proxies=trusted) for trusted in {row[0] for row in FORWARDED}}
    for trusted, connection, forwarded, expected in FORWARDED:
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        answer = ask(apps[trusted], connection, headers=headers)
        assert answer.status_code == expected, (trusted, connection, forwarded)


def test_known_proxies_say_how_the_site_is_called(build: Build, ctx: Context, user: User) -> None:
    app = build(trusted_proxies=("10.0.0.0/8",))
    shared = import_posts(ctx, user, is_private=False)
    said = {"X-Forwarded-For": LAB, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "4cat.example.org"}
    urls = [ask(app, who, f"/api/datasets/{shared.key}", headers=said).json["url"] for who in ("10.0.0.1", LAB)]
    assert urls == [f"{site}/datasets/{shared.key}" for site in ("https://4cat.example.org", "http://localhost")]


SECRET = "a secret of the proxy"
PROXY = {"X-4CAT-Config-Via-Proxy": SECRET, "X-4CAT-Config-Tag": "Students"}
# Which proxies are trusted, whose connection it is, what is sent, and whether the tag counts.
TAGGED: list[tuple[object, str, dict[str, str], bool]] = [
    (("10.0.0.0/8",), "10.0.0.1", PROXY, True),
    (1, "10.0.0.1", PROXY, True),
    (0, LAB, PROXY, False),  # no proxy is trusted
    (("10.0.0.0/8",), LAB, PROXY, False),  # which is no proxy of ours
    (1, "10.0.0.1", {**PROXY, "X-4CAT-Config-Via-Proxy": SECRET + "x"}, False),
    (1, "10.0.0.1", {"X-4CAT-Config-Tag": "students"}, False),
    (1, "10.0.0.1", {**PROXY, "X-4CAT-Config-Tag": "students, staff"}, False),
    (1, "10.0.0.1", {**PROXY, "X-4CAT-Config-Tag": "staff"}, False),
]


def test_a_trusted_proxy_with_the_secret_gives_a_tag_and_nobody_else(
    build: Build, ctx: Context, admin: User, user: User
) -> None:
    shared = import_posts(ctx, user)
    change_person_settings(ctx, admin, Whose(tag="students"), {"rights.tokens": False, "rights.see_private": True})
    share_dataset(ctx, user, shared.key, Role.VIEWER, tag="students")
    send(ctx, admin, "Hello, students.", tag="students")
    hidden = import_posts(ctx, admin)
    otto = create_user(ctx, "otto")
    token = {"Authorization": f"Bearer {create_token(ctx, otto, 'script')[1]}"}
    apps = {row[0]: build(trusted_proxies=row[0], proxy_secret=SECRET) for row in TAGGED}

    def ask_all(app: Flask, who: str, said: dict[str, str]) -> tuple[int, int, int, int]:
        """Whether otto sees what is shared with the tag and what is not, how many messages, and may make tokens."""
        headers = {**token, **said, "X-Forwarded-For": STRANGER}
        seen = [ask(app, who, f"/api/datasets/{found.key}", headers=headers).status_code for found in (shared, hidden)]
        messages = ask(app, who, "/api/notifications", headers=headers).json
        made = ask(app, who, "/api/tokens", "POST", headers=headers, json={"name": "more"})
        return seen[0], seen[1], len(messages), made.status_code

    for trusted, who, said, counts in TAGGED:
        expected = (200, 404, 1, 403) if counts else (404, 404, 0, 201)
        assert ask_all(apps[trusted], who, said) == expected, (trusted, who, said)
    without = build(trusted_proxies=1)
    assert ask_all(without, "10.0.0.1", {**PROXY, "X-4CAT-Config-Via-Proxy": ""}) == (404, 404, 0, 201)


def test_who_is_exempt_is_not_limited(build: Build) -> None:
    app = build(rate_limit="1 per minute", queue_prefix="free", rate_limit_exempt=("lab-7.example.org",))
    assert {ask(app, LAB).status_code for _ in range(3)} == {200}
    forged = {"X-Forwarded-For": LAB}
    assert [ask(app, STRANGER, "/api/status", headers=forged).status_code for _ in range(2)] == [200, 429]


def test_who_shares_an_account_is_counted_by_address(build: Build) -> None:
    app = build(rate_limit="1 per minute", queue_prefix="shared", autologin=("192.0.2.0/24", "2001:db8::/32"))
    assert [ask(app, LAB).status_code for _ in range(2)] == [200, 429]
    assert ask(app, "192.0.2.11").status_code == 200
    assert [ask(app, f"2001:db8::{n}").status_code for n in range(2)] == [200, 429], "one network, one visitor"


def test_they_may_do_what_any_user_may_but_for_what_is_personal(
    build: Build, ctx: Context, user: User, tmp_path: Path
) -> None:
    app, expected, found = build(), {}, {}
    for number, (route, statuses) in enumerate(sorted(ACCESS.items())):
        method, path = route
        folder = tmp_path / str(number)
        folder.mkdir()
        posts = store_table(ctx, user, folder)
        address = path_of(path, posts.key, method)
        if path == "/api/statistics":  # which those on the machine itself may ask
            continue
        answer = ask(app, LAB, address, method, **body_of(method, path, posts.key))
        is_personal = path.startswith("/api/tokens") or path == "/api/request-token/"
        is_personal |= path.startswith("/api/account") and method != "GET"
        found[route], expected[route] = answer.status_code, 403 if is_personal else statuses[ROLES.index("other")]
        answer.close()
    assert found == expected


def test_what_they_make_is_theirs_together(build: Build, ctx: Context, user: User) -> None:
    app = build()
    made = ask(app, LAB, "/api/datasets/upload", "POST", data={"file": (io.BytesIO(b"id,body\n1,tea\n"), "tea.csv")})
    assert (made.status_code, made.json["owner"], made.json["is_private"]) == (202, AUTOLOGIN, True)
    key = made.json["key"]
    assert ask(app, "192.0.2.13", f"/api/datasets/{key}").status_code == 200
    secret = create_token(ctx, user, "t")[1]
    assert ask(app, LAB, f"/api/datasets/{key}", headers={"Authorization": f"Bearer {secret}"}).status_code == 404
    mine = import_posts(ctx, user)
    assert ask(app, LAB, f"/api/datasets/{mine.key}").status_code == 404
    assert ask(app, LAB, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_another_web_site_cannot_use_their_browser(build: Build) -> None:
    app = build()
    for headers, expected in (
        ({}, 202),  # a script
        ({"Origin": "http://localhost"}, 202),
        ({"Origin": "https://evil.example.net"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"X-CSRFToken": "wrong"}, 400),
    ):
        file = {"file": (io.BytesIO(b"id,body\n1,tea\n"), "tea.csv")}
        answer = ask(app, LAB, "/api/datasets/upload", "POST", data=file, headers=headers)
        assert answer.status_code == expected, (headers, answer.text)


def test_never_an_administrator(build: Build, ctx: Context) -> None:
    app = build()
    assert ask(app, LAB).status_code == 200
    for column, value in (("is_admin", "true"), ("is_active", "false"), ("password_hash", "'x'")):
        ctx.database.run(f"UPDATE users SET {column} = {value} WHERE name = 'autologin'")
        assert ask(app, LAB).status_code == 401, column
        assert shared_user(ctx) is None
        ctx.database.run(f"UPDATE users SET {column} = DEFAULT WHERE name = 'autologin'")
    assert ask(app, LAB).status_code == 200


def test_nobody_else_can_have_the_name(ctx: Context) -> None:
    for name in ("autologin", "AutoLogin"):
        with pytest.raises(InvalidInput, match="let in without a password"):
            create_user(ctx, name, PASSWORD)
    shared = shared_user(ctx)
    assert shared is not None
    assert shared == find_user(ctx, "autologin")
    with pytest.raises(InvalidInput):
        set_password(ctx, "autologin", PASSWORD)
    with pytest.raises(NotAllowed, match="Sign in with your own"):
        create_token(ctx, shared, "t")
    with pytest.raises(NotAllowed):
        list_tokens(ctx, shared)


def test_an_older_account_of_that_name_lets_nobody_in(build: Build, ctx: Context) -> None:
    users.insert(ctx.database, "Autologin", None, is_admin=False)
    assert ask(build(), LAB).status_code == 401


class Lab(FlaskClient):
    """A browser in the lab."""

    def open(self, *args: Any, **more: Any) -> TestResponse:
        return super().open(*args, **{"environ_overrides": {"REMOTE_ADDR": LAB}, **more})

    def csrf(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        assert found, path
        return found[1]


def test_pages_let_them_in_and_let_them_sign_in(build: Build, user: User) -> None:
    app = build()
    app.test_client_class = Lab
    browser = app.test_client()
    assert browser.get("/datasets").status_code == 200
    page = browser.get("/account").text
    assert "you share this account" in page
    assert "Make a token" not in page
    assert 'type="password"' not in page
    token = browser.csrf("/login")
    assert browser.post("/account/tokens", data={"name": "t", "csrf_token": token}).status_code == 403
    refused = browser.post("/account/password", data={"password": PASSWORD, "csrf_token": token})
    assert refused.status_code == 403
    assert browser.get("/control").status_code == 403
    signed_in = browser.post("/login", data={"name": user.name, "password": PASSWORD, "csrf_token": token})
    assert signed_in.status_code == 303
    assert "Make a token" in browser.get("/account").text
    browser.post("/logout", data={"csrf_token": browser.csrf("/account")})
    assert "you share this account" in browser.get("/account").text
    assert app.test_client().get("/account", environ_overrides={"REMOTE_ADDR": STRANGER}).status_code == 303
