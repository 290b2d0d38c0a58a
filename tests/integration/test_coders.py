"""Who has coded is known by name: it goes along with the account, and nobody inherits it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import InvalidInput
from app.domain.user import User
from app.services.annotation import create_field, list_codes
from app.services.annotation_file import save_codes
from app.services.context import Context
from app.services.user import change_profile, create_user
from app.services.user_delete import delete_user
from tests.results import store_table


def code(ctx: Context, actor: User, key: str, value: str, coder: str = "") -> None:
    """Note down a stance for the first post."""
    save_codes(ctx, actor, key, [(1, {"item": "1", "field": "stance", "value": value, "coder": coder})])


def seen(ctx: Context, actor: User, key: str) -> list[tuple[str, str]]:
    """What an account sees: each value with its coder."""
    return [(found.coder, found.value) for found in list_codes(ctx, actor, key)[0]]


@pytest.fixture
def posts(ctx: Context, admin: User, tmp_path: Path) -> str:
    """The key of posts that all may code, blind."""
    key = store_table(ctx, admin, tmp_path, is_private=False).key
    create_field(ctx, admin, key, name="stance", kind="text", is_blind=True, is_open=True)
    return key


def test_values_stay_with_an_account_that_is_renamed(ctx: Context, admin: User, user: User, posts: str) -> None:
    code(ctx, user, posts, "pro")
    renamed = change_profile(ctx, user, "n" * 100, "")
    assert seen(ctx, renamed, posts) == [("n" * 100, "pro")]
    code(ctx, renamed, posts, "con", coder=renamed.name)
    assert seen(ctx, admin, posts) == [("n" * 100, "con")]
    create_user(ctx, "ursula")


def test_nobody_takes_the_name_of_another_coder(ctx: Context, admin: User, user: User, posts: str) -> None:
    code(ctx, admin, posts, "pro", coder="somebody outside")
    with pytest.raises(InvalidInput, match="Annotations stand under this name"):
        change_profile(ctx, user, "somebody outside", "")
    assert change_profile(ctx, user, user.name, "ursula@example.org").email == "ursula@example.org"


def test_who_is_called_like_an_account_that_is_gone_sees_nothing_of_it(
    ctx: Context, admin: User, user: User, posts: str
) -> None:
    code(ctx, user, posts, "pro")
    assert delete_user(ctx, admin, user.id)
    second = create_user(ctx, "ursula")
    assert seen(ctx, second, posts) == []
    code(ctx, second, posts, "con")
    assert delete_user(ctx, admin, second.id)
    assert seen(ctx, admin, posts) == [("ursula (deleted 2)", "con"), ("ursula (deleted)", "pro")]
