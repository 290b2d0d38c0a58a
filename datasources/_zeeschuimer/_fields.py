"""Say which column comes from where in a raw record.

A mapping is a dict of column and `Field`. Each reads the first of its paths that holds a value of its sort; with
`required=True` a record without one cannot be mapped, and the error names the path. A column that needs more than a
path is `made` by a function of the record, which must be pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.plugins import ITEM_COLUMNS
from datasources._zeeschuimer._paths import Raw, shown, values_at
from datasources._zeeschuimer._values import as_flag, as_moment, as_number, as_real, as_text, unique

Read = Callable[[Raw], Any]


@dataclass(frozen=True)
class Field:
    """One column: the sort of its values, and how one is read from a record."""

    kind: type
    read: Read


Fields = Mapping[str, Field]


class Unmappable(ValueError):
    """This record is not a post that can be mapped."""


def _first(kind: type, convert: Callable[[Any], Any], paths: tuple[str, ...], required: bool) -> Field:
    def read(raw: Raw) -> Any:
        for path in paths:
            for found in values_at(raw, path):
                value = convert(found)
                if value is not None:
                    return value
        if required:
            raise Unmappable(f"{shown(paths[0])} is missing")
        return None

    return Field(kind, read)


def text(*paths: str, required: bool = False) -> Field:
    """A text, or a number as text."""
    return _first(str, as_text, paths, required)


def number(*paths: str) -> Field:
    """A whole number."""
    return _first(int, as_number, paths, False)


def real(*paths: str) -> Field:
    """A number that need not be whole."""
    return _first(float, as_real, paths, False)


def flag(*paths: str) -> Field:
    """Yes or no."""
    return _first(bool, as_flag, paths, False)


def moment(*paths: str, required: bool = False) -> Field:
    """A moment in UTC."""
    return _first(datetime, as_moment, paths, required)


def unix(*paths: str) -> Field:
    """A moment as whole seconds since 1970."""
    return _first(int, lambda value: seconds(as_moment(value)), paths, False)


def texts(*paths: str) -> Field:
    """All texts at these paths, each once, in order; an empty list where there are none."""
    return Field(list, lambda raw: unique(value for path in paths for value in values_at(raw, path)))


def made(kind: type, function: Read) -> Field:
    """What a function makes of the record."""
    return Field(kind, function)


def seconds(when: datetime | None) -> int | None:
    """A moment as whole seconds since 1970."""
    return int(when.timestamp()) if when is not None else None


def first(raw: Raw, *paths: str) -> str | None:
    """The first text at one of these paths."""
    for path in paths:
        for found in values_at(raw, path):
            value = as_text(found)
            if value is not None:
                return value
    return None


def present(raw: Raw, *paths: str) -> bool:
    """Whether anything stands at one of these paths."""
    return any(True for path in paths for _ in values_at(raw, path))


def item_of(fields: Fields, raw: Raw) -> dict[str, Any]:
    """Map a record: the item columns first, then the others in their order.

    :raises Unmappable: when something is missing without which it is no post
    """
    item = {name: fields[name].read(raw) if name in fields else None for name in ITEM_COLUMNS}
    return item | {name: field.read(raw) for name, field in fields.items() if name not in item}
