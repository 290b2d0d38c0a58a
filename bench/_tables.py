"""Tables of measurements in Markdown: printed, and put where a document has a place for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path


def figure(value: float) -> str:
    """A number with three digits that mean something, and commas."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; not a number when there is none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


class Report:
    """Tables by name. Each is printed, and put into a document if there is one, as soon as it is there."""

    def __init__(self, document: Path | None = None) -> None:
        self._document = document

    def table(self, name: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table; numbers are shown with three digits, and columns of numbers to the right."""
        shown = [[figure(cell) if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
        ruler = ["---", *["---:"] * (len(heads) - 1)]
        lines = ["| " + " | ".join(row) + " |" for row in ([*heads], *shown)]
        lines.insert(1, "|" + "|".join(ruler) + "|")
        block = "\n".join(lines)
        print(f"\n{name}\n\n{block}", flush=True)
        if self._document is not None:
            self._put(self._document, name, block)

    @staticmethod
    def _put(path: Path, name: str, block: str) -> None:
        """Put a table between `<!-- measured: NAME -->` and the next `<!-- end -->` of a document.

        :raises ValueError: when the document has no place for it
        """
        text = path.read_text()
        head, mark, rest = text.partition(f"<!-- measured: {name} -->\n")
        _, end, tail = rest.partition("<!-- end -->")
        if not mark or not end:
            raise ValueError(f"{path} has no place for the table “{name}”.")
        path.write_text(f"{head}{mark}{block}\n{end}{tail}")
