"""Write what a processor returns: Parquet by streaming, zip, JSON or HTML, in the attempt's own folder."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from app.domain.dataset import Kind
from app.domain.errors import PluginError
from app.plugins.processor import Processor
from app.plugins.results import Chart, Files, Graph, Page, Table

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

ROW_GROUP = 65_536


@dataclass(frozen=True)
class Written:
    """A result on disk: its files by role, how many rows it has and their columns."""

    kind: Kind
    files: dict[str, Path]
    rows: int
    columns: list[str]


def write_result(result: Any, processor: type[Processor], folder: Path, seed: int) -> Written:
    """Write a processor's result into `folder`; memory stays bounded for tables of any size.

    :raises PluginError: when it is not what the processor declares in `returns`
    """
    import polars as pl

    if isinstance(result, pl.DataFrame):
        result = result.lazy()
    if isinstance(result, pl.LazyFrame):
        written = write_frame(result, folder / "table.parquet")
    elif isinstance(result, Graph):
        written = _write_graph(result, folder, seed)
    elif isinstance(result, Chart):
        written = _write_bytes(Kind.CHART, "chart", folder / "chart.json", orjson.dumps(result.spec), result.rows)
    elif isinstance(result, Page):
        written = _write_bytes(Kind.PAGE, "page", folder / "page.html", result.html.encode(), result.rows)
    elif isinstance(result, Files):
        written = _write_archive(result, folder / "archive.zip")
    elif isinstance(result, Iterable):
        written = write_batches(result, folder / "table.parquet")
    else:
        raise PluginError(processor.type, f"it returned {type(result).__name__}, which is no kind of result.")
    _check(written, processor)
    return written


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


def write_batches(batches: Iterable[pa.RecordBatch], path: Path) -> Written:
    """Write record batches, gathered into row groups of a good size; one is compressed while the next is made."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer: Any = None
    names: list[str] = []
    total = 0
    with ThreadPoolExecutor(1) as compressing:
        writing: Future[None] | None = None
        try:
            for held in _gathered(batches):
                if writer is None:
                    names = held[0].schema.names
                    writer = pq.ParquetWriter(path, held[0].schema, compression="zstd", compression_level=1)
                if writing is not None:
                    writing.result()
                total += sum(batch.num_rows for batch in held)
                writing = compressing.submit(writer.write_table, pa.Table.from_batches(held), row_group_size=ROW_GROUP)
            if writing is not None:
                writing.result()
        finally:
            compressing.shutdown(wait=True)
            if writer is not None:
                writer.close()
    return Written(Kind.TABLE, {"table": path} if writer is not None else {}, total, names)


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """The batches in lists of at least a row group's rows."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= ROW_GROUP:
            yield held
            held, rows = [], 0
    if held:
        yield held


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
