"""Who asks: users and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class User:
    """A person, or a script acting for one. `read_only` is set for a token that may only read.

    `theme` is auto, light or dark; an empty `time_zone` is the browser's. Sessions that began while `sessions` was
    another number have ended.
    """

    id: int
    name: str
    is_admin: bool = False
    is_active: bool = True
    created: datetime | None = None
    read_only: bool = False
    email: str | None = None
    theme: str = "auto"
    time_zone: str = ""
    sessions: int = 0
    last_seen: datetime | None = None


@dataclass(frozen=True)
class Token:
    """An API token. Its secret is shown once, when it is made, and kept only as a hash."""

    id: int
    user_id: int
    name: str
    read_only: bool
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    calls: int
