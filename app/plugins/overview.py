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
    """A time that is not covered, and why; `ended` is None while it goes on.

    `threads` is how many threads were not read, at most at once; None when it was the part as a whole.
    """

    part: str
    began: datetime
    ended: datetime | None
    reason: str
    threads: int | None = None


@dataclass(frozen=True)
class Overview:
    """`gaps` are the newest ones, of `all_gaps`; None when there are more than can be counted quickly.

    `period` is how its activity is shown (day, month or year); None when there is none. `hint` says what an
    administrator may do next, if anything. `option` is that in which parts are named when posts are asked for.
    """

    parts: Sequence[Part]
    period: str | None
    gaps: Sequence[Gap]
    all_gaps: int | None
    hint: str = ""
    option: str = ""


@dataclass(frozen=True)
class Activity:
    """Posts by the first day of each period (day, month or year) and by part; small parts may be shown as one."""

    period: str
    counts: Sequence[tuple[date, str, int]]
