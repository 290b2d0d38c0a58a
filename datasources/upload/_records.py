"""Take JSON records apart: pages and envelopes are unpacked, nested objects become columns of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

Record = dict[str, Any]
MORE = "more_fields"
_PREFERRED = ("data", "items", "posts", "results", "statuses", "tweets", "messages", "comments", "entries", "records")


def unpack(record: Record) -> Iterator[Record]:
    """The posts in a record: those of a page (`data` is a list), the one in an envelope (`data` is an object).

    Of a page of Twitter's API, the author is looked up among the users it includes. What else stands in an envelope
    is kept, with `meta.` before its name.
    """
    data = record.get("data")
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        users = _users(record.get("includes"))
        for row in data:
            user = users.get(str(row.get("author_id")))
            yield row | {"author": user} if user and "author" not in row else row
    elif isinstance(data, dict) and data:
        around = {f"meta.{name}": value for name, value in record.items() if name != "data"}
        yield data | around
    elif isinstance(data, list) and not data and set(record) <= {"data", "meta", "includes", "errors", "__twarc"}:
        return
    else:
        yield record


def _users(includes: Any) -> dict[str, Record]:
    users = includes.get("users") if isinstance(includes, Mapping) else None
    found = users if isinstance(users, list) else []
    return {str(user["id"]): user for user in found if isinstance(user, dict) and "id" in user}


def largest_list(found: Any, depth: int = 4) -> list[Any]:
    """The list of objects in an object: one with a telling name, or else the longest; empty when there is none."""
    lists = list(_lists(found, "", depth))
    named = [rows for name, rows in lists if name in _PREFERRED]
    return max(named or [rows for _, rows in lists], key=len, default=[])


def _lists(found: Any, name: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        yield name, found
    elif isinstance(found, dict) and depth:
        for key, value in found.items():
            yield from _lists(value, key, depth - 1)


def flatten(record: Mapping[str, Any]) -> dict[str, str | None]:
    """A record as texts by name: nested objects with dots, lists of values joined with commas, others as JSON."""
    flat: dict[str, str | None] = {}
    _flatten_into(flat, record, "")
    return flat


def _flatten_into(flat: dict[str, str | None], found: Mapping[str, Any], prefix: str) -> None:
    for key, value in found.items():
        name = prefix + (key.strip() or "unnamed")
        if type(value) is dict and value:
            _flatten_into(flat, value, name + ".")
            continue
        while name in flat:
            name += "_2"
        flat[name] = value if type(value) is str else as_text(value)


def as_text(value: Any) -> str | None:
    """One value as text; a missing one is None."""
    if value is None or isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, list):
        if any(isinstance(part, (dict, list)) for part in value):
            return as_json(value)
        return ",".join(as_text(part) or "" for part in value)
    return as_json(value) if isinstance(value, dict) else str(value)


def as_json(value: Any) -> str:
    """A value as JSON, whatever the size of its numbers."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
