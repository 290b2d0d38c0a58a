"""Datasets as administrators look through them: those of everybody, and what is done to many at once."""

from __future__ import annotations

from app.domain.errors import InvalidInput, UserError
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.bulk import MOST, common_doers
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.each import Outcome, do_to_each
from app.services.user import find_user
from app.storage import dataset_admin as listed
from app.storage.database import Row
from app.storage.dataset_admin import Wanted

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
    require_given(actor, Right.DATASETS)
    return listed.find(ctx.database, wanted, most)


def do_to_datasets(ctx: Context, actor: User, keys: list[str], action: str, owner: str = "") -> Outcome[str]:
    """Do one of `ACTIONS` to each of these datasets.

    :raises InvalidInput: when there is no such action, or no such owner
    """
    require_given(actor, Right.DATASETS)
    require_write(actor)
    if action not in ACTIONS:
        raise InvalidInput({"action": [say("Choose what to do.")]})
    try:
        heir = find_user(ctx, owner.strip()) if action == "owner" else actor
    except UserError as error:
        raise InvalidInput({"owner": [error.message]}) from None
    doers = common_doers(ctx, actor) | {
        "owner": lambda key: listed.hand_over(ctx.database, get_dataset(ctx, actor, key).key, heir.id),
    }
    return do_to_each(keys, doers[action], MOST)
