"""Failures on order: the next so many answers go wrong, or a client that asks too often is sent away."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass
class Fault:
    """What goes wrong: an error status, a long silence, JSON that breaks off, or a connection that is dropped."""

    left: int
    path: str = "*"
    status: int = 503
    retry_after: int | None = None
    hangs: float = 0  # seconds of silence before the answer
    breaks: bool = False  # the JSON is cut in half
    drops: bool = False  # the connection closes without an answer


class Faults:
    """Which answers go wrong; the first fault that fits a path is used up first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self._allowed: tuple[int, float] | None = None
        self._asked: dict[str, deque[float]] = {}

    def plan(self, fault: Fault) -> None:
        """Let this go wrong."""
        with self._lock:
            self._planned.append(fault)

    def withdraw(self, fault: Fault) -> None:
        """Let this no longer go wrong."""
        with self._lock:
            self._planned = [other for other in self._planned if other is not fault]

    def forget(self) -> None:
        """Let nothing go wrong any more; the limit on requests stays."""
        with self._lock:
            self._planned.clear()

    def limit(self, requests: int | None, seconds: float) -> None:
        """Answer 429 to a client with more requests in any such time; None lifts the limit."""
        with self._lock:
            self._allowed = None if requests is None else (requests, seconds)
            self._asked.clear()

    def due(self, path: str, client: str) -> Fault | None:
        """What goes wrong with this request, if anything."""
        with self._lock:
            for fault in self._planned:
                if fnmatchcase(path, fault.path):
                    fault.left -= 1
                    if fault.left <= 0:
                        self._planned.remove(fault)
                    return fault
            return self._refusal(client, *self._allowed) if self._allowed else None

    def _refusal(self, client: str, requests: int, seconds: float) -> Fault | None:
        now, asked = time.monotonic(), self._asked.setdefault(client, deque())
        while asked and asked[0] <= now - seconds:
            asked.popleft()
        asked.append(now)
        return Fault(1, status=429, retry_after=max(1, round(seconds))) if len(asked) > requests else None
