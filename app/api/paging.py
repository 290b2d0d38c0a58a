"""Long lists in pages that stay right while rows come and go: each page begins after the last row of the one before.

What a cursor names is the number of that row, never a count of rows, so nothing is shown twice or passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import marshmallow as ma
from flask import request
from marshmallow import validate

from app.api.auth import TOKEN_ARGUMENT

Row = TypeVar("Row")
_MOST = 2**63 - 1


def cursor() -> ma.fields.Integer:
    """The field `cursor` of a query."""
    return ma.fields.Integer(
        validate=validate.Range(0, _MOST),
        metadata={"description": "Of the page before: see its header Link, rel=next"},
    )


def limit(usual: int, most: int) -> ma.fields.Integer:
    """The field `limit` of a query."""
    return ma.fields.Integer(load_default=usual, validate=validate.Range(1, most))


def link_next(**changed: Any) -> dict[str, str]:
    """The header that names the next page: the address of this one with these parameters changed."""
    given = request.args.to_dict(flat=False)
    given.pop(TOKEN_ARGUMENT, None)
    query = urlencode(given | changed, doseq=True)
    return {"Link": f'<{request.base_url}?{query}>; rel="next"'}


def one_page(rows: Sequence[Row], limit: int, number: Callable[[Row], int]) -> tuple[list[Row], int, dict[str, str]]:
    """An answer of at most `limit` of these rows, of which one more was asked for to see whether there are any."""
    shown = list(rows[:limit])
    return shown, 200, link_next(cursor=number(shown[-1])) if len(rows) > limit else {}
