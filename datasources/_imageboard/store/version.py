"""Which version of a page was read last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """The tag and time to ask with the next time, if there are any, and when the page had changed, as it said.

    `dated` is known also where it is not safe to ask with it.
    """

    etag: str | None = None
    last_modified: str | None = None
    dated: datetime | None = None


UNKNOWN = Version()
"""Of a page that has not been read, or is no longer there."""
