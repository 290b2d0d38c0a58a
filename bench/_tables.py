"""Tables of measurements in Markdown: printed, and put where a document has a place for them."""

from __future__ import annotations

import math
import re
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
    """Tables by name. Each is printed as soon as it is there."""

    def __init__(self) -> None:
        self.blocks: dict[str, str] = {}

    def table(self, name: str, heads: Sequence[str], rows: Sequence[Sequence[object]], after: str = "") -> None:
        """Add a table; numbers are shown with three digits, and columns of numbers to the right."""
        shown = [[figure(cell) if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
        ruler = ["---", *["---:"] * (len(heads) - 1)]
        lines = ["| " + " | ".join(row) + " |" for row in ([*heads], *shown)]
        lines.insert(1, "|" + "|".join(ruler) + "|")
        self.blocks[name] = "\n".join(lines) + (f"\n\n{after}" if after else "")
        print(f"\n{name}\n\n{self.blocks[name]}", flush=True)

    def write(self, path: Path) -> None:
        """Put each table between `<!-- measured: NAME -->` and `<!-- end -->` of a document.

        :raises ValueError: when the document has no place for a table
        """
        text = path.read_text()
        for name, block in self.blocks.items():
            place = re.compile(rf"(<!-- measured: {re.escape(name)} -->\n).*?(\n<!-- end -->)", re.DOTALL)
            text, count = place.subn(rf"\g<1>{block.replace(chr(92), chr(92) * 2)}\g<2>", text)
            if count != 1:
                raise ValueError(f"{path} must have one place for the table “{name}”, and has {count}.")
        path.write_text(text)
