"""What a data source says of all that it keeps: its parts, how much of when, and what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Part:
    """One part of a source, such as a board: `every` is how often it is looked at, in seconds; None is not at all."""

    name: str
    posts: int
    first: date | None
    last: date | None
    every: int | None
    looked: datetime | None


@dataclass(frozen=True)
class Gap:
    """A time that is not covered, and why; `ended` is None while it goes on."""

    part: str
    began: datetime
    ended: datetime | None
    reason: str


@dataclass(frozen=True)
class Overview:
    """`activity` has posts by period and part; its dates begin periods of the sort `period` (day, month or year).

    `gaps` are the newest ones, of `all_gaps`. `hint` says what an administrator may do next, if anything.
    """

    parts: Sequence[Part]
    period: str
    activity: Sequence[tuple[date, str, int]]
    gaps: Sequence[Gap]
    all_gaps: int
    hint: str = ""
