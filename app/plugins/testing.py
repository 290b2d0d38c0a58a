"""Run a processor on a few items, without database, files or queue: for tests, and for trying an idea."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from app.domain.dataset import ITEMS, Dataset, Kind, Status
from app.plugins.context import Database
from app.plugins.processor import Processor
from app.plugins.results import Chart, Files, Graph, Page
from app.plugins.validation import load

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def frame_of(items: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A table of these items; texts in a column called `timestamp` become dates in UTC."""
    import polars as pl

    names = list(dict.fromkeys(name for item in items for name in item))
    table = pl.DataFrame([{name: item.get(name) for name in names} for item in items], infer_schema_length=None)
    if "timestamp" in names and table.schema["timestamp"] in (pl.String, pl.Null):
        moments = [_moment(item.get("timestamp")) for item in items]
        table = table.with_columns(pl.Series("timestamp", moments, dtype=pl.Datetime("us", "UTC")))
    return table


def _moment(value: Any) -> datetime | None:
    if value in (None, ""):
        return None
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass
class MemorySource:
    """A source for tests: a polars table, read as a whole or from a Parquet file."""

    table: pl.DataFrame | pl.LazyFrame
    acts_as: str = ITEMS
    label: str = "Test items"
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.table.lazy().collect_schema().names()

    @property
    def rows(self) -> int:
        """Number of rows."""
        import polars as pl

        return int(self.table.lazy().select(pl.len()).collect().item())

    @property
    def dataset(self) -> Dataset:
        """A finished dataset with this table."""
        return Dataset(
            key="0" * 32,
            type=self.acts_as,
            datasource="upload",
            parent=None,
            top="0" * 32,
            acts_as=self.acts_as,
            label=self.label,
            parameters=self.parameters,
            status=Status.FINISHED,
            message="",
            owner_id=1,
            is_private=True,
            created=datetime(2026, 1, 1, tzinfo=UTC),
            rows=self.rows,
            columns=self.columns,
            kind=Kind.TABLE,
        )

    def lazy(self) -> pl.LazyFrame:
        """The table."""
        return self.table.lazy()

    def batches(self, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The table in batches."""
        yield from self.table.lazy().collect().to_arrow().to_batches(max_chunksize=size)

    def files(self) -> Iterator[tuple[str, Path]]:
        """A table holds no files."""
        return iter(())

    def graph(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """A table holds no network."""
        raise TypeError("this source is a table, not a network")


@dataclass
class MemoryRun:
    """A run for tests: remembers what it is told."""

    folder: Path
    seed: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    message: str = ""
    quarantined: list[tuple[int, str, str]] = field(default_factory=list)
    resumed: Mapping[str, Any] | None = None
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    at_checkpoint: Callable[[], None] = lambda: None
    given_database: Database | None = None
    images: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def database(self) -> Database:
        """The database that the test has given."""
        if self.given_database is None:
            raise TypeError("this run has no database; give it one as `given_database`")
        return self.given_database

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Remember a checkpoint, as it comes back from where it is kept."""
        self.checkpoints.append(json.loads(json.dumps(state, allow_nan=False)))
        self.at_checkpoint()

    def start_over(self, why: str) -> NoReturn:
        """Fail: a test that expects this catches it."""
        raise RuntimeError(f"starting over: {why}")

    def progress(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Check that progress is a share or a count."""
        share = done if total is None else done / max(total, 1)
        if not 0 <= share <= 1:
            raise ValueError(f"progress must be between 0 and 1, and {done} of {total} is not")

    def log(self, text: str) -> None:
        """Remember a log line."""
        self.lines.append(text)

    def warn(self, text: str) -> None:
        """Remember a warning."""
        self.warnings.append(text)

    def summary(self, text: str) -> None:
        """Remember the summary."""
        self.message = text

    def check(self) -> None:
        """Tests are not cancelled."""

    def stored_image(self, md5: str) -> Path | None:
        """One of the images that the test has given, by MD5."""
        if md5 not in self.images:
            return None
        path = self.folder / "image.png"
        path.write_bytes(self.images[md5])
        return path

    def quarantine(self, position: int, reason: str, record: str) -> None:
        """Remember a record that could not be mapped."""
        self.quarantined.append((position, reason, record))


def run_processor(
    processor: type[Processor],
    items: Sequence[Mapping[str, Any]] | pl.DataFrame | pl.LazyFrame,
    options: Mapping[str, Any] | None = None,
    *,
    run: MemoryRun | None = None,
) -> Any:
    """Run a processor on items and give back plain values.

    A table comes back as a list of dicts; a network as `{"nodes": [...], "edges": [...]}`; a chart as its
    specification; a page as its HTML; files as `{name: bytes}`.
    """
    import polars as pl

    table = items if isinstance(items, (pl.DataFrame, pl.LazyFrame)) else frame_of(items)
    acts_as = (processor.accepts.types or (ITEMS,))[0]
    source = MemorySource(table, acts_as=acts_as)
    chosen = load(processor.Options, options or {}, source.columns)
    with tempfile.TemporaryDirectory() as folder:
        result = processor().process(source, chosen, run or MemoryRun(Path(folder)))
        return plain(result)


def plain(result: Any) -> Any:
    """A processor's result as plain Python values."""
    import polars as pl

    if isinstance(result, (pl.LazyFrame, pl.DataFrame)):
        return result.lazy().collect(engine="streaming").to_dicts()
    if isinstance(result, Graph):
        return {"nodes": plain(result.nodes), "edges": plain(result.edges)}
    if isinstance(result, Chart):
        return result.spec
    if isinstance(result, Page):
        return result.html
    if isinstance(result, Files):
        return {name: path.read_bytes() for name, path in result.files}
    if isinstance(result, Iterable):
        return [row for batch in result for row in batch.to_pylist()]
    raise TypeError(f"a processor cannot return {type(result).__name__}")
