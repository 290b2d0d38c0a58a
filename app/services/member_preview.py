"""A file out of an archive as pages show it: the beginning of a text or of a table, whole where it is small."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.domain.texts import Text, say
from app.services.decoding import text_in
from app.services.member import PICTURES, SOUNDS, VIDEOS, Member

MOST_BYTES = 200_000
"""So much of a text is looked at."""
MOST_MEDIA = 20_000_000
"""Pictures with more bytes are not shown, for a browser would draw them slowly."""
MOST_PAGE = 5_000_000
"""Pages of HTML with more bytes are not shown."""
MOST_ROWS, MOST_COLUMNS = 200, 40
_TABLES = {"csv", "tsv", "tab"}
_PAGES = {"html", "htm"}


@dataclass(frozen=True)
class Preview:
    """How a file is shown: `kind` is picture, video, sound, page, table, text, or empty when it cannot be shown.

    `note` says what is left out, or why nothing is shown.
    """

    kind: str
    text: str = ""
    rows: list[list[str]] = field(default_factory=list)
    note: Text | None = None


def preview_of(member: Member, chunks: Iterable[bytes]) -> Preview:
    """A file of an archive as a page shows it; of `chunks`, its bytes, no more is read than is needed."""
    for kind, ends, most in (
        ("picture", PICTURES, MOST_MEDIA),
        ("video", VIDEOS, None),
        ("sound", SOUNDS, None),
        ("page", _PAGES, MOST_PAGE),
    ):
        if member.end in ends:
            if most and member.size > most:
                return Preview("", note=say("This file is too large to be shown here. The download has it."))
            return Preview(kind)
    content = beginning(chunks, MOST_BYTES)
    is_cut = member.size > len(content)
    text = text_in(content, is_cut=is_cut)
    if text is None:
        return Preview("", note=say("Files of this kind cannot be shown here. The download has it."))
    if member.end in _TABLES and (rows := _rows(text, member.end, is_cut=is_cut)):
        return _table(rows, is_cut=is_cut)
    if member.end == "json" and not is_cut:
        text = _in_lines(text)
    return Preview("text", text, note=_cut_short(len(content), member.size) if is_cut else None)


def beginning(chunks: Iterable[bytes], most: int) -> bytes:
    """The first bytes of what comes in chunks."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) >= most:
            break
    return bytes(held[:most])


def _cut_short(shown: int, total: int) -> Text:
    return say(
        "Shown is the beginning: {shown:,} of {total:,} bytes. The download has all of it.", shown=shown, total=total
    )


def _rows(text: str, end: str, *, is_cut: bool) -> list[list[str]]:
    """The cells of a table; none when it does not read as one. The last line of one that is cut off is left out."""
    first = text.partition("\n")[0]
    between = "\t" if end != "csv" else max(",;\t|", key=first.count)
    lines = text.splitlines(keepends=True)
    try:
        rows = [row for row in csv.reader(lines[:-1] if is_cut else lines, delimiter=between) if row]
    except csv.Error:
        return []
    return rows


def _table(rows: list[list[str]], *, is_cut: bool) -> Preview:
    shown = [row[:MOST_COLUMNS] for row in rows[: MOST_ROWS + 1]]
    widest = max(len(row) for row in rows)
    note = None
    if widest > MOST_COLUMNS:
        note = say(
            "Shown are the first {rows:,} rows, with {columns} of {all:,} columns. The download has all of it.",
            rows=len(shown) - 1,
            columns=MOST_COLUMNS,
            all=widest,
        )
    elif is_cut or len(rows) > len(shown):
        note = say("Shown are the first {rows:,} rows. The download has all of it.", rows=len(shown) - 1)
    return Preview("table", rows=shown, note=note)


def _in_lines(text: str) -> str:
    """JSON with a line for each value; as it is where it cannot be read."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
