"""Nobody comes by a right, for themselves or for others, that they do not have: each way that one might try."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.domain.errors import InvalidInput, NotAllowed
from app.domain.right import PERSON_RULES, Right
from app.domain.user import User
from app.services.context import Context
from app.services.password_link import give_link
from app.services.person_setting import Whose, change_person_settings, has_right, order_tags, resolve
from app.services.site_setting import change_site_settings
from app.services.token import create_token, use_token
from app.services.user import create_user, find_user, shared_user
from app.services.user_admin import change_user, make_user
from app.services.user_bulk import do_to_users
from app.services.user_delete import delete_user
from app.services.user_tag import assign_tag, delete_tag, remove_tag
from tests.conftest import PASSWORD, with_settings
from tests.results import store_table

Make = Callable[..., User]


@pytest.fixture
def holder(ctx: Context, admin: User) -> Make:
    """Make somebody with some rights, given by an administrator."""

    def make(*rights: Right, name: str = "hilda") -> User:
        made = create_user(ctx, name, PASSWORD)
        change_person_settings(ctx, admin, Whose(user_id=made.id), {right.setting: True for right in rights})
        return find_user(ctx, name)

    return make


def give(ctx: Context, admin: User, tag: str, **rights: bool) -> None:
    """Set rights for a tag."""
    change_person_settings(ctx, admin, Whose(tag=tag), {f"rights.{name}": value for name, value in rights.items()})


def test_rights_come_from_the_person_then_from_their_tags_in_order(ctx: Context, admin: User, user: User) -> None:
    give(ctx, admin, "zeta", admin_users=True, admin_status=True)
    give(ctx, admin, "alpha", admin_users=False)
    for tag in ("zeta", "alpha"):
        assign_tag(ctx, admin, user.name, tag)
    assert find_user(ctx, user.name).rights == {Right.STATUS}  # of the two tags, alpha comes first by name
    order_tags(ctx, admin, ["zeta", "alpha"])
    assert find_user(ctx, user.name).rights == {Right.STATUS, Right.USERS}
    change_person_settings(ctx, admin, Whose(user_id=user.id), {Right.STATUS.setting: False})
    assert find_user(ctx, user.name).rights == {Right.USERS}
    found = resolve(ctx.settings, ctx.database, user.id)
    assert {right for right in Right if found[right.setting].value} == find_user(ctx, user.name).rights


def test_visitors_who_share_an_account_have_no_rights_even_when_given(ctx: Context, admin: User) -> None:
    shared = shared_user(ctx)
    assert shared is not None
    change_person_settings(ctx, admin, Whose(user_id=shared.id), {Right.DATASETS.setting: True})
    again = shared_user(ctx)
    assert again is not None and not again.has(*Right) and not again.has_control


def test_a_token_has_the_rights_of_its_owner_and_one_that_reads_changes_nothing(ctx: Context, holder: Make) -> None:
    hilda = holder(Right.USERS)
    reader = use_token(ctx, create_token(ctx, hilda, "reads", read_only=True)[1])
    assert reader.rights == {Right.USERS}
    with pytest.raises(NotAllowed):
        make_user(ctx, reader, "new")


def test_settings_do_not_give_rights_that_the_actor_lacks(ctx: Context, holder: Make, user: User) -> None:
    hilda = holder(Right.SETTINGS)
    for whose in (Whose(user_id=user.id), Whose(tag="friends")):
        for name in [right.setting for right in Right if right is not Right.SETTINGS]:
            with pytest.raises(NotAllowed):
                change_person_settings(ctx, hilda, whose, {name: True})
        change_person_settings(ctx, hilda, whose, {Right.SETTINGS.setting: True})
    with pytest.raises(NotAllowed):
        change_person_settings(ctx, hilda, Whose(user_id=hilda.id), {"limits.open_jobs": 0})
    assert find_user(ctx, user.name).rights == {Right.SETTINGS}


def test_settings_do_not_give_back_an_ordinary_right(ctx: Context, admin: User, holder: Make, user: User) -> None:
    hilda = holder(Right.SETTINGS)
    change_person_settings(ctx, admin, Whose(user_id=hilda.id), {"rights.capture": False})
    with pytest.raises(NotAllowed):
        change_person_settings(ctx, hilda, Whose(user_id=user.id), {"rights.capture": False})
    with pytest.raises(NotAllowed):
        change_site_settings(ctx, hilda, {"rights.capture": False})
    change_site_settings(ctx, hilda, {"rights.tokens": False, "rights.capture": None})  # the latter as it was
    assert not has_right(ctx, user, "tokens")


def test_no_setting_for_everybody_gives_a_right_of_the_control_panel(ctx: Context, admin: User) -> None:
    for right in Right:
        with pytest.raises(Exception, match="no setting called"):
            change_site_settings(ctx, admin, {right.setting: True})
        assert right.setting in PERSON_RULES


@pytest.mark.parametrize("right", [Right.USERS, Right.TAGS])
def test_tags_that_carry_more_are_not_given(ctx: Context, admin: User, holder: Make, user: User, right: Right) -> None:
    hilda = holder(right)
    give(ctx, admin, "chiefs", admin_settings=True)
    give(ctx, admin, "helpers", **{str(right): True})
    with pytest.raises(NotAllowed):
        assign_tag(ctx, hilda, user.name, "chiefs")
    with pytest.raises(NotAllowed):
        assign_tag(ctx, hilda, hilda.name, "students")  # what is shared with a tag would be theirs to see
    assign_tag(ctx, hilda, user.name, "helpers")
    assert find_user(ctx, user.name).tags == ("helpers",)


def test_users_are_not_made_or_changed_to_have_more(ctx: Context, admin: User, holder: Make, user: User) -> None:
    hilda = holder(Right.USERS)
    give(ctx, admin, "chiefs", admin_settings=True)
    with pytest.raises(NotAllowed):
        make_user(ctx, hilda, "new", tags=("chiefs",))
    with pytest.raises(NotAllowed):
        make_user(ctx, hilda, "new", is_admin=True)
    with pytest.raises(NotAllowed):
        change_user(ctx, hilda, user.id, is_admin=True)
    with pytest.raises(NotAllowed):
        change_user(ctx, hilda, user.id, tags=["chiefs"])
    with pytest.raises(NotAllowed):
        change_user(ctx, hilda, hilda.id, expires="")
    outcome = do_to_users(ctx, hilda, [user.id, hilda.id], "tag", "chiefs")
    assert (outcome.done, outcome.refused) == ([], 2)
    assert not find_user(ctx, user.name).has(*Right)


@pytest.mark.parametrize("taken", ["order", "tag", "user"])
def test_a_tag_that_withholds_a_right_is_not_taken_away(
    ctx: Context, admin: User, holder: Make, user: User, taken: str
) -> None:
    hilda = holder(Right.TAGS)
    give(ctx, admin, "chiefs", admin_settings=True)
    give(ctx, admin, "barred", admin_settings=False)
    for tag in ("chiefs", "barred"):
        assign_tag(ctx, admin, user.name, tag)
    change = {
        "order": lambda: order_tags(ctx, hilda, ["chiefs", "barred"]),
        "tag": lambda: delete_tag(ctx, hilda, "barred"),
        "user": lambda: remove_tag(ctx, hilda, user.name, "barred"),
    }[taken]
    with pytest.raises(NotAllowed):
        change()
    found = find_user(ctx, user.name)
    assert not found.rights and found.tags == ("barred", "chiefs")


def test_accounts_that_may_do_more_are_out_of_reach(ctx: Context, admin: User, holder: Make) -> None:
    hilda, other = holder(Right.USERS), holder(Right.USERS, Right.STATUS, name="otto")
    for target in (admin, other):
        attempts: list[Callable[[], object]] = [
            lambda target=target: give_link(ctx, hilda, target.id),
            lambda target=target: change_user(ctx, hilda, target.id, email="hilda@example.org"),
            lambda target=target: change_user(ctx, hilda, target.id, name="nobody"),
            lambda target=target: change_user(ctx, hilda, target.id, is_active=False),
            lambda target=target: change_user(ctx, hilda, target.id, tags=["students"]),
            lambda target=target: delete_user(ctx, hilda, target.id),
            lambda target=target: assign_tag(ctx, hilda, target.name, "students"),
        ]
        for attempt in attempts:
            with pytest.raises(NotAllowed):
                attempt()
    assert find_user(ctx, admin.name) == admin


def test_an_account_in_use_is_not_taken_over(ctx: Context, holder: Make, user: User) -> None:
    hilda = holder(Right.USERS)
    with pytest.raises(NotAllowed):
        give_link(ctx, hilda, user.id)  # nobody but its owner is to hold it, and no mail can be sent
    with pytest.raises(InvalidInput) as refused:
        change_user(ctx, hilda, user.id, email="hilda@example.org")
    assert "email" in refused.value.fields
    made, path = make_user(ctx, hilda, "new", email="new@example.org")
    assert path and give_link(ctx, hilda, made.id)
    mails = with_settings(ctx, mail_url="smtp://localhost:9", site_url="https://4cat.example.org")
    change_user(ctx, holder(Right.USERS, Right.DATASETS, name="dora"), user.id, email="ursula@example.org")
    assert give_link(mails, hilda, user.id) is None


def test_datasets_of_a_deleted_user_are_not_come_by(ctx: Context, holder: Make, user: User, tmp_path) -> None:  # type: ignore[no-untyped-def]
    hilda = holder(Right.USERS)
    store_table(ctx, user, tmp_path)
    for heir in (None, hilda.name):
        with pytest.raises(NotAllowed):
            delete_user(ctx, hilda, user.id, heir=heir)
    assert find_user(ctx, user.name)
    delete_user(ctx, hilda, create_user(ctx, "gone").id)
