"""Long lists in pages that stay right while rows come and go: each page begins after the last row of the one before.

What a cursor names is that row, by its number or by what the list is sorted by, never a count of rows: so nothing is
shown twice or passed over.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import marshmallow as ma
import orjson
from flask import request
from marshmallow import validate

from app.api.auth import TOKEN_ARGUMENT
from app.domain.errors import InvalidInput

Row = TypeVar("Row")
_MOST = 2**63 - 1
_LONGEST = 4_000


def cursor() -> ma.fields.Integer:
    """The field `cursor` of a query."""
    return ma.fields.Integer(
        validate=validate.Range(0, _MOST),
        metadata={"description": "Of the page before: see its header Link, rel=next"},
    )


def place() -> ma.fields.String:
    """The field `cursor` of a query over a list that is not sorted by number."""
    return ma.fields.String(
        validate=validate.Length(max=_LONGEST),
        metadata={"description": "Of the page before: its `next`, or see its header Link, rel=next", "example": "WzFd"},
    )


def write_place(row: Sequence[str | int] | None) -> str | None:
    """What the list is sorted by, of the last row of a page, as a cursor; None at the end."""
    return None if row is None else base64.urlsafe_b64encode(orjson.dumps(row)).decode().rstrip("=")


def read_place(given: str, kinds: Sequence[type]) -> list[Any]:
    """What a cursor holds, values of these kinds. :raises InvalidInput: when it is not one of this list"""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except ValueError:
        found = None
    if (
        not isinstance(found, list)
        or [type(value) for value in found] != list(kinds)
        or any(map(_is_out_of_range, found))
    ):
        raise wrong_place()
    return list(found)


def wrong_place() -> InvalidInput:
    """What to say of a cursor that is none of this list."""
    return InvalidInput({"cursor": ["Send the cursor that the page before gave for this list, in this order."]})


def _is_out_of_range(value: Any) -> bool:
    return abs(value) > _MOST if isinstance(value, int) else "\0" in value


def limit(usual: int, most: int) -> ma.fields.Integer:
    """The field `limit` of a query."""
    return ma.fields.Integer(load_default=usual, validate=validate.Range(1, most))


def link_next(**changed: Any) -> dict[str, str]:
    """The header that names the next page: the address of this one with these parameters changed."""
    given = request.args.to_dict(flat=False)
    given.pop(TOKEN_ARGUMENT, None)
    query = urlencode(given | changed, doseq=True)
    return {"Link": f'<{request.base_url}?{query}>; rel="next"'}


def next_place(row: Sequence[str | int] | None) -> tuple[str | None, dict[str, str]]:
    """The cursor of the page after one that ends with this row, and the header that names it; None at the end."""
    following = write_place(row)
    return following, link_next(cursor=following) if following else {}


def one_page(rows: Sequence[Row], limit: int, number: Callable[[Row], int]) -> tuple[list[Row], int, dict[str, str]]:
    """An answer of at most `limit` of these rows, of which one more was asked for to see whether there are any."""
    shown = list(rows[:limit])
    return shown, 200, link_next(cursor=number(shown[-1])) if len(rows) > limit else {}
