"""Reading the items of a dataset one after the other, as the posts they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.annotation import Field
from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import InvalidInput, NotFound
from app.domain.texts import say
from app.domain.user import User
from app.services.annotation import may_code
from app.services.annotation_view import Coded, codes_for, view_of
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.items import ItemPage, page
from app.services.member import PICTURES
from app.storage import annotation as stored

AT_ONCE = 50
_IMAGE = re.compile(r"images/[0-9a-f]{2}/[0-9a-f]{32}\.(jpg|jpeg|png|gif|webp)")


@dataclass(frozen=True)
class Explored:
    """Some items of a dataset, each with what its data source says besides; `problem` is what stands in the way.

    `fields` are the annotation fields that the actor may code, and `codes` what is noted down of each item.
    """

    dataset: Dataset
    page: ItemPage
    items: list[tuple[dict[str, Any], Mapping[str, Any]]]
    problem: str = ""
    fields: list[Field] = field(default_factory=list)
    codes: dict[str, Coded] = field(default_factory=dict)
    coded: int = 0

    @property
    def veiled(self) -> tuple[str, ...]:
        """Columns that would tell whoever codes an item what others chose for it in a blind field."""
        blind = [field.name for field in self.fields if field.is_blind]
        return tuple(
            column for column in self.page.columns for name in blind if column == name or column.startswith(f"{name} (")
        )


def can_explore(dataset: Dataset) -> bool:
    """Whether a dataset is a table of items that can be read."""
    return dataset.is_items and dataset.status is Status.FINISHED and dataset.kind is Kind.TABLE


def explore(
    ctx: Context,
    actor: User,
    key: str,
    *,
    offset: int = 0,
    sort: str | None = None,
    find: str = "",
    filter: Sequence[str] = (),
    limit: int = AT_ONCE,
) -> Explored:
    """Some items of a dataset, as many as `limit` from `offset` on, that hold the text `find` and meet all conditions.

    :raises NotFound: when it has no items to read, or the actor may not see it
    """
    dataset = get_dataset(ctx, actor, key)
    if not can_explore(dataset):
        raise NotFound(say("“{dataset}” has no posts to read.", dataset=dataset.label))
    try:
        found = page(ctx, actor, key, offset=offset, limit=limit, sort=sort, filter=filter, find=find)
    except InvalidInput as error:
        problem = " ".join(error.texts)
        return Explored(dataset, ItemPage(list(dataset.columns), {}, [], 0, offset, limit), [], problem)
    source = ctx.registry.datasources.get(dataset.datasource or "")
    more = source.explain(found.rows, ctx.database) if source else [{} for _ in found.rows]
    view = view_of(ctx.database, actor, dataset)
    fields = may_code(actor, view)
    ids = [str(row["id"]) for row in found.rows if row.get("id") is not None] if fields else []
    return Explored(
        dataset,
        found,
        list(zip(found.rows, more, strict=True)),
        fields=fields,
        codes=codes_for(ctx.database, view, ids),
        coded=stored.count_items(ctx.database, view.ids, actor.name) if fields else 0,
    )


def read_image(ctx: Context, actor: User, key: str, name: str) -> tuple[str, Iterator[bytes]]:
    """The type and bytes of an image that a page of this dataset shows.

    :raises NotFound: when the actor may not see the dataset, or it is no image that is kept here
    """
    get_dataset(ctx, actor, key)
    found = _IMAGE.fullmatch(name)
    if not found:
        raise NotFound(say("There is no such image."))
    return PICTURES[found[1]], ctx.files.read(name)
