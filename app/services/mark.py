"""What people mark datasets with: favourites, each for themselves, and tags for all who see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_change, require_see, require_write, sees_all
from app.services.context import Context
from app.storage import dataset as datasets
from app.storage import mark

_LETTERS = 50
_MOST = 30


@dataclass(frozen=True)
class Marks:
    """Which of some datasets are the actor's favourites, and the tags of each."""

    favourites: set[str]
    tags: dict[str, list[str]]


def marks_of(ctx: Context, actor: User, found: Sequence[Dataset]) -> Marks:
    """How these datasets are marked."""
    keys = [dataset.key for dataset in found]
    if not keys:
        return Marks(set(), {})
    with ctx.database.transaction() as tx:
        return Marks(mark.favourites_of(tx, actor.id, keys), mark.tags_of(tx, keys))


def set_favourite(ctx: Context, actor: User, key: str, *, is_favourite: bool) -> None:
    """Mark a dataset as one's favourite, or not; whoever sees it may."""
    dataset = datasets.get(ctx.database, key)
    require_see(actor, dataset)
    require_write(actor)
    mark.set_favourite(ctx.database, actor.id, key, is_favourite=is_favourite)


def read_tags(given: Sequence[str]) -> list[str]:
    """Tags as they are kept: in small letters, each once. :raises InvalidInput: when one cannot be a tag"""
    tags = list(dict.fromkeys(" ".join(tag.split()).lower() for tag in given if tag.strip()))
    if any(len(tag) > _LETTERS or "," in tag or not tag.isprintable() for tag in tags):
        raise InvalidInput({"tags": [say("A tag has at most {letters} letters, and no comma.", letters=_LETTERS)]})
    if len(tags) > _MOST:
        raise InvalidInput({"tags": [say("A dataset has at most {most} tags.", most=_MOST)]})
    return tags


def set_tags(ctx: Context, actor: User, key: str, tags: Sequence[str], *, keep: bool = False) -> list[str]:
    """Give a dataset these tags, and no others unless `keep`; the tags it has then.

    :raises InvalidInput: when one cannot be a tag
    """
    require_change(actor, datasets.get(ctx.database, key))
    with ctx.database.transaction() as tx:
        before = mark.tags_of(tx, [key])[key] if keep else []
        mark.set_tags(tx, key, read_tags([*before, *tags]))
        return mark.tags_of(tx, [key])[key]


def known_tags(ctx: Context, actor: User) -> list[str]:
    """The tags that are in use on what the actor may see."""
    return mark.known_tags(ctx.database, None if sees_all(actor) else actor.id, actor.named_as)
