"""Datasets as administrators look through them: those of everybody, and what is done to many at once."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.errors import InvalidInput, UserError
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_admin, require_write
from app.services.context import Context
from app.services.dataset import get_dataset, update_dataset
from app.services.dataset_bin import set_expiry, throw_away
from app.services.each import Outcome, do_to_each
from app.services.user import find_user
from app.storage import dataset_admin as listed
from app.storage.database import Row
from app.storage.dataset_admin import Wanted

MOST = 500
"""Datasets to which something can be done at once."""
SHOWN, LISTED = 200, 100_000
"""Datasets that a page shows, and that a list to download has, at most."""
ACTIONS = {
    "private": say("Make private"),
    "public": say("Make public"),
    "owner": say("Give to another owner"),
    "keep": say("Keep, whatever their age"),
    "unkeep": say("Let go at their age"),
    "delete": say("Delete with all made from them"),
}
"""What can be done to several datasets at once."""


def find_datasets(ctx: Context, actor: User, wanted: Wanted, most: int = SHOWN) -> tuple[list[Row], int]:
    """The captures that fit, the newest `most`: each with `owner` and the `bytes` of its family; and how many fit."""
    require_admin(actor)
    return listed.find(ctx.database, wanted, most)


def do_to_datasets(ctx: Context, actor: User, keys: list[str], action: str, owner: str = "") -> Outcome[str]:
    """Do one of `ACTIONS` to each of these datasets.

    :raises InvalidInput: when there is no such action, or no such owner
    """
    require_admin(actor)
    require_write(actor)
    if action not in ACTIONS:
        raise InvalidInput({"action": [say("Choose what to do.")]})
    try:
        heir = find_user(ctx, owner.strip()) if action == "owner" else actor
    except UserError as error:
        raise InvalidInput({"owner": [error.message]}) from None
    doers: dict[str, Callable[[str], object]] = {
        "private": lambda key: update_dataset(ctx, actor, key, is_private=True),
        "public": lambda key: update_dataset(ctx, actor, key, is_private=False),
        "owner": lambda key: listed.hand_over(ctx.database, get_dataset(ctx, actor, key).key, heir.id),
        "keep": lambda key: set_expiry(ctx, actor, key, expires=None, is_kept=True),
        "unkeep": lambda key: set_expiry(ctx, actor, key, expires=None, is_kept=False),
        "delete": lambda key: throw_away(ctx, actor, key),
    }
    return do_to_each(keys, doers[action], MOST)
