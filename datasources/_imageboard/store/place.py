"""Which thread of which board of which source: what every statement is about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A thread on a board."""

    source: str
    board: str
    thread: int
