"""Answers that a process keeps because they never change: those asked for last, up to a size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """Answers by question; together at most `most` of what `size` says one takes, such as bytes."""

    def __init__(self, most: int, size: Callable[[Answer], int]) -> None:
        self._most = most
        self._size = size
        self._found: OrderedDict[Hashable, Answer] = OrderedDict()
        self._taken = 0
        self._lock = threading.Lock()

    def get(self, question: Hashable) -> Answer | None:
        """The answer to a question, or None when it is not kept."""
        with self._lock:
            if question in self._found:
                self._found.move_to_end(question)
            return self._found.get(question)

    def put(self, question: Hashable, answer: Answer) -> None:
        """Keep an answer, and let go of what has not been asked for the longest."""
        with self._lock:
            before = self._found.pop(question, None)
            self._taken += self._size(answer) - (self._size(before) if before is not None else 0)
            self._found[question] = answer
            while self._taken > self._most:
                self._taken -= self._size(self._found.popitem(last=False)[1])
