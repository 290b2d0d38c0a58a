r"""Read dumps in CSV: every field in quotation marks, backslash as escape, NULL as `\N`, newlines inside fields.

Stretches in which every record is as it should be are taken at once (`csv_quick`). Elsewhere records are found by one
regular expression, not by lines; where none begins, reading goes on at the next line that looks like the beginning of
one, and what was passed over is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import polars as pl

from extras.fourchan_dumps.csv_quick import take
from extras.fourchan_dumps.record import FIELDS, SCHEMA, WHOLE_TABLE, Block, DumpError, Fault

_MARK = b"\xef\xbb\xbf"
_CHUNK = 4 << 20
_LONGEST = 2 << 20
_FIELD = r'("(?:[^"\\]++|\\.)*+"|[^",\r\n]*+)'
_BEGIN = re.compile(r'\n(?="?\d{1,18}"?,"?\d{1,18}"?,(?:"?\d{1,18}"?|\\N),(?:"[^"\\]*"|[^",\n]*),(?:"?\d|\\N))')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"0": "", "n": "\n", "t": "\t", "r": "\r", "b": "", "Z": ""}
_STRAY = re.compile("[\udc80-\udcff]")


def read(file: BinaryIO, *, position: int = 0, line: int = 1, rows: int = 20_000) -> Iterator[Block]:
    """The records of a CSV dump in blocks of `rows`, from a position and line that an earlier block ended with.

    :raises DumpError: when it does not begin as such a dump does
    """
    names, header = _layout(file)
    if position < header:
        position, line = header, 2 if header > len(_MARK) else 1
    file.seek(position)
    yield from _Reader(file, names, position, line).blocks(rows)


def _layout(file: BinaryIO) -> tuple[tuple[str, ...], int]:
    """The names of the columns, and how many bytes the line with them takes: none unless there is one."""
    file.seek(0)
    start = file.read(1 << 20)
    if not start.strip():
        raise DumpError("The file is empty.")
    text = start.decode("utf-8", "replace")
    first = [name.strip().strip('"') for name in text.lstrip("\ufeff").partition("\n")[0].split(",")]
    if "num" in first and "thread_num" in first:
        missing = {"num", "thread_num", "timestamp", "comment"} - set(first)
        if missing:
            raise DumpError(f"The first line names the columns, and {', '.join(sorted(missing))} is not among them.")
        return tuple(first), start.index(b"\n") + 1 if b"\n" in start else len(start)
    return _guessed(text.lstrip("\ufeff")), len(_MARK) if start.startswith(_MARK) else 0


def _guessed(text: str) -> tuple[str, ...]:
    """The columns of a dump that does not name them, by the first records that can be read."""
    for count, names in ((len(FIELDS), FIELDS), (len(WHOLE_TABLE), WHOLE_TABLE), (len(WHOLE_TABLE), _longer())):
        pattern = _record(count)
        place = names.index("timestamp")
        for begin in (0, *(found.end() for found in _BEGIN.finditer(text))):
            match = pattern.match(text, begin)
            if match and re.fullmatch(r'"?\d{9,10}"?', match[place + 1]) and _is_flag(match[names.index("op") + 1]):
                return names
    raise DumpError(
        f"This does not look like a dump: it should have {len(FIELDS)} columns ({', '.join(FIELDS[:5])}, …),"
        f" every field in quotation marks with \\ as escape, or name its columns in the first line."
    )


def _longer() -> tuple[str, ...]:
    """The usual columns with others behind them, as many as the archives' own table has."""
    return (*FIELDS, *(f"unknown_{number}" for number in range(len(WHOLE_TABLE) - len(FIELDS))))


def _is_flag(raw: str) -> bool:
    return raw.strip('"') in ("0", "1")


def _record(count: int) -> re.Pattern[str]:
    return re.compile(",".join([_FIELD] * count) + r"\r?\n", re.DOTALL)


