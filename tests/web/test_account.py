"""Tokens and the password."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from app.domain.user import User
from app.services.context import Context
from app.services.token import list_tokens, use_token
from app.services.user import sign_in
from tests.conftest import PASSWORD


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
