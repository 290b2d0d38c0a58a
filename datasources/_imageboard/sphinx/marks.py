"""What indexes and those who ask them agree on: names, marks, and numbers that stand for boards and times."""

from __future__ import annotations

import hashlib

MAIN, DELTA = "main", "delta"
PARTS = (MAIN, DELTA)

FIRST_MARK = 1 << 62
"""Documents from this number on are no posts but marks: the number of the build is added to it."""

MOST_SECONDS = 2**32 - 1
"""The last moment that Sphinx can tell from later ones, in seconds since 1970."""


def index_name(source: str, part: str) -> str:
    """What an index of a source is called in Sphinx."""
    return f"{source.replace('-', '_')}_{part}"


def board_code(board: str) -> int:
    """A board as the number by which Sphinx tells it; two may have the same."""
    return int(hashlib.md5(board.encode(), usedforsecurity=False).hexdigest()[:8], 16)


def second_code(seconds: float) -> int:
    """A moment, in seconds since 1970, as the number by which Sphinx orders times."""
    return min(max(int(seconds // 1), 0), MOST_SECONDS)
