"""Upload: make a dataset of a file of posts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.plugins import CaptureRun, Choice, DataSource, SourceFile, Text, Toggle
from datasources.upload._encoding import ENCODINGS
from datasources.upload._presets import PRESETS

if TYPE_CHECKING:
    import pyarrow as pa

_MAPPING_HELP = "A column's name, or __auto__ (running number), __empty__ or __now__. Left empty, it is guessed."


class Upload(DataSource):
    """Make a dataset of a file of posts: CSV, TSV, XLSX, JSON or NDJSON, from any tool."""

    id = "upload"
    title = "Upload a file"
    kind = "import"

    @dataclass(frozen=True)
    class Options:
        """What the file is and how its columns map. Everything left open is detected."""

        format: str = Choice(
            "What the file is from",
            {"auto": "Detect", "custom": "Something else: map the columns"}
            | {name: preset.title for name, preset in PRESETS.items()},
        )
        file_format: str = Choice(
            "File format",
            {"auto": "Detect", "csv": "CSV", "tsv": "TSV", "xlsx": "XLSX", "json": "JSON", "ndjson": "NDJSON"},
        )
        delimiter: str = Text(
            "Delimiter", "auto", help="What stands between cells: auto, comma, semicolon, tab, pipe or any character."
        )
        encoding: str = Choice("Encoding", {"auto": "Detect"} | ENCODINGS)
        has_header: str = Choice("First row", {"auto": "Detect", "yes": "Names the columns", "no": "Is a post already"})
        sheet: str = Text("Sheet", help="Of a workbook; the first with rows when left empty.")
        id: str = Text("Id", help=_MAPPING_HELP)
        thread_id: str = Text("Thread id", help=_MAPPING_HELP)
        timestamp: str = Text("Time", help=_MAPPING_HELP)
        author: str = Text("Author", help=_MAPPING_HELP)
        body: str = Text("Text", help=_MAPPING_HELP)
        subject: str = Text("Subject", help=_MAPPING_HELP)
        strip_html: bool = Toggle("Remove HTML from the text")

    def import_file(self, file: SourceFile, options: Any, run: CaptureRun) -> Iterator[pa.RecordBatch]:
        """Yield the items of an uploaded file, all batches with the same columns.

        :raises InvalidInput: when the file cannot be read, or the mapping does not fit it
        """
        from datasources.upload import _import

        yield from _import.import_file(file.path, file.filename, options, run)

    def preview(self, path: Path, filename: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """What was detected in a file: format, dialect, columns, first rows, a guess at the mapping, problems.

        :raises InvalidInput: when it cannot be read as a table of posts
        """
        from app.plugins.validation import load
        from datasources.upload import _preview

        with tempfile.TemporaryDirectory() as folder:
            return _preview.preview(path, filename, load(self.Options, given), Path(folder))
