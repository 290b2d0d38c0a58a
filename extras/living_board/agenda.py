"""What is going to happen, in the order of time; and the clocks that say how late it is."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from math import ceil

Event = Callable[[int], None]


class Agenda:
    """Events to come; of two at the same second, the one noted first happens first."""

    def __init__(self) -> None:
        self._events: list[tuple[int, int, Event]] = []
        self._noted = 0

    def note(self, at: float, event: Event) -> None:
        """Let this happen at this time, or at the next whole second after it."""
        self._noted += 1
        heapq.heappush(self._events, (ceil(at), self._noted, event))

    def run_until(self, now: float) -> None:
        """Let everything happen that is due by now; each event learns the second it happens at."""
        while self._events and self._events[0][0] <= now:
            at, _, event = heapq.heappop(self._events)
            event(at)


class Clock:
    """The time on the boards: it stands until moved by hand, or runs `speed` times as fast as outside."""

    def __init__(self, start: float, speed: float = 0) -> None:
        self._start = start
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> float:
        """The time as a UNIX timestamp."""
        return self._start + (time.monotonic() - self._began) * self._speed

    def advance(self, seconds: float) -> None:
        """Move the time forward by hand, also while it runs.

        :raises ValueError: it would go back.
        """
        if seconds < 0:
            raise ValueError("time on a living board does not go back")
        self._start += seconds
