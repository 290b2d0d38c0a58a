"""The lines of a text file of any size, and where to go on behind one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datasources.upload._encoding import Utf8File

BLOCK = 4 << 20


class Lines:
    """Iterates over the lines of a file, without their ends; `number` is that of the last one given."""

    def __init__(self, file: Utf8File, state: dict[str, Any] | None = None) -> None:
        self.number = state["line"] if state is not None else 0
        self._file = file
        self._data = file.go_to(state["file"]) if state is not None else b""
        self._at = 0

    def state(self) -> dict[str, Any] | None:
        """Where to go on behind the last line given, as plain JSON; None when that cannot be said exactly."""
        mark = self._file.mark(self._data[self._at :])
        return None if mark is None else {"file": mark, "line": self.number}

    def __iter__(self) -> Iterator[bytes]:
        line = self.number + 1 + self._data.count(b"\n")
        yield from self._whole_lines()
        parts = [self._data[self._at :]]
        for block in self._file.blocks(BLOCK):
            clean = self._file.clean(block, line)
            line += clean.count(b"\n")
            parts.append(clean)
            if b"\n" in clean:
                self._data, self._at = b"".join(parts), 0
                yield from self._whole_lines()
                parts = [self._data[self._at :]]
        last = b"".join(parts)
        if last:
            self._data, self._at = last, len(last)
            self.number += 1
            yield last

    def _whole_lines(self) -> Iterator[bytes]:
        data = self._data
        while (end := data.find(b"\n", self._at)) >= 0:
            found = data[self._at : end]
            self._at = end + 1
            self.number += 1
            yield found
