"""First run, sign-in, sign-out, and who may see what."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.errors import Conflict
from app.domain.user import User
from app.services.context import Context
from app.services.sign_in import sign_in
from app.services.user import create_first_admin
from app.web.page import is_local
from tests.conftest import PASSWORD, finished_posts, with_settings
from tests.web.conftest import SignIn, csrf_of


@pytest.mark.parametrize("path", ["/", "/datasets", "/login", "/create", "/nowhere"])
def test_every_page_leads_to_the_first_run(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (303, "/first-run")


def test_first_run_makes_an_administrator_and_signs_in(client: FlaskClient, ctx: Context) -> None:
    token = csrf_of(client, "/first-run")
    values = {"csrf_token": token, "name": "grace", "password": PASSWORD, "repeated": PASSWORD}
    answer = client.post("/first-run", data=values)
    assert (answer.status_code, answer.location) == (303, "/datasets")
    assert sign_in(ctx, "grace", PASSWORD).is_admin
    assert client.get("/control").status_code == 200
    assert client.get("/first-run").location == "/login"


def test_first_run_names_the_site(client: FlaskClient, ctx: Context) -> None:
    token = csrf_of(client, "/first-run")
    values = {"csrf_token": token, "name": "grace", "password": PASSWORD, "repeated": PASSWORD, "accent": "teal"}
    assert client.post("/first-run", data={**values, "site": "x" * 61}).status_code == 422
    assert client.post("/first-run", data={**values, "site": "Our lab"}).status_code == 303
    assert ctx.site_settings() == {"texts.name": "Our lab", "looks.accent": "teal"}


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"name": "", "password": PASSWORD, "repeated": PASSWORD}, "name", "Give a name"),
        ({"name": "g", "password": "short", "repeated": "short"}, "password", "at least 8"),
        ({"name": "g", "password": PASSWORD, "repeated": "other"}, "repeated", "not the same"),
    ],
)
def test_first_run_names_the_wrong_field(
    client: FlaskClient, values: dict[str, str], field: str, sentence: str
) -> None:
    answer = client.post("/first-run", data={**values, "csrf_token": csrf_of(client, "/first-run")})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert sentence in answer.text


def test_only_one_of_two_first_runs_wins(ctx: Context) -> None:
    def try_it(name: str) -> str:
        try:
            return create_first_admin(ctx, name, PASSWORD).name
        except Conflict:
            return "late"

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(try_it, ["a", "b", "c", "d"]))
    assert sorted(made)[-3:] == ["late"] * 3


def test_anonymous_visitors_sign_in_and_come_back(client: FlaskClient, admin: User) -> None:
    answer = client.get("/datasets?q=tea")
    assert answer.location == "/login?next=/datasets?q%3Dtea"
    token = csrf_of(client, answer.location)
    values = {"csrf_token": token, "name": "ada", "password": PASSWORD, "next": "/datasets?q=tea"}
    assert client.post("/login", data=values).location == "/datasets?q=tea"


def test_htmx_of_an_expired_session_leads_to_the_sign_in(client: FlaskClient, admin: User) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/datasets?whose=all"}
    answer = client.get("/datasets/abc/tree", headers=headers)
    assert answer.headers["HX-Redirect"] == "/login?next=/datasets?whose%3Dall"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("/datasets", True),
        ("/datasets?q=a%20b", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("/a\r\nX: 1", False),
        ("", False),
        (None, False),
    ],
)
def test_only_local_links_are_followed(url: str | None, local: bool) -> None:
    assert is_local(url) is local


def test_a_wrong_password_is_refused(client: FlaskClient, admin: User) -> None:
    values = {"csrf_token": csrf_of(client, "/login"), "name": "ada", "password": "wrong password"}
    answer = client.post("/login", data=values)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert 'value="ada"' in answer.text


def test_passwords_cannot_be_tried_without_end(client: FlaskClient, admin: User) -> None:
    token = csrf_of(client, "/login")
    values = {"csrf_token": token, "name": "ada", "password": "wrong"}
    statuses = [client.post("/login", data=values).status_code for _ in range(12)]
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429] * 2


def test_signing_out_ends_the_session(ada: FlaskClient) -> None:
    assert ada.get("/datasets").status_code == 200
    ada.change("/logout")
    assert ada.get("/datasets").status_code == 303


def test_cookies_are_kept_from_scripts_and_other_sites(client: FlaskClient, admin: User) -> None:
    values = {"csrf_token": csrf_of(client, "/login"), "name": "ada", "password": PASSWORD}
    cookies = client.post("/login", data=values).headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_changes_need_the_token_of_the_page(app: Flask, ada: FlaskClient) -> None:
    changing = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = [rule.rule for rule in changing if not rule.rule.startswith("/api")]
    assert len(paths) > 10
    for path in paths:
        address = re.sub(r"<int:\w+>", "1", path).replace("<", "").replace(">", "")
        answer = ada.post(address)
        assert answer.status_code == 400, address
        assert "open for too long" in answer.text


def test_private_datasets_of_others_are_not_there(visit: SignIn, ctx: Context, admin: User, user: User) -> None:
    dataset = finished_posts(ctx, admin)
    other = visit(user)
    for path in ("", "/tree", "/rows", "/log", "/analyses", "/chart.svg", "/network.json", "/frame"):
        expected = 286 if path == "/tree" else 404
        assert other.get(f"/datasets/{dataset.key}{path}").status_code == expected, path
    assert other.change(f"/datasets/{dataset.key}/delete").status_code == 404
    assert dataset.label not in other.get("/datasets?whose=all").text


def test_shared_datasets_can_be_seen_but_not_changed(visit: SignIn, ctx: Context, admin: User, user: User) -> None:
    dataset = finished_posts(ctx, admin)
    visit(admin).change(f"/datasets/{dataset.key}/privacy", private="no")
    other = visit(user)
    page = other.get(f"/datasets/{dataset.key}")
    assert page.status_code == 200
    assert "/rename" not in page.text
    assert other.change(f"/datasets/{dataset.key}/rename", label="Mine now").status_code == 403
    listed = other.get("/datasets?whose=all").text
    assert dataset.label in listed
    assert "· ada" in listed


def test_the_control_panel_is_for_administrators(ada: FlaskClient, ursula: FlaskClient) -> None:
    assert "servers answer" in ada.get("/control").text
    assert ursula.get("/control").status_code == 403


def test_signing_in_works_while_redis_is_away(ctx: Context, admin: User) -> None:
    from app.factory import create_app

    without = with_settings(ctx, redis_url="redis://127.0.0.1:1/0")
    browser = create_app(without.settings, without).test_client()
    values = {"csrf_token": csrf_of(browser, "/login"), "name": "ada", "password": PASSWORD}
    assert browser.post("/login", data=values).status_code == 303
    assert browser.get("/datasets").status_code == 200
