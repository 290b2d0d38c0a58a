"""Say what is in a file from its first megabyte, for the form in which the user maps its columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from app.domain.texts import say
from app.plugins import ITEM_COLUMNS
from datasources.upload._dialect import SAMPLE_BYTES, Dialect, decode_sample, described_encoding, detect, read_sample
from datasources.upload._import import open_reader, settle, wanted_of
from datasources.upload._json import JsonReader
from datasources.upload._mapping import CHOICES, guess, times_in
from datasources.upload._presets import PRESETS, Derived
from datasources.upload._rows import Rows
from datasources.upload._tables import Reader
from datasources.upload._xlsx import WorkbookReader

SHOWN_ROWS, SHOWN_PROBLEMS, RECORDS = 10, 50, 200
_DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Pipe"}
_FORMATS = {"json": "JSON", "ndjson": "NDJSON"}


def preview(path: Path, filename: str, options: Any, folder: Path) -> dict[str, Any]:
    """What was detected, the first rows, a guess at the mapping, and the problems seen so far."""
    wanted = wanted_of(options)
    dialect = detect(path, filename, wanted)
    reader = open_reader(path, dialect, wanted.has_header, folder, lambda share: None, RECORDS)
    preset, mapping = _settle(reader, options) if reader.columns else ("", {})
    size = path.stat().st_size
    problems, rows, exact = _problems(path, dialect, reader, size)
    sample = reader.sample().slice(0, SHOWN_ROWS)
    shown = [["" if value is None else value for value in row.values()] for row in sample.to_pylist()]
    return {
        "format": dialect.format,
        "dialect": _dialect(dialect, reader),
        "described": _described(dialect, reader, rows, exact),
        "columns": reader.columns,
        "rows": shown,
        "guess": {item: source if isinstance(source, str) else "" for item, source in mapping.items()},
        "preset": preset,
        "preset_title": PRESETS[preset].title if preset else "",
        "problems": problems[:SHOWN_PROBLEMS],
        "problem_count": len(problems),
        "replaced_count": sum("is_kept" in problem for problem in problems),
        "is_whole": exact,
        "wrong": _wrong(reader, options),
        "size": size,
        "rows_estimated": rows,
    }


def _wrong(reader: Reader, options: Any) -> dict[str, list[str]]:
    """What the first rows say against the mapping that the user has chosen."""
    column = options.timestamp
    if column not in reader.columns:
        return {}
    filled, read = times_in(reader.sample(), column)
    if not filled or read:
        return {}
    example = next(value for value in reader.sample()[column].to_pylist() if value)[:60]
    text = say(
        "“{column}” holds no times, but such as “{example}”. Choose another column.", column=column, example=example
    )
    return {"timestamp": [text]}


def _settle(reader: Reader, options: Any) -> tuple[str, dict[str, Derived]]:
    return settle(reader, _without_stale(options, reader), guess(reader.columns, reader.sample()))


def _without_stale(options: Any, reader: Reader) -> Any:
    """The options without a mapping to columns that are not there, as after a change of delimiter in the form."""
    stale = [item for item in ITEM_COLUMNS if getattr(options, item) not in ("", *CHOICES, *reader.columns)]
    return dataclasses.replace(options, **dict.fromkeys(stale, ""))


def _dialect(dialect: Dialect, reader: Reader) -> dict[str, Any]:
    delimited = dialect.is_delimited
    book = reader if isinstance(reader, WorkbookReader) else None
    return {
        "delimiter": dialect.shape.delimiter if delimited else "",
        "encoding": "" if book else dialect.encoding,
        "quote": dialect.shape.quote if delimited else "",
        "has_header": book.has_header if book else (dialect.has_header if delimited else True),
        "sheet": book.sheet if book else "",
        "sheets": book.sheets if book else [],
    }


def _problems(path: Path, dialect: Dialect, reader: Reader, size: int) -> tuple[list[dict[str, Any]], int, bool]:
    """Rows of the first megabyte that cannot be read, how many rows the file has, and whether that is exact."""
    if isinstance(reader, WorkbookReader):
        return [], max(reader.total - reader.has_header, 0), True
    if isinstance(reader, JsonReader):
        found = [{"line": bad.line, "text": bad.reason} for bad in reader.bad]
        if reader.total < RECORDS:
            return found, reader.total, True
        return found, int(reader.total * size / max(reader.seen, 1)), False
    raw = read_sample(path)
    text = decode_sample(raw, dialect.encoding)
    text = text.replace("\r", "\n") if dialect.only_returns else text
    exact = len(raw) < SAMPLE_BYTES
    cutter = Rows(text, dialect.shape, final=exact, width=len(reader.columns))
    count, found = 0, []
    for row in cutter:
        count += 1
        width = len(row.cells)
        if not row.reason and width != len(reader.columns):
            row.reason = f"The row has {width} cells where the table has {len(reader.columns)} columns."
        if row.reason:
            found.append({"line": row.line, "text": row.reason})
    found += _characters(text)
    count -= dialect.has_header + dialect.type_rows
    if not exact:
        count = int(count * size / max(len(text[: cutter.consumed].encode(dialect.encoding, "replace")), 1))
    return sorted(found, key=lambda problem: int(problem["line"])), max(count, 0), exact


def _characters(text: str) -> list[dict[str, Any]]:
    """Lines with characters that could not be read."""
    if "�" not in text:
        return []
    lines = [number for number, line in enumerate(text.split("\n"), 1) if "�" in line]
    text_ = say("A character here could not be read and is replaced by �.")
    return [{"line": number, "text": text_, "is_kept": True} for number in lines]


def _described(dialect: Dialect, reader: Reader, rows: int, exact: bool) -> str:
    """The file in one sentence."""
    columns = len(reader.columns)
    if dialect.is_delimited:
        delimiter = dialect.shape.delimiter
        name = _DELIMITERS.get(delimiter, f"“{delimiter}”")
        parts = [f"{name}-separated" if columns > 1 else "One column of text", described_encoding(dialect.encoding)]
    elif isinstance(reader, WorkbookReader):
        parts = [f"Workbook, sheet “{reader.sheet}”"]
    else:
        parts = [_FORMATS[dialect.format], described_encoding(dialect.encoding)]
    parts.append(f"{columns} column{'' if columns == 1 else 's'}")
    counted = f"{rows:,}" if exact else f"about {_rounded(rows):,}"
    parts.append(f"{counted} row{'' if rows == 1 and exact else 's'}")
    return ", ".join(parts)


def _rounded(count: int) -> int:
    """A number with two digits that count."""
    return int(float(f"{count:.1e}"))
