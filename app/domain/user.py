"""Who asks: users and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

AUTOLOGIN = "autologin"
"""The name of the account that visitors share who are let in without a password."""


@dataclass(frozen=True)
class User:
    """A person, or a script acting for one. `read_only` is set for a token that may only read."""

    id: int
    name: str
    is_admin: bool = False
    is_active: bool = True
    created: datetime | None = None
    read_only: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether this is the account of everybody who is let in without a password."""
        return self.name == AUTOLOGIN


@dataclass(frozen=True)
class Token:
    """An API token. Its secret is shown once, when it is made, and kept only as a hash. `owner` is a user's name."""

    id: int
    user_id: int
    name: str
    read_only: bool
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    calls: int
    owner: str | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or self.expires > now
