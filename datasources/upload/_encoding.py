"""Find out how a file's characters are encoded, and turn it into UTF-8 piece by piece, reporting what was damaged."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.texts import say
from app.plugins import InvalidInput
from datasources.upload._tables import listed

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "windows-1252": "Windows-1252",
    "iso-8859-1": "Latin-1",
    "windows-1250": "Windows-1250",
    "windows-1251": "Windows-1251",
    "gb18030": "GB 18030",
    "big5": "Big5",
    "shift_jis": "Shift JIS",
    "euc-kr": "EUC-KR",
    "mac-roman": "Mac Roman",
}
"""What can be chosen, and how it is called. The first five are detected."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BROKEN = re.compile("[\udc80-\udcff]+")
_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"(\xb5/\xfd": "compressed with Zstandard; unpack it first",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word document; save it as .xlsx or CSV first",
    b"PAR1": "a Parquet file; write it as CSV first",
}
KEPT_LINES = 1_000


def mark_of(sample: bytes) -> tuple[int, str]:
    """The length of the byte order mark and the encoding it tells; 0 and nothing when there is none."""
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return len(mark), encoding
    return 0, ""


def detect_encoding(sample: bytes, *, complete: bool) -> str:
    """The encoding of a text, from its beginning.

    :raises InvalidInput: when it is no text at all
    """
    _, marked = mark_of(sample)
    if marked:
        return marked
    for signature, what in _SIGNATURES.items():
        if sample.startswith(signature):
            raise InvalidInput({"file": [say("This file is {what}. Send CSV, TSV, XLSX, JSON or NDJSON.", what=what)]})
    wide = _wide(sample)
    if wide:
        return wide
    controls = sum(sample.count(bytes([code])) for code in (*range(1, 9), *range(14, 27), 28, 29, 30, 127))
    if controls + sample.count(b"\0") > 0.05 * len(sample) + 2:
        raise InvalidInput({"file": [say("This is not a text file. Send CSV, TSV, XLSX, JSON or NDJSON.")]})
    if _is_mostly_utf8(sample, complete=complete):
        return "utf-8"
    return "windows-1252" if any(bytes([code]) in sample for code in range(0x80, 0xA0)) else "iso-8859-1"


def _wide(sample: bytes) -> str:
    """UTF-16 without a mark: every other byte of western text is zero."""
    half = max(len(sample) // 2, 1)
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) < 0.3 or min(even, odd) > 0.1:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_mostly_utf8(data: bytes, *, complete: bool) -> bool:
    """Whether more of its non-ASCII characters are UTF-8 than not."""
    if data.isascii():
        return True
    text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(data, complete)
    broken = sum(len(found) for found in _BROKEN.findall(text))
    return broken == 0 or sum(char > "\x7f" for char in text) - broken > broken


