"""Tables as Excel workbooks: a stream that begins at once, a few thousand rows in memory at a time.

A library makes the workbook around an empty sheet; the rows are put in as text of the sheet's XML while it is packed.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.errors import NotCompatible
from app.domain.texts import say
from app.services.table_export import flat
from app.services.table_part import WHOLE, Part, Sink, batches

if TYPE_CHECKING:
    import polars as pl

EXCEL_ROWS = 1_048_576
EXCEL_COLUMNS = 16_384
_CELL = 32_767
"""How long the text of a cell may be, in units of UTF-16."""
_WHOLE_NUMBER = 10**15
"""From here on a cell does not keep all digits of a number."""
_SHEET = "xl/worksheets/sheet1.xml"
_ZIP64_FROM = 2**31 - 1
_ESTIMATE = (80, 4)
"""About how many bytes of XML a cell is, and how many more for each byte of its column in the file."""
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_LOOKS_ESCAPED = r"_(x[0-9A-Fa-f]{4})"
_CONTROLS = [*range(9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF]
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{chr(code): f"_x{code:04X}_" for code in _CONTROLS}}


def check_fits_excel(rows: int, columns: int) -> None:
    """Make sure that a sheet can hold a table. :raises NotCompatible: when not, naming the formats that can"""
    if rows + 1 > EXCEL_ROWS or columns > EXCEL_COLUMNS:
        raise NotCompatible(
            say(
                "This table has {rows:,} rows and {columns:,} columns, and an Excel sheet holds {most:,} rows below its"
                " header and {widest:,} columns. Download it as csv or ndjson instead.",
                rows=rows,
                columns=columns,
                most=EXCEL_ROWS - 1,
                widest=EXCEL_COLUMNS,
            )
        )


def xlsx(path: Path, part: Part = WHOLE, *, made: datetime) -> Iterator[bytes]:
    """A table as an Excel workbook that was `made` then; text longer than a cell holds is cut off.

    All text is text, and stays so when a cell is edited that begins like a formula.
    """
    columns = part.columns or _columns_of(path)
    around = _workbook(columns, made)
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as archive:
        for name, content in around.parts.items():
            archive.writestr(_entry(name), content)
        yield sink.take()
        with archive.open(_entry(_SHEET), "w", force_zip64=_is_large(path)) as sheet:
            sheet.write(around.start)
            number = 2
            for frame in batches(path, part):
                sheet.write(_rows(frame, number, around).encode())
                number += frame.height
                yield sink.take()
            sheet.write(around.end)
    yield sink.take()


def _columns_of(path: Path) -> Sequence[str]:
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def _entry(name: str) -> zipfile.ZipInfo:
    """A member of the archive, without a time: the same table gives the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _is_large(path: Path) -> bool:
    """Whether the sheet may be larger than members of an archive can be, unless a reader knows ZIP64.

    Excel complains of ZIP64 where it is not needed.
    """
    import pyarrow.parquet as pq

    found = pq.read_metadata(path)
    held = sum(found.row_group(group).total_byte_size for group in range(found.num_row_groups))
    per_cell, per_byte = _ESTIMATE
    return bool(found.num_rows * found.num_columns * per_cell + held * per_byte > _ZIP64_FROM)


@dataclass(frozen=True)
class _Workbook:
    """A workbook without the rows: its other parts, what stands around the rows, the numbers of styles."""

    parts: dict[str, bytes]
    start: bytes
    end: bytes
    moment: str
    guarded: str


