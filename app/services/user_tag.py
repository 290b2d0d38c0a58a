"""User tags: groups of people, such as a course, that datasets are shared with. Administrators give and take them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import InvalidInput, NotFound
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.grant import giving_nothing_new, require_reach
from app.services.user import find_user
from app.storage import person_setting
from app.storage import user_tag as user_tags
from app.storage.database import Transaction

_TAG = re.compile(r"\w[\w.-]{0,49}")
_GIVES = (Right.TAGS, Right.USERS)
_LISTS = (*_GIVES, Right.SETTINGS, Right.MESSAGES)
"""The rights of which each lets one give tags to people, and see which there are."""
_EXPECTED = say("Use letters, digits, hyphens, dots and underscores, at most 50, and begin with a letter or digit.")


def is_tag(text: str) -> bool:
    """Whether a text can be a tag, as it is kept."""
    return bool(_TAG.fullmatch(text)) and text == text.lower()


def read_tag(given: str) -> str:
    """A tag as it is kept: in small letters. :raises InvalidInput: when it cannot be one"""
    tag = given.strip().lower()
    if not _TAG.fullmatch(tag):
        raise InvalidInput(
            {"tag": [say("“{given}” cannot be a tag. {expected}", given=given.strip()[:60], expected=_EXPECTED)]}
        )
    return tag


def assign_tag(ctx: Context, actor: User, name: str, tag: str) -> User:
    """Put the user of a name into the group of a tag, which need not have existed; the user with all their tags.

    :raises NotFound: when there is no such user
    :raises InvalidInput: when it cannot be a tag
    """
    require_given(actor, *_GIVES)
    require_write(actor)
    wanted = read_tag(tag)
    with _change(ctx, actor, name) as (tx, user):
        user_tags.insert(tx, user.id, wanted)
    return find_user(ctx, name)


def remove_tag(ctx: Context, actor: User, name: str, tag: str) -> User:
    """Take the user of a name out of the group of a tag; the user with the tags that are left.

    :raises NotFound: when there is no such user, or they do not have this tag
    """
    require_given(actor, *_GIVES)
    require_write(actor)
    with _change(ctx, actor, name) as (tx, user):
        if not user_tags.delete(tx, user.id, tag.strip().lower()):
            raise NotFound(say("{name} does not have the tag “{tag}”.", name=name, tag=tag.strip()))
    return find_user(ctx, name)


@contextmanager
def _change(ctx: Context, actor: User, name: str) -> Iterator[tuple[Transaction, User]]:
    user = find_user(ctx, name)
    require_reach(actor, user)
    with ctx.database.transaction() as tx, giving_nothing_new(tx, actor):
        yield tx, user


def delete_tag(ctx: Context, actor: User, tag: str) -> None:
    """Take a tag away from everybody, with what is set for it; what was shared with it is so no longer.

    :raises NotFound: when nobody has it, and nothing is set for it
    """
    require_given(actor, Right.TAGS)
    require_write(actor)
    wanted = tag.strip().lower()
    with ctx.database.transaction() as tx, giving_nothing_new(tx, actor):
        had, was_set = user_tags.delete_all(tx, wanted), person_setting.forget_tag(tx, wanted)
        if not had and not was_set:
            raise NotFound(say("Nobody has the tag “{tag}”.", tag=tag.strip()))


def list_tags(ctx: Context, actor: User) -> dict[str, int]:
    """Every tag by name, with how many people have it."""
    require_given(actor, *_LISTS)
    return {row["tag"]: row["users"] for row in user_tags.counts(ctx.database)}


def tags_to_share_with(ctx: Context, actor: User) -> list[str]:
    """The tags that are offered to somebody who shares: their own, and to who may list them all."""
    return list(list_tags(ctx, actor)) if actor.has(*_LISTS) else list(actor.tags)


def members_of(ctx: Context, actor: User, tag: str) -> list[str]:
    """The names of those who have a tag."""
    require_given(actor, *_GIVES, Right.SETTINGS)
    return user_tags.members(ctx.database, tag.strip().lower())
