"""Read delimited text row by row with exact line numbers: slower than the engine, but it can say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

LONGEST_CELL = 8 << 20
"""A quoted cell longer than this many characters is taken as a quote that was never closed."""

NOT_CLOSED = "A quotation mark opens a cell here and is not closed."
NOT_DOUBLED = "A quotation mark inside a quoted cell is not doubled."
SWALLOWS = "A quotation mark opens a cell here, and what follows up to the next one looks like rows of its own."


@dataclass(frozen=True)
class Shape:
    """How cells are set apart. No quote means that quotation marks are ordinary characters."""

    delimiter: str
    quote: str = '"'
    escape: str = ""


@dataclass(slots=True)
class Row:
    """One row: the line it starts on, its cells and its text; with a reason, it cannot be used."""

    line: int
    cells: list[str]
    raw: str
    reason: str = ""


@dataclass
class Rows:
    """Cuts text into rows. `width`, when known, helps to see a quote that swallows rows.

    After iterating, `consumed` says how many characters were cut: the rest is a row whose end is not in the text.
    """

    text: str
    shape: Shape
    line: int = 1
    final: bool = True
    width: int = 0
    consumed: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[Row]:
        text, size = self.text, len(self.text)
        quote, delimiter = self.shape.quote, self.shape.delimiter
        while self.consumed < size:
            start = self.consumed
            end = text.find("\n", start)
            if end < 0 and not self.final:
                return
            end = size if end < 0 else end
            content = text[start:end].removesuffix("\r")
            if not content or (self.width != 1 and not content.strip() and delimiter not in content):
                self._advance(end)
            elif not quote or quote not in content:
                self._advance(end)
                yield Row(self.line - 1, content.split(delimiter), content)
            else:
                row, after = self._quoted(start, content, end)
                if row is None:
                    return
                self._advance(after)
                yield row

    def _advance(self, end: int) -> None:
        """Go on behind the line end at `end`."""
        self.line += self.text.count("\n", self.consumed, end) + 1
        self.consumed = min(end + 1, len(self.text))

    def _quoted(self, start: int, content: str, end: int) -> tuple[Row | None, int]:
        """A row with quotes, and where it ends; None when its end is not in the text."""
        cells: list[str] = []
        text, position, size = self.text, start, len(self.text)
        quoted, plain = _patterns(self.shape)
        while True:
            if text.startswith(self.shape.quote, position):
                found = quoted.match(text, position)
                if found is None or (found.end() == size and not self.final):
                    return self._broken(quoted, position, start, content, end)
                if self._swallows(found[1], cells):
                    return Row(self.line, [], content, SWALLOWS), end
                cells.append(self._value(found[1]))
            else:
                found = plain.match(text, position)
                if found is None:  # pragma: no cover  (the pattern matches nothing, too)
                    raise AssertionError("a plain cell always matches")
                cells.append(found[0])
            position = found.end()
            if not text.startswith(self.shape.delimiter, position):
                break
            position += len(self.shape.delimiter)
        if position >= size and not self.final:
            return None, end
        position += text.startswith("\r", position)
        return Row(self.line, cells, text[start:position].removesuffix("\r")), position

    def _broken(
        self, quoted: re.Pattern[str], position: int, start: int, content: str, end: int
    ) -> tuple[Row | None, int]:
        """A row with a quoted cell that does not end as it should: only its first line is given up."""
        opened = _opened(self.shape).match(self.text, position)
        reaches_end = opened is not None and opened.end() >= len(self.text) - 1
        if reaches_end and not self.final and len(self.text) - start < LONGEST_CELL:
            return None, end
        reason = NOT_CLOSED if opened is not None and opened.end() > end else NOT_DOUBLED
        return Row(self.line, [], content, reason), end

    def _value(self, inner: str) -> str:
        if self.shape.escape:
            inner = re.sub(re.escape(self.shape.escape) + "(.)", r"\1", inner, flags=re.DOTALL)
        return inner.replace(self.shape.quote * 2, self.shape.quote)

    def _swallows(self, inner: str, before: list[str]) -> bool:
        return self.width > 1 and inner.count("\n") > 1 and swallows_rows(inner, self.shape, self.width, before)


def swallows_rows(inner: str, shape: Shape, width: int, before: list[str]) -> bool:
    """Whether a quoted cell over several lines is rather an unclosed quote and the rows behind it.

    Each full line inside it then has as many cells as the table and begins with the same sort of value.
    """
    lines = [line.removesuffix("\r") for line in inner.split("\n")[1:-1]]
    if not lines or any(not line for line in lines):
        return False
    fitting = sum(line.count(shape.delimiter) == width - 1 for line in lines)
    if fitting < 0.8 * len(lines):
        return False
    numbered = bool(before) and before[0].isdigit()
    firsts = [line.split(shape.delimiter, 1)[0] for line in lines]
    if numbered:
        return sum(first.isdigit() for first in firsts) >= 0.8 * len(lines)
    return len(lines) >= (2 if width > 3 else 10)


@lru_cache(maxsize=64)
def _patterns(shape: Shape) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A quoted cell with its closing quote before a delimiter or line end, and a plain cell; both in linear time.

    Written as unrolled loops: early releases of Python 3.11 mismatch possessive repeats.
    """
    delimiter = re.escape(shape.delimiter)
    quoted = _opened(shape).pattern + re.escape(shape.quote) + rf"(?={delimiter}|\r?\n|\r?\Z)"
    if len(shape.delimiter) > 1:
        return re.compile(quoted), re.compile(rf"(?:(?!{delimiter}|\r?\n)[\s\S])*")
    other = rf"[^{delimiter}\r\n]*"
    return re.compile(quoted), re.compile(rf"{other}(?:\r(?!\n){other})*")


@lru_cache(maxsize=64)
def _opened(shape: Shape) -> re.Pattern[str]:
    """A quoted cell as far as it goes, without its closing quote."""
    quote = re.escape(shape.quote)
    escape = re.escape(shape.escape or "")
    pair = rf"(?:{escape}[\s\S]|{quote}{quote})" if escape else f"{quote}{quote}"
    other = f"[^{quote}{escape}]*"
    return re.compile(f"{quote}({other}(?:{pair}{other})*)")
