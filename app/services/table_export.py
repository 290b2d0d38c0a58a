"""Tables as CSV, NDJSON and JSON: streams made from Parquet, a few thousand rows in memory at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.services.table_part import WHOLE, Part, batches

if TYPE_CHECKING:
    import polars as pl

_BOM = b"\xef\xbb\xbf"
_FORMULA = r"^(?:[=@\t\r\n＝＠＋－]|[+\-])"
_PLAIN_NUMBER = r"^[+\-]?\d+(?:[.,]\d+)*(?:[eE][+\-]?\d+)?$"


def csv(path: Path, part: Part = WHOLE, *, bom: bool = False, excel_safe: bool = False) -> Iterator[bytes]:
    """CSV as RFC 4180 has it, in UTF-8: moments as `2026-01-31 23:59:59` (UTC), lists joined by commas.

    `bom` begins with the mark by which spreadsheets know UTF-8; `excel_safe` puts an apostrophe before text that a
    spreadsheet would run as a formula.
    """
    yield from _csv(batches(path, part), bom=bom, excel_safe=excel_safe)


def csv_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[str] | None = None,
    bom: bool = False,
    excel_safe: bool = False,
) -> Iterator[bytes]:
    """A few rows as CSV, as `csv` writes them: all that they hold, or these columns."""
    import polars as pl

    frame = pl.DataFrame(rows, schema=columns, infer_schema_length=None, strict=False)
    yield from _csv([frame], bom=bom, excel_safe=excel_safe)


def _csv(frames: Iterable[pl.DataFrame], *, bom: bool, excel_safe: bool) -> Iterator[bytes]:
    if bom:
        yield _BOM
    for number, frame in enumerate(frames):
        cells = frame.select(flat(frame))
        if excel_safe:
            cells = _without_formulas(cells)
        buffer = io.BytesIO()
        cells.write_csv(buffer, include_header=number == 0, line_terminator="\r\n", datetime_format="%Y-%m-%d %H:%M:%S")
        yield buffer.getvalue()


def ndjson(path: Path, part: Part = WHOLE) -> Iterator[bytes]:
    """One JSON object a line; moments in ISO 8601, lists as lists."""
    for frame in batches(path, part):
        buffer = io.BytesIO()
        frame.select(_iso(frame)).write_ndjson(buffer)
        yield buffer.getvalue()


def json(path: Path, part: Part = WHOLE) -> Iterator[bytes]:
    """One JSON array of objects, one object a line."""
    yield b"["
    first = True
    for lines in ndjson(path, part):
        # A line break inside a value is escaped, so each one here ends an object.
        joined = lines.rstrip(b"\n").replace(b"\n", b",\n")
        if joined:
            yield (b"\n" if first else b",\n") + joined
            first = False
    yield b"\n]\n"


def flat(frame: pl.DataFrame) -> list[pl.Expr]:
    """Every column as one cell: lists joined, objects as JSON, moments in UTC; no infinite numbers."""
    import polars as pl

    made = []
    for name, dtype in frame.schema.items():
        cell = pl.col(name)
        if isinstance(dtype, pl.List):
            inner = dtype.inner
            texts = pl.element().struct.json_encode() if isinstance(inner, pl.Struct) else pl.element().cast(pl.String)
            cell = cell.list.eval(texts).list.join(",", ignore_nulls=True)
        elif isinstance(dtype, pl.Struct):
            cell = pl.when(cell.is_not_null()).then(cell.struct.json_encode())
        elif isinstance(dtype, pl.Datetime):
            cell = cell.dt.replace_time_zone(None) if dtype.time_zone in (None, "UTC") else _to_utc(cell)
        elif dtype in (pl.Date, pl.Time, pl.Duration):
            cell = cell.cast(pl.String)
        elif dtype == pl.Binary:
            cell = cell.bin.encode("base64")
        elif dtype.is_float():
            cell = pl.when(cell.is_finite()).then(cell)
        elif dtype.is_decimal():
            cell = cell.cast(pl.Float64)
        elif isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype == pl.Null:
            cell = cell.cast(pl.String)
        made.append(cell.alias(name))
    return made


def _to_utc(cell: pl.Expr) -> pl.Expr:
    return cell.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def _iso(frame: pl.DataFrame) -> list[pl.Expr]:
    """The columns with moments written as `2026-01-31T23:59:59Z`, with a fraction where there is one."""
    import polars as pl

    made = []
    for name, dtype in frame.schema.items():
        cell = pl.col(name)
        if isinstance(dtype, pl.Datetime):
            moment = _to_utc(cell) if dtype.time_zone else cell
            whole = moment.dt.microsecond() == 0
            cell = (
                pl.when(whole)
                .then(moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
                .otherwise(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
            )
        elif dtype == pl.Binary:
            cell = cell.bin.encode("base64")
        made.append(cell.alias(name))
    return made


def _without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before text (and column names) that begins like a formula, unless it is just a number."""
    import polars as pl

    made = []
    for name, dtype in frame.schema.items():
        cell = pl.col(name)
        if dtype == pl.String:
            risky = cell.str.contains(_FORMULA) & ~cell.str.contains(_PLAIN_NUMBER)
            cell = pl.when(risky).then(pl.concat_str(pl.lit("'"), cell)).otherwise(cell)
        made.append(cell.alias(name))
    safe = frame.select(made)
    return safe.rename(
        {name: f"'{name}" for name in safe.columns if name.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))}
    )