def _workbook(columns: Sequence[str], made: datetime) -> _Workbook:
    """A workbook with this header, frozen, whose second row shows how cells are styled and is cut out."""
    import xlsxwriter

    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": made.astimezone(UTC).replace(tzinfo=None)})
    sheet = book.add_worksheet("data")
    sheet.freeze_panes(1, 0)
    names = [_cut(name) for name in columns]
    sheet.write_row(0, 0, names, book.add_format({"bold": True, "quote_prefix": True}))
    sheet.write_datetime(1, 0, datetime(2000, 1, 1), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))
    sheet.write_string(1, 1, "text", book.add_format({"quote_prefix": True}))
    book.close()
    with zipfile.ZipFile(content) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    xml = re.sub(r"<dimension [^>]*/>", "", parts.pop(_SHEET).decode())
    start, end = xml.index('<row r="2"'), xml.index("</sheetData>")
    moment, guarded = re.findall(r' s="(\d+)"', xml[start:end])
    return _Workbook(parts, xml[:start].encode(), xml[end:].encode(), moment, guarded)


def _rows(frame: pl.DataFrame, first: int, around: _Workbook) -> str:
    """The XML of some rows, the first of which has this number."""
    import polars as pl
    from xlsxwriter.utility import xl_col_to_name

    if frame.is_empty():
        return ""
    number = pl.int_range(first, first + frame.height, dtype=pl.Int64).cast(pl.String)
    plain = frame.select(flat(frame))
    cells = []
    for place, column in enumerate(plain.get_columns()):
        reference = pl.concat_str(pl.lit(f'<c r="{xl_col_to_name(place)}'), number)
        cells.append(_cell(column, reference, around))
    row = pl.concat_str(pl.lit('<row r="'), number, pl.lit('">'), *cells, pl.lit("</row>"), ignore_nulls=True)
    return str(pl.select(row.str.join("")).item())


def _cell(column: pl.Series, reference: pl.Expr, around: _Workbook) -> pl.Expr:
    """The XML of each cell of a column; null for an empty one, which has none."""
    import polars as pl

    lit, dtype = pl.lit, column.dtype
    if dtype == pl.Boolean:
        return pl.concat_str(reference, lit('" t="b"><v>'), lit(column).cast(pl.Int8).cast(pl.String), lit("</v></c>"))
    if isinstance(dtype, pl.Datetime):
        inside = column.dt.year().is_between(1900, 9999)
        days = (column.dt.truncate("1s").dt.epoch("s").cast(pl.Float64) / 86_400) + 25_569
        days = days - (days < 61).cast(pl.Float64)  # Excel counts a 29 February in 1900
        shown = pl.concat_str(reference, lit(f'" s="{around.moment}"><v>'), lit(days).cast(pl.String), lit("</v></c>"))
        text = _text(column.dt.strftime("%Y-%m-%d %H:%M:%S"), reference, around)
        return pl.when(lit(inside)).then(shown).otherwise(text)
    if dtype.is_numeric():
        shown = pl.concat_str(reference, lit('"><v>'), lit(column).cast(pl.String), lit("</v></c>"))
        if dtype.is_integer():
            is_large = lit(column.cast(pl.Int128).abs() >= _WHOLE_NUMBER)
            return pl.when(is_large).then(_text(column.cast(pl.String), reference, around)).otherwise(shown)
        return shown
    return _text(column.cast(pl.String), reference, around)


def _text(column: pl.Series, reference: pl.Expr, around: _Workbook) -> pl.Expr:
    """The XML of cells with text, in which what XML cannot hold is spelt out as Excel reads it."""
    import polars as pl

    if (column.str.len_chars() > _CELL // 2).any():
        column = pl.Series(column.name, [text and _cut(text) for text in column.to_list()], dtype=pl.String)
    guard = pl.when(pl.lit(column.str.contains(_FORMULA))).then(pl.lit(f'" s="{around.guarded}')).otherwise(pl.lit(""))
    safe = column.str.replace_all(_LOOKS_ESCAPED, "_x005F_${1}").str.replace_many(_ESCAPED)
    start = pl.lit('" t="inlineStr"><is><t xml:space="preserve">')
    return pl.concat_str(reference, guard, start, pl.lit(safe), pl.lit("</t></is></c>"))


def _cut(text: str) -> str:
    """A text as long as a cell may hold, with an ellipsis for the rest."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL:
        return text
    return units[: 2 * (_CELL - 1)].decode("utf-16-le", "ignore") + "…"
