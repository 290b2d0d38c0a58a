"""Look over a block of delimited text before and after the engine reads it: quotes, row ends, rows it skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasources.upload._rows import LONGEST_CELL, Rows, Shape
from datasources.upload._tables import Bad

if TYPE_CHECKING:
    import numpy as np

NEWLINE, RETURN, QUOTE = 10, 13, 34


def ragged(cells: int, width: int) -> str:
    """Why a row with this many cells cannot be used."""
    have = "1 cell" if cells == 1 else f"{cells} cells"
    return f"The row has {have} where the table has {width} columns."


def located(
    skipped: list[str], data: bytes, quotes: np.ndarray, line: int, width: int, delimiter: str
) -> list[Bad] | None:
    """The rows the engine skipped, with their lines; None when they must be looked at one by one.

    Each is found as a whole row, outside of quotes, behind the one before it. A row with the same text would have been
    skipped too, so it cannot be taken for another.
    """
    import numpy as np

    found: list[Bad] = []
    position, shape = 0, Shape(delimiter)
    for text in skipped:
        cells = next((row.cells for row in Rows(text, shape) if not row.reason), [])
        raw = text.encode()
        start = data.find(raw, position) if any(cells[width:] or cells) else -1
        while start >= 0 and not (
            (start == 0 or data[start - 1] == NEWLINE)
            and data[start + len(raw) : start + len(raw) + 2].replace(b"\r", b"")[:1] in (b"", b"\n")
            and np.searchsorted(quotes, start) % 2 == 0
        ):
            start = data.find(raw, start + 1)
        if start < 0:
            return None
        line += data.count(b"\n", position, start)
        position = start
        found.append(Bad(line, ragged(len(cells), width), text))
        line, position = line + text.count("\n"), start + len(raw)
    return found


def last_row_end(data: bytes, quotes: np.ndarray, final: bool) -> int:
    """Where the last row ends that is wholly in `data`; 0 when none does."""
    import numpy as np

    if final:
        return len(data) if len(quotes) % 2 == 0 else 0
    end = len(data)
    while end > 0:
        end = data.rfind(b"\n", 0, end)
        if end < 0 or np.searchsorted(quotes, end) % 2 == 0:
            return end + 1
        if len(data) - end > LONGEST_CELL:
            return 0
    return 0


def is_well_quoted(codes: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Whether every quotation mark opens a cell, closes one or is doubled inside one.

    Taken in turn as opening and closing, an opening one must follow a delimiter, a line end or the one that closed
    before it (a doubled mark), and a closing one must stand before one of these.
    """
    import numpy as np

    if not len(quotes):
        return True
    if len(quotes) % 2:
        return False
    opens, closes = quotes[::2], quotes[1::2]
    before = codes[opens - 1]
    if opens[0] == 0:
        before = before[1:]
    after = codes[np.minimum(closes + 1, len(codes) - 1)]
    good = _allowed(delimiter)
    return bool(good[before].all() and good[after].all())


def _allowed(delimiter: int) -> np.ndarray:
    import numpy as np

    table = np.zeros(256, bool)
    table[[delimiter, NEWLINE, RETURN, QUOTE]] = True
    return table
