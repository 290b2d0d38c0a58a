"""The same done to several users at once."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.errors import InvalidInput
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.each import Outcome, do_to_each
from app.services.user_admin import change_user, get_listed
from app.services.user_delete import delete_user
from app.services.user_tag import read_tag

ACTIONS = {
    "off": say("Switch off"),
    "on": say("Switch on"),
    "tag": say("Give a tag"),
    "untag": say("Take a tag"),
    "delete": say("Delete"),
}
"""What can be done to several users at once."""


def do_to_users(ctx: Context, actor: User, ids: list[int], action: str, tag: str = "") -> Outcome[int]:
    """Do one of `ACTIONS` to each of these users.

    :raises InvalidInput: when there is no such action, or a tag is wanted and it cannot be one
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    if action not in ACTIONS:
        raise InvalidInput({"action": [say("Choose what to do.")]})
    wanted = read_tag(tag) if action in ("tag", "untag") else ""

    def tags_of(user_id: int) -> set[str]:
        return set(get_listed(ctx, actor, user_id).user.tags)

    doers: dict[str, Callable[[int], object]] = {
        "off": lambda user_id: change_user(ctx, actor, user_id, is_active=False),
        "on": lambda user_id: change_user(ctx, actor, user_id, is_active=True),
        "tag": lambda user_id: change_user(ctx, actor, user_id, tags=list(tags_of(user_id) | {wanted})),
        "untag": lambda user_id: change_user(ctx, actor, user_id, tags=list(tags_of(user_id) - {wanted})),
        "delete": lambda user_id: delete_user(ctx, actor, user_id),
    }
    return do_to_each(ids, doers[action])
