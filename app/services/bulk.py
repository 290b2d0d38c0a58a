"""The same done to many datasets at once: each by itself, so that one that refuses does not hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.domain.share import Role
from app.domain.user import User
from app.services.access import require_write
from app.services.context import Context
from app.services.dataset import update_dataset
from app.services.dataset_bin import bring_back, delete_dataset, set_expiry, throw_away
from app.services.each import Outcome, do_to_each
from app.services.mark import read_tags, set_favourite, set_tags
from app.services.share import share_with

MOST = 500
"""Datasets to which something can be done at once."""


def do_to_all(
    ctx: Context,
    actor: User,
    keys: Sequence[str],
    action: str,
    *,
    tags: Sequence[str] = (),
    names: Sequence[str] = (),
    role: Role = Role.VIEWER,
) -> Outcome[str]:
    """Do one of `ACTIONS` to datasets: `tags` for the action `tag`, `names` and `role` for `share`.

    :raises InvalidInput: when a tag cannot be one
    :raises NotAllowed: with a token that may only read
    """
    require_write(actor)
    wanted = read_tags(tags)
    doers = common_doers(ctx, actor) | {
        "favourite": lambda key: set_favourite(ctx, actor, key, is_favourite=True),
        "unfavourite": lambda key: set_favourite(ctx, actor, key, is_favourite=False),
        "tag": lambda key: set_tags(ctx, actor, key, wanted, keep=True),
        "share": lambda key: share_with(ctx, actor, [key], role, names),
        "restore": lambda key: bring_back(ctx, actor, key),
        "purge": lambda key: delete_dataset(ctx, actor, key),
    }
    return do_to_each(keys, doers[action], MOST)


def common_doers(ctx: Context, actor: User) -> dict[str, Callable[[str], object]]:
    """What owners and administrators do alike to one of many datasets, by the name of the action."""
    return {
        "private": lambda key: update_dataset(ctx, actor, key, is_private=True),
        "public": lambda key: update_dataset(ctx, actor, key, is_private=False),
        "keep": lambda key: set_expiry(ctx, actor, key, expires=None, is_kept=True),
        "unkeep": lambda key: set_expiry(ctx, actor, key, expires=None, is_kept=False),
        "delete": lambda key: throw_away(ctx, actor, key),
    }


ACTIONS = (
    "favourite",
    "unfavourite",
    "tag",
    "private",
    "public",
    "share",
    "keep",
    "unkeep",
    "delete",
    "restore",
    "purge",
)
"""What can be done to many datasets at once."""
