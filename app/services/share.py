"""Sharing: with whom a capture, and with it all that was made from it, is shared."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.dataset import Dataset
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.share import Role, Share, holders, person
from app.domain.texts import say
from app.domain.user import User
from app.services.access import owns_family, require_family, require_see, require_share, require_write
from app.services.context import Context
from app.services.user import find_user
from app.storage import dataset as datasets
from app.storage import share as shares
from app.storage import user_tag as user_tags
from app.storage.database import Session

TAG = "tag:"
"""What a name begins with in lists of whom to share with when it is that of a tag."""


def list_shares(ctx: Context, actor: User, key: str) -> list[Share]:
    """With whom the family of a dataset is shared. :raises NotAllowed: when the actor is no owner of it"""
    dataset = datasets.get(ctx.database, key)
    require_family(actor, dataset)
    return shares.list_(ctx.database, dataset.top)


def share_dataset(
    ctx: Context, actor: User, key: str, role: Role, *, user: str | None = None, tag: str | None = None
) -> list[Share]:
    """Share the family of a dataset with a person or with all who have a tag; who has it already gets this role.

    :raises InvalidInput: when nobody is called so, or nobody has the tag
    :raises NotAllowed: when the actor is no owner of it
    """
    named = [name for name in (user, f"{TAG}{tag}" if tag else None) if name]
    if len(named) != 1:
        raise InvalidInput({"user": [say("Name either a user or a tag.")]})
    return share_with(ctx, actor, [key], role, named)[key]


def share_with(
    ctx: Context, actor: User, keys: Sequence[str], role: Role, names: Sequence[str]
) -> dict[str, list[Share]]:
    """Share the families of datasets with people and tags (written `tag:name`), all or none.

    :raises InvalidInput: naming under `user` and `tag` whom nobody knows
    :raises NotAllowed: when the actor is not an owner of all of them
    """
    families = [datasets.get(ctx.database, key) for key in keys]
    for family in families:
        require_share(actor, family)
    with ctx.database.transaction() as tx:
        people, tags = _known(ctx, tx, names)
        for family in families:
            for user in people:
                if user.id != family.family_owner_id:
                    shares.put(tx, family.top, user_id=user.id, role=role)
            for tag in tags:
                shares.put(tx, family.top, tag=tag, role=role)
        return {family.key: shares.list_(tx, family.top) for family in families}


def _known(ctx: Context, db: Session, names: Sequence[str]) -> tuple[list[User], list[str]]:
    """The people and tags of these names."""
    people, tags = [], []
    wrong: dict[str, list[str]] = {}
    for name in dict.fromkeys(name.strip() for name in names if name.strip()):
        if name.startswith(TAG):
            tag = name.removeprefix(TAG).strip().lower()
            tags.append(tag)
            if not user_tags.exists(db, tag):
                wrong.setdefault("tag", []).append(say("Nobody has the tag “{tag}”.", tag=tag))
            continue
        try:
            people.append(find_user(ctx, name))
        except NotFound as error:
            wrong.setdefault("user", []).append(error.message)
    if not people and not tags and not wrong:
        wrong["user"] = [say("Name at least one user or tag.")]
    if wrong:
        raise InvalidInput(wrong, " ".join(text for texts in wrong.values() for text in texts))
    return people, tags


def unshare_dataset(
    ctx: Context, actor: User, key: str, *, user: str | None = None, tag: str | None = None
) -> list[Share]:
    """Share the family of a dataset no longer with a person or a tag; everybody may give up what they were given.

    :raises NotFound: when it is not shared with them
    :raises NotAllowed: when the actor is no owner of it, and not the one whose share ends
    :raises Conflict: when it is the one who made the capture, who always owns it
    """
    dataset = datasets.get(ctx.database, key)
    require_see(actor, dataset)
    require_write(actor)
    if (user is None) == (tag is None):
        raise InvalidInput({"user": [say("Name either a user or a tag.")]})
    leaves = user is not None and user.lower() == actor.name.lower()
    if not leaves:
        require_share(actor, dataset)
    _end(ctx, dataset, user, tag)
    return shares.list_(ctx.database, dataset.top) if owns_family(actor, datasets.get(ctx.database, key)) else []


def _end(ctx: Context, dataset: Dataset, user: str | None, tag: str | None) -> None:
    if user is not None:
        found = find_user(ctx, user)
        if found.id == dataset.family_owner_id:
            raise Conflict(say("{name} has made this and always owns it.", name=found.name))
        who = person(found.id)
    else:
        who = holders((tag or "").strip().lower())
    if not shares.delete(ctx.database, dataset.top, who):
        raise NotFound(
            say("This is not shared with {name}.", name=user)
            if user
            else say("This is not shared with those who have the tag “{tag}”.", tag=tag)
        )
