"""Read XLSX workbooks row by row. Other readers hold a whole sheet in memory; this one only the shared texts."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from app.domain.texts import say
from app.plugins import InvalidInput
from datasources.upload._dialect import Dialect, has_header
from datasources.upload._rows import Row
from datasources.upload._tables import Bad, Chunk, unique_names

if TYPE_CHECKING:
    import pyarrow as pa

PIECE_ROWS = 10_000
_SAMPLE_ROWS = 300
_LAST_ROW = 1_048_576
_HARMLESS, _RATIO, _MOST_WHOLE = 64 << 20, 200, 512 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, ParseError, LookupError, TypeError, ValueError, OSError)
_DAMAGED = "This workbook is damaged. Open it and save it again as XLSX."


class WorkbookReader:
    """A sheet of a workbook being read: the one named, or the first that holds something.

    With `state`, the pieces up to the one that had it are passed over.
    """

    def __init__(self, path: Path, dialect: Dialect, header: str, state: Mapping[str, Any] | None = None) -> None:
        self._skipped = state["pieces"] if state is not None else 0
        self._book = _open(path)
        self.sheets = list(self._book.sheetnames)
        self.sheet, self.total, self._rows = self._choose(dialect.sheet)
        self._sample = list(islice(self._rows, _SAMPLE_ROWS))
        if not self._sample:
            raise InvalidInput({"file": [say("The workbook holds no rows.")]})
        width = max(len(row.cells) for row in self._sample)
        for row in self._sample:
            row.cells += [""] * (width - len(row.cells))
        self.has_header = header != "no" if header else has_header(self._sample)
        names = self._sample.pop(0).cells if self.has_header else [""] * width
        self.columns = unique_names(names)
        self.notes: list[str] = []
        if any(name.strip() not in ("", new) for name, new in zip(names, self.columns, strict=True)):
            self.notes.append("Some columns have the same name; the later ones have a number behind theirs.")
        if len(self.sheets) > 1:
            others = ", ".join(name for name in self.sheets if name != self.sheet)
            self.notes.append(f"The sheet “{self.sheet}” was read. The workbook has others: {others}.")

    def sample(self) -> pa.Table:
        """The first rows."""
        return _table(self.columns, [row for row in self._sample if len(row.cells) == len(self.columns)])

    def chunks(self) -> Iterator[Chunk]:
        """The rows of the sheet in pieces."""
        rows, seen = chain(self._sample, self._rows), 0
        for number in count(1):
            piece = list(islice(rows, PIECE_ROWS))
            if not piece:
                break
            seen += len(piece)
            if number <= self._skipped:
                continue
            good, bad = [], []
            for row in piece:
                row.cells += [""] * (len(self.columns) - len(row.cells))
                if len(row.cells) > len(self.columns):
                    reason = f"The row has {len(row.cells)} cells where the table has {len(self.columns)} columns."
                    bad.append(Bad(row.line, reason, "\t".join(row.cells)))
                else:
                    good.append(row)
            done = min(seen / max(self.total, seen, 1), 1.0)
            yield Chunk(_table(self.columns, good), _placer(good), bad, done, {"pieces": number})
        self._book.close()

    def _choose(self, wanted: str) -> tuple[str, int, Iterator[Row]]:
        """The name, the number of rows and the rows of the sheet to read."""
        if wanted and wanted not in self.sheets:
            raise InvalidInput(
                {
                    "sheet": [
                        say(
                            "There is no sheet “{wanted}”. The sheets are: {sheets}.",
                            wanted=wanted,
                            sheets=", ".join(self.sheets),
                        )
                    ]
                }
            )
        for name in [wanted] if wanted else self.sheets:
            sheet = self._book[name]
            if not hasattr(sheet, "iter_rows"):
                continue
            total = sheet.max_row or 0
            sheet.reset_dimensions()  # what a file says of its size is often wrong
            rows = _rows(sheet)
            first = next(rows, None)
            if first is not None:
                return name, total, chain([first], rows)
        raise InvalidInput({"file": [say("The workbook holds no rows.")]})


def _open(path: Path) -> Any:
    import openpyxl

    _check_size(path)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return openpyxl.load_workbook(path, read_only=True, data_only=True)
        except _DAMAGE:
            raise InvalidInput({"file": [_DAMAGED]}) from None


def _check_size(path: Path) -> None:
    """Refuse a workbook that is small and would fill the memory. The sizes that it names bind whoever unpacks it."""
    with zipfile.ZipFile(path) as archive:
        parts = [part for part in archive.infolist() if not part.filename.startswith("xl/media/")]
    whole = sum(part.file_size for part in parts if not part.filename.startswith("xl/worksheets/"))
    packed = [part for part in parts if part.file_size > _HARMLESS and part.file_size > _RATIO * part.compress_size]
    if packed or whole > _MOST_WHOLE:
        size = sum(part.file_size for part in parts) >> 20
        text = f"This workbook would unpack to {size:,} MB, as no real one does. Save it as CSV and upload that."
        raise InvalidInput({"file": [text]})


def _rows(sheet: Any) -> Iterator[Row]:
    """The rows that hold something, as text, with their numbers in the sheet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = enumerate(sheet.iter_rows(max_row=_LAST_ROW, values_only=True), 1)
        while True:
            try:
                line, values = next(rows)
            except StopIteration:
                return
            except _DAMAGE:
                raise InvalidInput({"file": [_DAMAGED]}) from None
            cells = [_text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield Row(line, cells, "")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _table(columns: list[str], rows: list[Row]) -> pa.Table:
    import pyarrow as pa

    values = list(zip(*(row.cells for row in rows), strict=True)) or [()] * len(columns)
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in zip(columns, values, strict=True)})


def _placer(rows: list[Row]) -> Callable[..., list[tuple[int, str]]]:
    return lambda places: [(rows[place].line, "\t".join(rows[place].cells)) for place in places]
