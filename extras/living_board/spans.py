"""Stretches of time: when something was so, and for how long without a break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf


@dataclass(slots=True)
class Spans:
    """Times at which something began and ended, in order; the last may still go on. The end itself is outside."""

    _pairs: list[tuple[float, float | None]] = field(default_factory=list)

    def begin(self, at: float) -> None:
        """It is so from now on; nothing changes if it was."""
        if not self.is_open:
            self._pairs.append((at, None))

    def end(self, at: float) -> None:
        """It is no longer so; nothing changes if it was not."""
        if self.is_open:
            self._pairs[-1] = (self._pairs[-1][0], at)

    @property
    def is_open(self) -> bool:
        """Whether it is so now."""
        return bool(self._pairs) and self._pairs[-1][1] is None

    def pairs(self) -> list[tuple[float, float | None]]:
        """The stretches; the end of one that goes on is None."""
        return list(self._pairs)

    def touches(self, start: float, end: float) -> bool:
        """Whether it was so at some moment between the two, both included."""
        return any(began <= end and (ended is None or ended > start) for began, ended in self._pairs)

    def longest(self, within: Spans, now: float) -> float:
        """For how many seconds at most it was so, and the other thing too, without a break until now."""
        return max((end - begin for begin, end in self._shared(within, now)), default=0)

    def _shared(self, other: Spans, now: float) -> Iterator[tuple[float, float]]:
        for began, ended in self._pairs:
            for other_began, other_ended in other._pairs:
                begin = max(began, other_began)
                end = min(ended or inf, other_ended or inf, now)
                if begin < end:
                    yield begin, end
