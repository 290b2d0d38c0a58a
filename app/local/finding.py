"""What an examination of an installation finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `ok`, `warn` or `FAIL`, about what, the fact, and how to mend it."""

    level: str
    name: str
    fact: str
    advice: str = ""