@dataclass
class Damage:
    """How many characters were replaced or removed, and on which lines."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, count: int, lines: list[int]) -> None:
        """Note some more; the list of lines is cut at a thousand."""
        self.count += count
        self.lines.extend(dict.fromkeys(lines[: KEPT_LINES - len(self.lines)]))

    def state(self) -> list[Any]:
        """What is known so far, as plain JSON."""
        return [self.count, list(self.lines)]

    def say(self, what: str) -> list[str]:
        """A sentence about it; none when nothing was damaged."""
        if not self.count:
            return []
        lines = list(dict.fromkeys(self.lines))
        subject = f"1 {what} was" if self.count == 1 else f"{self.count:,} {what}s were"
        word = "line" if len(lines) == 1 else "lines"
        return [f"{subject} {{}}: {word} {listed(lines)}{' and later ones' if len(lines) >= KEPT_LINES else ''}."]


class Utf8File:
    """A text file as pieces of UTF-8. NUL characters are removed, wrong bytes replaced; both are counted by line.

    `mark` says where reading stands, for a later process that goes on from there with `go_to`.
    """

    def __init__(
        self, path: Path, encoding: str, *, detected: bool, only_returns: bool = False, always_decode: bool = False
    ) -> None:
        self.path, self.encoding, self.detected = path, encoding, detected
        self.size = path.stat().st_size
        self.read = 0
        self.wrong, self.removed = Damage(), Damage()
        self._only_returns = only_returns
        self._seen_utf8 = False
        self._switched = False
        self._has_gone_to = False
        self._raw = b""
        self._decoder = self._fresh_decoder() if encoding != "utf-8" or always_decode else None

    @property
    def done(self) -> float:
        """The share of the file read."""
        return self.read / max(self.size, 1)

    @property
    def at_end(self) -> bool:
        """Whether all of it has been read."""
        return self.read >= self.size

    def _fresh_decoder(self) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder(self.encoding)("replace")

    def blocks(self, size: int) -> Iterator[bytes]:
        """Yield pieces of about `size` bytes. Wrong UTF-8 is in them still: see `repair`."""
        with self.path.open("rb") as source:
            length, marked = mark_of(source.read(4))
            start = length if marked == self.encoding else 0
            source.seek(self.read if self._has_gone_to else start)
            while raw := source.read(size):
                self.read, self._raw = source.tell(), raw
                yield self._as_utf8(raw, self._decoder, final=self.at_end)

    def _as_utf8(self, raw: bytes, decoder: codecs.IncrementalDecoder | None, *, final: bool = False) -> bytes:
        block = raw if decoder is None else decoder.decode(raw, final).encode("utf-8", "replace")
        return block.replace(b"\r", b"\n") if self._only_returns else block

    def mark(self, rest: bytes) -> dict[str, Any] | None:
        """Where to go on, when all that was read has been used but `rest`; None when that cannot be said exactly.

        No text is kept: `rest` is what stands in the file before the place where reading stopped, and comes again from
        there. It cannot, when characters of it were removed or replaced.
        """
        pending, _ = self._decoder.getstate() if self._decoder is not None else (b"", 0)
        try:
            length = len(rest.decode().encode(self.encoding) if self._decoder is not None else rest) + len(pending)
        except UnicodeError:
            return None
        tail = self._raw[len(self._raw) - length :] if length <= len(self._raw) else b""
        probe = self._fresh_decoder() if self._decoder is not None else None
        if self._as_utf8(tail, probe) != rest or (probe and self._decoder and probe.getstate()[0] != pending):
            return None
        return {
            "start": self.read - length,
            "read": self.read,
            "encoding": self.encoding,
            "decodes": probe is not None,
            "seen": self._seen_utf8,
            "switched": self._switched,
        }

    def go_to(self, mark: dict[str, Any]) -> bytes:
        """Go on from a mark; the `rest` that it was made with."""
        self.encoding, self.read, self._has_gone_to = mark["encoding"], mark["read"], True
        self._seen_utf8, self._switched = mark["seen"], mark["switched"]
        self._decoder = self._fresh_decoder() if mark["decodes"] else None
        with self.path.open("rb") as source:
            source.seek(mark["start"])
            self._raw = source.read(mark["read"] - mark["start"])
        return self._as_utf8(self._raw, self._decoder)

    def clean(self, data: bytes, line: int) -> bytes:
        """Take out NUL characters; `line` is where the piece begins. In a transcoded file, count what was replaced."""
        if self._decoder is not None and "�".encode() in data:
            self.wrong.add(*_where(data.decode(), "�", line))
        if 0 not in data:
            return data
        self.removed.add(*_where(data.decode("utf-8", "replace"), "\0", line))
        return data.replace(b"\0", b"")

    def approve(self, data: bytes) -> None:
        """Note that a piece was valid UTF-8."""
        self._seen_utf8 = self._seen_utf8 or not data.isascii()

    def repair(self, data: bytes, tail: bytes, line: int) -> tuple[bytes, bytes]:
        """Make valid UTF-8 of a piece that is not, and of the tail behind it if that is no UTF-8 either.

        A file that had only ASCII until here was not UTF-8 after all when this piece is not: then this and all the
        rest is read as Windows-1252, so that its letters are kept.
        """
        if self.detected and not self._seen_utf8 and not _is_mostly_utf8(data, complete=True):
            self._switched = True
            self.encoding = "windows-1252"
            self._decoder = self._fresh_decoder()
            mended = self._decoder.decode(data).encode()
            return self.clean(mended, line), self._decoder.decode(tail).encode()
        text = data.decode("utf-8", "surrogateescape")
        self._seen_utf8 = True
        self.wrong.add(*_where(text, _BROKEN, line))
        return data.decode("utf-8", "replace").encode(), tail

    def notes(self) -> list[str]:
        """What the user should know about the characters of the file."""
        found = []
        if self._switched or (self.detected and self.encoding in ("windows-1252", "iso-8859-1")):
            name = ENCODINGS[self.encoding]
            found.append(f"The file is not UTF-8 and was read as {name}. If letters look wrong, choose its encoding.")
        for damage, what, done in (
            (self.wrong, "character", f"not valid {ENCODINGS.get(self.encoding, self.encoding)} and replaced by �"),
            (self.removed, "NUL character", "removed"),
        ):
            found += [sentence.format(done) for sentence in damage.say(what)]
        return found


def _where(text: str, what: str | re.Pattern[str], line: int) -> tuple[int, list[int]]:
    """How many there are, and the lines of the first of them."""
    pattern = re.compile(re.escape(what)) if isinstance(what, str) else what
    lines: list[int] = []
    count, at, position = 0, line, 0
    for found in pattern.finditer(text):
        count += 1
        if len(lines) < KEPT_LINES:
            at += text.count("\n", position, found.start())
            position = found.start()
            lines.append(at)
    return count, lines
