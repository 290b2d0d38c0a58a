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
