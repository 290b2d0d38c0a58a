"""Run a data source: import a file or collect records, map them, and keep what cannot be mapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from app.domain.texts import say
from app.plugins.context import SourceFile
from app.plugins.datasource import DataSource
from app.runner.context import QuarantineRun
from app.runner.pseudonym import Pseudonyms

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 5_000


def import_file(
    source: DataSource, file: SourceFile, options: Any, run: QuarantineRun, names: Pseudonyms | None
) -> None:
    """Import an uploaded file as a table."""
    _add_batches(source, source.import_file(file, options, run), run, names)


def search(source: DataSource, options: Any, run: QuarantineRun, names: Pseudonyms | None) -> None:
    """Find items that are kept in the database, which keeps them raw too."""
    _add_batches(source, source.search(options, run), run, names)


def _add_batches(
    source: DataSource, batches: Iterator[pa.RecordBatch], run: QuarantineRun, names: Pseudonyms | None
) -> None:
    if names is not None:
        batches = names.in_batches(batches, source.personal_columns)
    for batch in batches:
        run.parts.add(batch)


def collect(source: DataSource, options: Any, run: QuarantineRun, names: Pseudonyms | None) -> None:
    """Collect raw records: kept untouched as compressed NDJSON, and mapped to a table. Names are replaced first."""
    import orjson

    mapping = _Mapping(source, run)
    run.before_checkpoint = mapping.flush
    for record in source.collect(options, run):
        kept = names.in_record(dict(record), source.personal_columns) if names is not None else record
        line = orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE)
        run.records += 1
        run.parts.keep(line)
        mapping.add(kept, line)
    mapping.flush()


class _Mapping:
    """Maps records to items, in batches of one schema; a record that cannot be mapped goes to quarantine."""

    def __init__(self, source: DataSource, run: QuarantineRun) -> None:
        self._source, self._run = source, run
        self._schema = item_schema(source)
        self._items: list[dict[str, Any]] = []

    def add(self, record: Any, line: bytes) -> None:
        """Map one record, of which this is the line that is kept."""
        try:
            self._items.append(self._source.to_item(record))
        except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            reason = f"missing {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
            self._run.quarantine(self._run.records, reason, line.decode().rstrip())
        if len(self._items) >= _BATCH:
            self.flush()
            self._run.progress(0.0, text=say("{amount:,} records collected", amount=self._run.records))

    def flush(self) -> None:
        """Pass on the items that are held."""
        import pyarrow as pa

        items, self._items = self._items, []
        if items:
            self._run.parts.add(pa.RecordBatch.from_pylist(items, schema=self._schema))


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
