"""Pages of rows: read straight from a result's Parquet file, sorted and filtered there, at bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import Conflict, InvalidInput, NotCompatible
from app.domain.texts import Text, declared, join, say
from app.domain.user import User
from app.services.annotation_table import beside
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.item_filter import and_find, name_type, order_by
from app.services.parquet_table import open_table

MAX_LIMIT = 1000
_ROLES = {Kind.TABLE: ("table",), Kind.GRAPH: ("nodes", "edges")}


@dataclass(frozen=True)
class ItemPage:
    """Some rows of a table. `types` names each column's type; `total` counts all rows that the filter lets through."""

    columns: list[str]
    types: dict[str, str]
    rows: list[dict[str, Any]]
    total: int
    offset: int = 0
    limit: int = 50


def page(
    ctx: Context,
    actor: User,
    key: str,
    *,
    offset: int = 0,
    limit: int = 50,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    filter: str | Sequence[str] | None = None,
    role: str | None = None,
    find: str = "",
) -> ItemPage:
    """Rows of a dataset the actor may see, in the file's order unless `sort` names a column (`-likes` for descending).

    Annotations are columns after those of the file. `filter` is a condition such as `likes>10`, or several that must
    all hold. `role` picks `nodes` or `edges` of a network, or `quarantine`, the records of a capture that could not be
    read. `find` is a text that must be in the body, subject or author.

    :raises InvalidInput: naming the parameter and the column that will not do
    :raises Conflict: when the dataset has no result (yet)
    """
    wrong: dict[str, list[str]] = {}
    if offset < 0:
        wrong["offset"] = [say("Give a number of 0 or more.")]
    if not 1 <= limit <= MAX_LIMIT:
        wrong["limit"] = [say("Give a number from 1 to {MAX_LIMIT}.", MAX_LIMIT=MAX_LIMIT)]
    if wrong:
        raise InvalidInput(wrong)
    dataset = get_dataset(ctx, actor, key)
    path = file_of(ctx, dataset, role)
    if path is None:
        return ItemPage(list(dataset.columns), {}, [], 0, offset, limit)
    extra = beside(ctx.database, actor, dataset) if role is None else None
    with open_table(ctx, path, extra) as table:
        chosen = table.choose(columns)
        filters = table.parse([filter] if isinstance(filter, str) else filter or [])
        filters = and_find(filters, find, table.texts())
        numbers, total = table.find(filters, order_by(sort, table.columns) if sort else None, offset, limit)
        rows = table.fetch(chosen, numbers)
    names = [column.name for column in chosen]
    return ItemPage(names, {column.name: name_type(column.type) for column in chosen}, rows, total, offset, limit)


def known_items(ctx: Context, dataset: Dataset, items: Sequence[str]) -> set[str]:
    """Which of these ids are those of items of a dataset. :raises Conflict: when it has no result"""
    path = file_of(ctx, dataset)
    if path is None or "id" not in dataset.columns:
        return set()
    with open_table(ctx, path) as table:
        return table.known("id", items)


def quarantined(ctx: Context, actor: User, key: str, *, offset: int = 0, limit: int = 50) -> ItemPage:
    """The records of a capture that could not be read: position, reason, record."""
    dataset = get_dataset(ctx, actor, key)
    if dataset.result is None or "quarantine" not in dataset.result.files:
        return ItemPage(["position", "reason", "record"], {}, [], 0, offset, limit)
    return page(ctx, actor, key, offset=offset, limit=limit, role="quarantine")


def require_result(dataset: Dataset) -> None:
    """Make sure that there is a result to show. :raises Conflict: when not, with the reason"""
    if dataset.status is Status.EMPTY:
        raise Conflict(_with_message(say("“{dataset}” is empty.", dataset=dataset.label), dataset))
    if not dataset.status.is_ended:
        raise Conflict(say("“{dataset}” has not finished yet. Try again when it has.", dataset=dataset.label))
    if dataset.result is None:
        went = {
            Status.FAILED: say("“{dataset}” has no result: it failed.", dataset=dataset.label),
            Status.CANCELLED: say("“{dataset}” has no result: it was cancelled.", dataset=dataset.label),
            Status.FINISHED: say("“{dataset}” has no result: it lost its file.", dataset=dataset.label),
        }
        raise Conflict(_with_message(went[dataset.status], dataset))


def _with_message(sentence: Text, dataset: Dataset) -> Text:
    return join(" ", [sentence, declared(dataset.message)]) if dataset.message else sentence


def file_of(ctx: Context, dataset: Dataset, role: str | None = None) -> Path | None:
    """The Parquet file to page through; None for a dataset that ended empty.

    :raises Conflict: when there is none (yet)
    """
    if role != "quarantine":
        if dataset.status is Status.EMPTY and dataset.result is None:
            return None
        require_result(dataset)
    if dataset.result is None:
        raise Conflict(say("“{dataset}” has no result.", dataset=dataset.label))
    roles = (*_ROLES.get(dataset.result.kind, ()), "quarantine")
    if len(roles) == 1 and role is None:
        raise NotCompatible(
            say(
                "“{dataset}” has no rows to page through: it is a {kind}.",
                dataset=dataset.label,
                kind=dataset.result.kind,
            )
        )
    wanted = role or roles[0]
    if wanted not in roles or wanted not in dataset.result.files:
        there = ", ".join(name for name in roles if name in dataset.result.files) or "none"
        raise InvalidInput(
            {"part": [say("This dataset has no part “{wanted}”. Choose from: {there}.", wanted=wanted, there=there)]}
        )
    return ctx.files.local(dataset.result.files[wanted])
