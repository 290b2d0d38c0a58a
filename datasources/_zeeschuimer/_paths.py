"""Find values in nested records: `legacy.entities.hashtags.*.text`, where `*` is every element of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True)
class Raw:
    """One record: what the platform sent, and what the extension noted about it."""

    data: Mapping[str, Any]
    meta: Mapping[str, Any]


def values_at(raw: Raw, path: str) -> Iterator[Any]:
    """All that stands at a path, without what is missing; a path that begins with `@` looks at what was noted."""
    if path.startswith("@"):
        yield from _walk(raw.meta, _steps(path[1:]), 0)
    else:
        yield from _walk(raw.data, _steps(path), 0)


def find(value: Any, *paths: str) -> Any:
    """The first thing that stands at one of these paths below a value, or None."""
    for path in paths:
        for found in _walk(value, _steps(path), 0):
            return found
    return None


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _walk(value: Any, steps: Sequence[str], place: int) -> Iterator[Any]:
    for number in range(place, len(steps)):
        step = steps[number]
        if step == "*":
            if isinstance(value, (list, tuple)):
                for inner in value:
                    yield from _walk(inner, steps, number + 1)
            return
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return
        if value is None:
            return
    yield value


def shown(path: str) -> str:
    """A path as people find it in the file: below `data`, or beside it."""
    return path[1:] if path.startswith("@") else f"data.{path}"
