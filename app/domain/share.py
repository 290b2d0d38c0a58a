"""With whom a dataset is shared, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do with a capture and all made from it.

    An owner may do what its maker may; a viewer may look at it and analyse it.
    """

    OWNER = "owner"
    VIEWER = "viewer"


@dataclass(frozen=True)
class Share:
    """A dataset is shared with one person (`user`, a name) or with all who have a tag; the other of the two is None."""

    user: str | None
    tag: str | None
    role: Role
    since: datetime


def person(user_id: int) -> str:
    """How the shares of a dataset name one person."""
    return f"user:{user_id}"


def holders(tag: str) -> str:
    """How the shares of a dataset name all who have a tag."""
    return f"tag:{tag}"
