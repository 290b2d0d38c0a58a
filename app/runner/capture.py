"""Run a data source: import a file or collect records, map them, and keep what cannot be mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.plugins.datasource import DataSource
from app.runner.context import QuarantineRun, UploadedFile
from app.runner.pseudonym import Pseudonyms
from app.runner.results import Written, write_batches

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 5_000


def import_file(
    source: DataSource, file: UploadedFile, options: Any, run: QuarantineRun, names: Pseudonyms | None
) -> Written:
    """Import an uploaded file as a table."""
    batches = source.import_file(file, options, run)
    if names is not None:
        batches = names.in_batches(batches, source.personal_columns)
    return write_batches(batches, run.folder / "table.parquet")


def collect(source: DataSource, options: Any, run: QuarantineRun, names: Pseudonyms | None) -> Written:
    """Collect raw records: kept untouched as compressed NDJSON, and mapped to a table."""
    raw_path = run.folder / "raw.ndjson.zst"
    written = write_batches(
        _mapped(source, _kept(source, options, run, names, raw_path), run), run.folder / "table.parquet"
    )
    if written.rows or run.quarantined:
        written.files["raw"] = raw_path
    return written


def _kept(
    source: DataSource, options: Any, run: QuarantineRun, names: Pseudonyms | None, path: Path
) -> Iterator[Mapping[str, Any]]:
    """The raw records, each written down before it is passed on; names are replaced first."""
    import orjson
    import zstandard

    with path.open("wb") as target, zstandard.ZstdCompressor(level=3).stream_writer(target) as packed:
        for record in source.collect(options, run):
            kept = names.in_record(dict(record), source.personal_columns) if names is not None else record
            packed.write(orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE))
            yield kept


def _mapped(source: DataSource, records: Iterator[Mapping[str, Any]], run: QuarantineRun) -> Iterator[pa.RecordBatch]:
    """The items of the records, in batches of one schema; a record that cannot be mapped goes to quarantine."""
    import orjson

    items: list[dict[str, Any]] = []
    schema = item_schema(source)
    for number, record in enumerate(records, start=1):
        try:
            items.append(source.to_item(record))
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            reason = f"missing {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
            run.quarantine(number, reason, orjson.dumps(record).decode())
        if len(items) >= _BATCH:
            yield _batch(items, schema)
            items = []
            run.progress(0.0, text=f"{number:,} records collected")
    if items:
        yield _batch(items, schema)


def item_schema(source: DataSource | type[DataSource]) -> pa.Schema:
    """The Arrow schema of a source's items: the six item columns, then its own `columns`."""
    import pyarrow as pa

    types = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        list: pa.list_(pa.string()),
    }
    moment = pa.timestamp("us", tz="UTC")
    own = [(name, types.get(kind, moment)) for name, kind in source.columns.items()]
    first = [(name, moment if name == "timestamp" else pa.string()) for name in source.item_columns()]
    return pa.schema([*first, *own])


def _batch(items: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist(items, schema=schema)
