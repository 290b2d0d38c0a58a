"""Who asked for what and when: so that a test can prove that a scraper is polite."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise


@dataclass(frozen=True)
class Request:
    """One request and what was answered. `at` is real time (monotonic seconds), `board_time` the time on the boards."""

    at: float
    board_time: float
    client: str
    method: str
    path: str
    status: int  # 0: the connection was dropped
    size: int
    user_agent: str
    if_modified_since: str | None = None
    if_none_match: str | None = None

    @property
    def is_conditional(self) -> bool:
        """Whether the client asked only for what it does not have."""
        return bool(self.if_modified_since or self.if_none_match)


class Traffic:
    """The requests so far, in the order they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def note(self, request: Request) -> None:
        """Add a request."""
        with self._lock:
            self._requests.append(request)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._requests.clear()

    def requests(
        self, path: str = "*", *, status: int | None = None, client: str | None = None, user_agent: str = "*"
    ) -> list[Request]:
        """The requests whose path and user agent fit these patterns, by status and client if asked for."""
        with self._lock:
            found = list(self._requests)
        return [
            request
            for request in sorted(found, key=lambda one: one.at)
            if fnmatchcase(request.path, path)
            and fnmatchcase(request.user_agent, user_agent)
            and status in (None, request.status)
            and client in (None, request.client)
        ]

    def busiest(self, seconds: float = 1.0, requests: Sequence[Request] | None = None) -> int:
        """The most requests that came within any such stretch of real time (shorter than it, strictly)."""
        times = [request.at for request in (self.requests() if requests is None else requests)]
        most = first = 0
        for last, at in enumerate(times):
            while times[first] <= at - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def shortest_gap(self, requests: Sequence[Request] | None = None) -> float:
        """The shortest real time between two requests that came after each other; infinite for fewer than two."""
        times = [request.at for request in (self.requests() if requests is None else requests)]
        return min((later - earlier for earlier, later in pairwise(times)), default=float("inf"))
