"""Who asks: users and their API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from app.domain.right import CONTROL, Right
from app.domain.share import holders, person

AUTOLOGIN = "autologin"
"""The name of the account that visitors share who are let in without a password."""


@dataclass(frozen=True)
class User:
    """A person, or a script acting for one. `read_only` is set for a token that may only read.

    `tags` are the groups that administrators have put them in, `rights` what has been given to them or to one
    of these tags. `lent` are tags that a proxy says count for this request; they never give `rights`.

    `theme` is auto, light or dark; an empty `time_zone` or `language` is the browser's. Sessions that began while
    `sessions` was another number have ended. After the day `expires`, the account is switched off.
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
    tags: tuple[str, ...] = ()
    language: str = ""
    expires: date | None = None
    rights: frozenset[Right] = frozenset()
    lent: tuple[str, ...] = ()

    def has(self, *rights: Right) -> bool:
        """Whether this person has one of some rights. Administrators have all, visitors who share an account none."""
        return self.is_admin or (not self.is_shared and not self.rights.isdisjoint(rights))

    @property
    def has_control(self) -> bool:
        """Whether there is anything in the control panel for this person."""
        return self.has(*CONTROL)

    @property
    def named_as(self) -> list[str]:
        """All that shares of datasets may call this person: themselves, and each of their tags."""
        return [person(self.id), *map(holders, dict.fromkeys((*self.tags, *self.lent)))]

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
