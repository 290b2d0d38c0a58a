"""Plain values, as JSON has them, with every text in them changed: to what can be stored, or for a reader elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def with_texts(value: Any, change: Callable[[str], Any], change_name: Callable[[Any], Any] = lambda name: name) -> Any:
    """The same value with every text replaced by what `change` gives for it, and names of members likewise."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change_name(name): with_texts(part, change, change_name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [with_texts(part, change, change_name) for part in value]
    return value


def storable_text(text: str) -> str:
    """A text without what neither JSON nor a database takes: NUL and halves of characters."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")


def storable(value: Any) -> Any:
    """A value with all its texts and names so."""
    return with_texts(value, storable_text, lambda name: storable_text(str(name)))
