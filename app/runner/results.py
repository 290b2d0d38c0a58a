"""Write what a processor returns: Parquet by streaming, zip, JSON or HTML, in the attempt's own folder."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from app.domain.dataset import Kind
from app.domain.errors import PluginError
from app.plugins.processor import Processor
from app.plugins.results import Chart, Files, Graph, Page, Table

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

ROW_GROUP = 65_536
CountRows = Callable[[int], None]
"""Is told how many rows have been written so far."""


def uncounted(rows: int) -> None:
    """Nobody wants to know how many rows there are."""


class NoResult(TypeError):
    """This is no kind of result; its text names the type that it has."""


@dataclass(frozen=True)
class Written:
    """A result on disk: its files by role, how many rows it has and their columns."""

    kind: Kind
    files: dict[str, Path]
    rows: int
    columns: list[str]


def write_result(
    result: Any, processor: type[Processor], folder: Path, seed: int, count: CountRows = uncounted
) -> Written:
    """Write a processor's result into `folder`; memory stays bounded for tables of any size.

    `count` is told how many rows have been written, where they come in batches.

    :raises PluginError: when it is not what the processor declares in `returns`
    """
    try:
        written = write_any(result, folder, seed, count)
    except NoResult as error:
        raise PluginError(processor.type, f"it returned {error}, which is no kind of result.") from None
    _check(written, processor)
    return written


def write_any(result: Any, folder: Path, seed: int, count: CountRows = uncounted) -> Written:
    """Write what a processor may return, whatever it is, into `folder`. :raises NoResult: when it is nothing of that"""
    import polars as pl

    if isinstance(result, pl.DataFrame):
        result = result.lazy()
    if isinstance(result, pl.LazyFrame):
        return write_frame(result, folder / "table.parquet")
    if isinstance(result, Graph):
        return _write_graph(result, folder, seed)
    if isinstance(result, Chart):
        return _write_bytes(Kind.CHART, "chart", folder / "chart.json", orjson.dumps(result.spec), result.rows)
    if isinstance(result, Page):
        return _write_bytes(Kind.PAGE, "page", folder / "page.html", result.html.encode(), result.rows)
    if isinstance(result, Files):
        return _write_archive(result, folder / "archive.zip")
    if isinstance(result, Iterable):
        return write_batches(result, folder / "table.parquet", count)
    raise NoResult(type(result).__name__)


def without_columns(result: Any, names: Sequence[str]) -> Any:
    """A table without these columns: a filter's result does not keep the annotations beside it, which change."""
    import polars as pl

    if isinstance(result, pl.LazyFrame | pl.DataFrame):
        return result.drop(list(names), strict=False)
    if isinstance(result, Iterable):
        return (batch.drop_columns([name for name in names if name in batch.schema.names]) for batch in result)
    return result


def _check(written: Written, processor: type[Processor]) -> None:
    returns = processor.returns
    if written.kind is not returns.kind:
        raise PluginError(processor.type, f"it declares a {returns.kind} and returned a {written.kind}.")
    if isinstance(returns, Table):
        missing = [name for name in returns.columns if name not in written.columns]
        unexpected = [] if returns.open_ended else [name for name in written.columns if name not in returns.columns]
        if (missing or unexpected) and written.rows:
            raise PluginError(
                processor.type, f"its columns are not what it declares: missing {missing}, unexpected {unexpected}."
            )


def write_frame(frame: pl.LazyFrame, path: Path) -> Written:
    """Write a LazyFrame by streaming, with the engine's own parallel writer."""
    import pyarrow.parquet as pq

    frame.sink_parquet(path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP, maintain_order=True)
    metadata = pq.read_metadata(path)
    names = [field.name for field in metadata.schema.to_arrow_schema()]
    return Written(Kind.TABLE, {"table": path}, metadata.num_rows, names)


def write_batches(batches: Iterable[pa.RecordBatch], path: Path, count: CountRows = uncounted) -> Written:
    """Write record batches to one Parquet file. `count` is told how many rows there are so far."""
    with TableWriter(path, count) as writer:
        for batch in batches:
            writer.write(batch)
    return Written(Kind.TABLE, {"table": path} if writer.has_begun else {}, writer.rows, writer.columns)


class TableWriter:
    """Writes one Parquet file, its batches gathered into row groups; one is compressed while the next is made."""

    def __init__(self, path: Path, count: CountRows = uncounted, *, group: int = ROW_GROUP) -> None:
        self.path = path
        self.rows = 0
        self.columns: list[str] = []
        self._count, self._group = count, group
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._writer: Any = None
        self._compressing: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def has_begun(self) -> bool:
        """Whether there is a file, be it of no rows."""
        return bool(self.columns)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch; all have the schema of the first."""
        self.columns = self.columns or batch.schema.names
        self._held.append(batch)
        self._held_rows += batch.num_rows
        self.rows += batch.num_rows
        self._count(self.rows)
        if self._held_rows >= self._group:
            self._write_group()

    def close(self) -> None:
        """Finish the file."""
        try:
            if self._held:
                self._write_group()
            if self._writing is not None:
                self._writing.result()
        finally:
            if self._compressing is not None:
                self._compressing.shutdown(wait=True)
            if self._writer is not None:
                self._writer.close()

    def _write_group(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        held, self._held, self._held_rows = self._held, [], 0
        if self._writer is None or self._compressing is None:
            self._writer = pq.ParquetWriter(self.path, held[0].schema, compression="zstd", compression_level=1)
            self._compressing = ThreadPoolExecutor(1)
        if self._writing is not None:
            self._writing.result()
        table = pa.Table.from_batches(held)
        groups = max(round(len(table) / ROW_GROUP), 1)
        self._writing = self._compressing.submit(self._writer.write_table, table, max(-(-len(table) // groups), 1))


def _write_graph(graph: Graph, folder: Path, seed: int) -> Written:
    from app.services.graphs import lay_out

    nodes = graph.nodes.lazy().collect()
    edges = graph.edges.lazy().collect()
    nodes = lay_out(nodes, edges, seed)
    nodes.write_parquet(folder / "nodes.parquet", compression="zstd")
    extra = {"directed": "true" if graph.directed else "false"}
    edges.write_parquet(folder / "edges.parquet", compression="zstd", metadata=extra)
    files = {"nodes": folder / "nodes.parquet", "edges": folder / "edges.parquet"}
    return Written(Kind.GRAPH, files, nodes.height, nodes.columns)


def _write_bytes(kind: Kind, role: str, path: Path, content: bytes, rows: int) -> Written:
    path.write_bytes(content)
    return Written(kind, {role: path}, rows, [])


def _write_archive(result: Files, path: Path) -> Written:
    """Pack files as they come; stored, since media does not shrink."""
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, member in result.files:
            archive.write(member, name)
            count += 1
        described = {**result.metadata, "media": result.media}
        archive.writestr("metadata.json", orjson.dumps(described, option=orjson.OPT_INDENT_2))
    return Written(Kind.FILES, {"archive": path}, count, [])