class _Reader:
    """Reads on in stretches of bytes: at once where these are as they should be, else record by record."""

    def __init__(self, file: BinaryIO, names: Sequence[str], position: int, line: int) -> None:
        self._file = file
        self._names = tuple(names)
        self._pattern = _record(len(names))
        self._places = [names.index(name) + 1 if name in names else 0 for name in FIELDS]
        self._position = position
        self._line = line
        self._bytes = b""
        self._at_end = False

    def blocks(self, rows: int) -> Iterator[Block]:
        while True:
            while len(self._bytes) < _LONGEST and not self._at_end:
                self._read_on()
            if not self._bytes:
                return
            yield self._quick_block(rows) or self._block(rows)

    def _read_on(self) -> None:
        more = self._file.read(_CHUNK)
        self._bytes += more
        self._at_end = not more
        if self._at_end and self._bytes and not self._bytes.endswith(b"\n"):
            self._bytes += b"\n"

    def _quick_block(self, rows: int) -> Block | None:
        found = take(self._bytes, self._names, rows)
        if found is None:
            return None
        part, first = self._bytes[: found.size], self._line
        self._go_on(found.size)
        missing = [pl.lit(None, pl.String).alias(name) for name in FIELDS if name not in self._names]
        frame = found.frame.with_columns(missing).select(FIELDS)
        starts = found.starts
        return Block(
            frame, self._position, self._line, lambda number: first + part.count(b"\n", 0, int(starts[number]))
        )

    def _go_on(self, size: int) -> None:
        self._line += self._bytes.count(b"\n", 0, size)
        self._position += size
        self._bytes = self._bytes[size:]

    def _block(self, rows: int) -> Block:
        """Records one by one: whole lines are taken, so that no character is cut."""
        cut = self._bytes.rfind(b"\n") + 1
        text, at = self._bytes[:cut].decode("utf-8", "surrogateescape"), 0
        starts: list[int] = []
        raw: list[tuple[str, ...]] = []
        faults: list[Fault] = []
        match = self._pattern.match
        while at < len(text) and len(raw) < rows:
            found = match(text, at)
            if found:
                starts.append(at)
                raw.append((found[0], *found.groups()))
                at = found.end()
                continue
            if len(text) - at < _LONGEST and not self._at_end:
                break  # more of it may come
            after = _BEGIN.search(text, at)
            end = after.end() if after else len(text) if self._at_end else max(len(text) - 1024, at + 1)
            if text[at:end].strip():
                faults.append(Fault(self._line + text.count("\n", 0, at), self._reason(text[at:end])))
            at = end
        if not at and not self._at_end:
            self._read_on()
        return self._made(text, at, starts, raw, faults)

    def _made(self, text: str, end: int, starts: list[int], raw: list[tuple[str, ...]], faults: list[Fault]) -> Block:
        used, first = text[:end], self._line
        mended = 0
        if not used.isascii() and _STRAY.search(used):
            mended = sum(_STRAY.search(record[0]) is not None for record in raw)
            raw = [tuple(_STRAY.sub("\ufffd", value) for value in record) for record in raw]
        self._go_on(len(used.encode("utf-8", "surrogateescape")))
        places = self._places
        records = [[_value(record[place]) if place else None for place in places] for record in raw]
        return Block(
            pl.DataFrame(records, SCHEMA, orient="row"),
            self._position,
            self._line,
            lambda number: first + text.count("\n", 0, starts[number]),
            faults,
            mended,
        )

    def _reason(self, passed: str) -> str:
        fields = re.findall(_FIELD + r"(?:,|\r?\n|$)", passed, re.DOTALL)
        lines = passed.count("\n")
        over = f"; passed over {lines} lines" if lines > 1 else ""
        shown = passed[:60].replace("\n", "⏎")
        return f"expected {len(self._names)} fields, each in quotation marks, found about {len(fields)}{over}: {shown}"


def _value(raw: str) -> str | None:
    """A field without its quotation marks and escapes; NULL as None."""
    if raw[:1] != '"':
        return None if raw in ("\\N", "NULL", "") else raw
    if "\\" not in raw:
        return raw[1:-1]
    if raw == '"\\N"':
        return None
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), raw[1:-1])
