"""Values of cells as JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from types import NoneType
from typing import Any


def plain(value: Any) -> Any:
    """A value as JSON can hold it: moments in ISO 8601 (UTC), no infinite numbers."""
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return next((write(value) for kinds, write in _WRITERS if isinstance(value, kinds)), str(value))


def _moment(value: datetime) -> str:
    moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return f"{moment.isoformat()}Z"


_WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((str, bool, int, NoneType), lambda value: value),
    (float, lambda value: value if math.isfinite(value) else None),
    (datetime, _moment),
    ((date, clock), lambda value: value.isoformat()),
    (Decimal, float),
    (bytes, lambda value: value.decode(errors="replace")),
)
