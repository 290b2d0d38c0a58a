"""Lists of captures out of the table `datasets`: whose, narrowed down, in an order, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.dataset import Dataset
from app.storage.database import Row, Session
from app.storage.dataset import COLUMNS, from_row

ORDERS = {
    "newest": "id DESC",
    "oldest": "id",
    "largest": "rows DESC NULLS LAST, id DESC",
    "name": "lower(label), id",
}
_NUMBER = re.compile(r"[0-9a-f]{8,}")
"""What a key begins with, as pages show it."""
_BY_ID = {"newest": "id < %(cursor)s", "oldest": "id > %(cursor)s"}
_CONDITIONS = {
    "owner_id": "owner_id = %(owner_id)s",
    "deleted_by": "(owner_id = %(deleted_by)s OR top IN (SELECT key FROM datasets WHERE owner_id = %(deleted_by)s"
    " UNION ALL SELECT dataset FROM dataset_shares WHERE who = ANY(%(named_as)s) AND role = 'owner'))",
    "visible_to": "(owner_id = %(visible_to)s OR NOT is_private"
    " OR key IN (SELECT dataset FROM dataset_shares WHERE who = ANY(%(named_as)s)))",
    "theirs": "(owner_id = %(theirs)s OR key IN (SELECT dataset FROM dataset_shares WHERE who = ANY(%(named_as)s)))",
    "shared_with": "owner_id <> %(shared_with)s"
    " AND key IN (SELECT dataset FROM dataset_shares WHERE who = ANY(%(named_as)s))",
    "favourite_of": "key IN (SELECT dataset FROM favourites WHERE user_id = %(favourite_of)s)",
    "status": "status = %(status)s",
    "datasource": "datasource = %(datasource)s",
    "tag": "key IN (SELECT dataset FROM dataset_tags WHERE tag = %(tag)s)",
    "since": "created >= %(since)s",
    "until": "created < %(until)s",
    "has_analyses": "EXISTS (SELECT 1 FROM datasets below WHERE below.parent = datasets.key AND below.deleted IS NULL)",
}


@dataclass(frozen=True)
class Query:
    """What to list: captures for which all that is not None holds; each `words` is in them or in an analysis of them.

    `named_as` is what shares call the actor. `cursor` is the id that the page before ended with, or with an `order`
    that is not by age, how many have come before.
    """

    owner_id: int | None = None
    deleted_by: int | None = None
    visible_to: int | None = None
    theirs: int | None = None
    shared_with: int | None = None
    favourite_of: int | None = None
    named_as: list[str] = field(default_factory=list)
    status: str | None = None
    datasource: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    has_analyses: bool | None = None
    words: list[str] = field(default_factory=list)
    is_deleted: bool = False
    order: str = "newest"
    cursor: int | None = None
    limit: int = 50


def list_top(db: Session, query: Query) -> tuple[list[Dataset], int | None]:
    """Captures, and the cursor of the next page (None at the end). Deleted ones may lie below one that is not."""
    values: dict[str, Any] = dict(vars(query))
    conditions = [_DELETED_AT_ROOT] if query.is_deleted else ["parent IS NULL", "deleted IS NULL"]
    conditions += [text for name, text in _CONDITIONS.items() if values[name] is not None]
    if query.words:
        found, words = _all_in(query.words)
        values |= words
        shown = "NOT" if query.is_deleted else ""
        conditions.append(f"top IN (SELECT top FROM datasets WHERE deleted IS {shown} NULL AND {found})")
    start = "" if query.order in _BY_ID else " OFFSET coalesce(%(cursor)s, 0)"
    if query.cursor is not None and query.order in _BY_ID:
        conditions.append(_BY_ID[query.order])
    order = ORDERS[query.order]
    rows = db.many(
        f"SELECT id, {COLUMNS} FROM datasets WHERE key IN (SELECT key FROM datasets WHERE {' AND '.join(conditions)}"
        f" ORDER BY {order} LIMIT %(limit)s + 1{start}) ORDER BY {order}",
        **values,
    )
    return _page(rows, query)


_DELETED_AT_ROOT = (
    "deleted IS NOT NULL AND NOT EXISTS (SELECT 1 FROM datasets above"
    " WHERE above.key = datasets.parent AND above.deleted IS NOT DISTINCT FROM datasets.deleted)"
)


def _page(rows: list[Row], query: Query) -> tuple[list[Dataset], int | None]:
    more = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit:
        cursor = more[-1]["id"] if query.order in _BY_ID else (query.cursor or 0) + query.limit
    return [from_row({name: row[name] for name in row if name != "id"}) for row in more], cursor


def _all_in(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The condition that a dataset holds all words, with their values; a word may be the number that its page shows."""
    conditions, values = [], {}
    for place, word in enumerate(words):
        condition = f"findable LIKE %(word{place})s"
        values[f"word{place}"] = f"%{_escaped(word)}%"
        if _NUMBER.fullmatch(word.lower()):
            condition = f"({condition} OR key BETWEEN %(number{place})s AND %(number{place})s || 'g')"
            values[f"number{place}"] = word.lower()
        conditions.append(condition)
    return " AND ".join(conditions), values


def _escaped(word: str) -> str:
    """A word as LIKE wants it, in small letters."""
    return word.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def count_below(db: Session, keys: Sequence[str]) -> dict[str, int]:
    """How many datasets have been made from each of these captures, at any depth."""
    rows = db.many(
        "SELECT top, count(*) AS count FROM datasets WHERE top = ANY(%(keys)s) AND parent IS NOT NULL"
        " AND deleted IS NULL GROUP BY top",
        keys=list(keys),
    )
    return {row["top"]: row["count"] for row in rows}


def matches_below(db: Session, keys: Sequence[str], words: Sequence[str], most: int = 3) -> dict[str, list[Row]]:
    """Of what was made from each of these captures, the first few that hold all words: `key` and `label`."""
    if not keys or not words:
        return {}
    condition, values = _all_in(words)
    rows = db.many(
        "SELECT top, key, label FROM (SELECT top, key, label, row_number() OVER (PARTITION BY top ORDER BY id) AS place"
        " FROM datasets WHERE top = ANY(%(keys)s) AND parent IS NOT NULL AND deleted IS NULL"
        f" AND {condition}) found WHERE place <= %(most)s",
        keys=list(keys),
        most=most,
        **values,
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["top"], []).append(row)
    return found
