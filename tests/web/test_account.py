"""Tokens, the password, and what else is one's own."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.domain.errors import NotSignedIn
from app.domain.user import User
from app.services.context import Context
from app.services.sign_in import sign_in
from app.services.token import list_tokens, use_token
from app.services.user import create_user, find_user, set_password
from tests.conftest import PASSWORD
from tests.web.conftest import SignIn


def test_a_token_is_shown_once_and_works(ada: FlaskClient, ctx: Context, admin: User) -> None:
    answer = ada.change("/account/tokens", name="notebook", days="30", read_only="on")
    secret = re.search(r'value="(4cat_[^"]+)"', answer.text)
    assert secret
    assert use_token(ctx, secret[1]).read_only
    page = ada.get("/account").text
    assert "notebook" in page
    assert secret[1] not in page


def test_a_token_can_be_revoked_by_its_owner_only(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, admin: User
) -> None:
    ada.change("/account/tokens", name="notebook")
    token = list_tokens(ctx, admin)[0]
    assert ursula.change(f"/account/tokens/{token.id}/revoke").status_code == 404
    assert ada.change(f"/account/tokens/{token.id}/revoke").status_code == 303
    assert list_tokens(ctx, admin) == []


def test_how_long_a_token_may_live_is_offered(ada: FlaskClient, ursula: FlaskClient, ctx: Context, user: User) -> None:
    offered = re.findall(r'<option value="(\d*)"( selected)?>', ursula.get("/account").text)
    assert [value for value, _ in offered if value] == ["7", "30", "90", "365", "730"]
    assert "It never expires" not in ursula.get("/account").text
    assert "It never expires" in ada.get("/account").text
    ursula.change("/account/tokens", name="short", days="7")
    ursula.change("/account/tokens", name="forged", days="")
    lives = {token.name: (token.expires - token.created).days for token in list_tokens(ctx, user) if token.expires}
    assert {name: round(days, -1) for name, days in lives.items()} == {"short": 10, "forged": 360}
    ctx.database.run("UPDATE tokens SET expires = now() - interval '1 minute' WHERE name = 'short'")
    assert ursula.get("/account").text.count("(expired)") == 1


def test_administrators_see_and_revoke_all_tokens(
    ada: FlaskClient, ursula: FlaskClient, ctx: Context, user: User
) -> None:
    ursula.change("/account/tokens", name="<notebook>", read_only="on")
    ada.change("/account/tokens", name="munin")
    assert ursula.get("/control/tokens").status_code == 403
    assert 'href="/control/tokens"' in ada.get("/control").text
    page = ada.get("/control/tokens").text
    assert re.search(r"<td>ursula</td><td>&lt;notebook&gt;</td><td>read</td>", page)
    assert re.search(r"<td>ada</td><td>munin</td><td>read and change</td>", page)
    assert "munin" not in ada.get("/control/tokens?q=URSULA").text
    assert "No token" in ada.get("/control/tokens?q=nobody").text
    token = list_tokens(ctx, user)[0]
    assert ursula.change(f"/control/tokens/{token.id}/revoke").status_code == 303, "her own"
    ursula.change("/account/tokens", name="again")
    token = list_tokens(ctx, user)[0]
    gone = ada.change(f"/control/tokens/{token.id}/revoke", q="ursula")
    assert (gone.status_code, gone.headers["Location"]) == (303, "/control/tokens?q=ursula")
    assert list_tokens(ctx, user) == []


def test_a_token_needs_a_name(ada: FlaskClient) -> None:
    answer = ada.change("/account/tokens", name=" ")
    assert (answer.status_code, 'id="name-error"' in answer.text) == (422, True)


def test_the_password_changes_for_who_knows_it(ada: FlaskClient, ctx: Context) -> None:
    new = "another long secret"
    wrong = ada.change("/account/password", present="wrong", password=new, repeated=new)
    assert (wrong.status_code, "present-error" in wrong.text) == (422, True)
    unlike = ada.change("/account/password", present=PASSWORD, password=new, repeated="else")
    assert "repeated-error" in unlike.text
    short = ada.change("/account/password", present=PASSWORD, password="short", repeated="short")
    assert "password-error" in short.text
    assert ada.change("/account/password", present=PASSWORD, password=new, repeated=new).status_code == 303
    assert sign_in(ctx, "ada", new).name == "ada"


def test_a_new_password_ends_all_other_sessions(visit: SignIn, ctx: Context, admin: User) -> None:
    here, elsewhere = visit(admin), visit(admin)
    new = "another long secret"
    assert here.change("/account/password", present=PASSWORD, password=new, repeated=new).status_code == 303
    assert here.get("/account?changed=password").status_code == 200
    assert elsewhere.get("/account").location == "/login?next=/account"


def test_name_and_address_change_for_who_knows_the_password(ursula: FlaskClient, ctx: Context, user: User) -> None:
    def save(password: str, name: str, email: str) -> str:
        answer = ursula.change("/account/profile", new_name=name, email=email, password_now=password)
        return "" if answer.status_code == 303 else answer.text

    assert 'id="password_now-error"' in save("wrong", "ursula", "u@example.org")
    assert 'id="email-error"' in save(PASSWORD, "ursula", "no address")
    assert 'id="new_name-error"' in save(PASSWORD, "Ada", "u@example.org")
    assert save(PASSWORD, "Ursula K.", "u@example.org") == ""
    assert sign_in(ctx, "ursula k.", PASSWORD).email == "u@example.org"
    create_user(ctx, "otto", email="o@example.org")
    assert "Another account has this e-mail address" in save(PASSWORD, "Ursula K.", "O@example.org")
    assert save(PASSWORD, "Ursula K.", "") == ""
    assert find_user(ctx, "ursula k.").email is None


def test_pages_look_as_one_has_chosen(ursula: FlaskClient) -> None:
    assert "data-theme" not in ursula.get("/datasets").text
    assert ursula.change("/account/looks", theme="dark", time_zone="Europe/Amsterdam").status_code == 303
    assert ' data-theme="dark" data-zone="Europe/Amsterdam">' in ursula.get("/datasets").text
    assert ursula.change("/account/looks", theme="pink", time_zone="").status_code == 422
    assert "no such time zone" in ursula.change("/account/looks", theme="auto", time_zone="Europe/Atlantis").text


def test_a_name_is_locked_after_failures_whoever_has_it(
    ctx: Context, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.sign_in.MOST_FAILURES", 2)

    def try_it(name: str, password: str = "wrong") -> str:
        try:
            return sign_in(ctx, name, password).name
        except NotSignedIn as error:
            return error.message

    said = {name: [try_it(name) for _ in range(3)] for name in ("Ursula", "nobody")}
    assert said["Ursula"] == said["nobody"]
    assert ["locked" in text for text in said["nobody"]] == [False, False, True]
    assert "locked" in try_it("ursula", PASSWORD)
    ctx.database.run("UPDATE sign_in_failures SET latest = now() - interval '16 minutes'")
    assert try_it("ursula", PASSWORD) == "ursula"
    assert [try_it("ursula") for _ in range(2)] == said["nobody"][:2]
    set_password(ctx, "ursula", PASSWORD)
    assert try_it("ursula", PASSWORD) == "ursula"
