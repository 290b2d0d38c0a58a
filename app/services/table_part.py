"""A table, or some columns and rows of it, in batches of a few thousand rows; what is not wanted is not read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.services.annotation_table import ITEM, Beside

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = 8192
_GROUP = 65_536


@dataclass(frozen=True)
class Part:
    """What of a table is wanted: these columns, or all; and the rows that `matching(start, end)` numbers, or all.

    `extra` are columns of annotations, which stand after those of the file.
    """

    columns: tuple[str, ...] | None = None
    matching: Callable[[int, int], np.ndarray[Any, np.dtype[np.uint32]]] | None = None
    extra: Beside | None = None

    def in_file(self, names: list[str]) -> list[str] | None:
        """Which columns of a file with these are to be read; None for all."""
        if self.columns is None:
            return None
        return [name for name in names if name in self.columns or (self.extra is not None and name == ITEM)]

    def finish(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of the file as it is wanted: with annotations, its columns in their order."""
        joined = self.extra.join_batch(batch) if self.extra else batch
        return joined.select(self.columns) if self.columns else joined


WHOLE = Part()


def batches(path: Path, part: Part = WHOLE) -> Iterator[pl.DataFrame]:
    """The wanted rows of a Parquet file, in order; at least one batch, so that an empty one shows its columns."""
    import polars as pl

    for batch in record_batches(path, part):
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - tells the type checker
        yield frame


def record_batches(path: Path, part: Part = WHOLE) -> Iterator[pa.RecordBatch]:
    """The same as Arrow's batches, in the types that the file has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        empty = True
        for batch in _matching(file, part):
            empty = False
            yield part.finish(batch)
        if empty:
            yield part.finish(pa.RecordBatch.from_pylist([], file.schema_arrow))


def _matching(file: pq.ParquetFile, part: Part) -> Iterator[pa.RecordBatch]:
    """Batch after batch; of a group of rows in which nothing matches only what the conditions need is read."""
    import pyarrow as pa

    start, columns = 0, part.in_file(file.schema_arrow.names)
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        numbers = part.matching(start, end) if part.matching else None
        if numbers is None or len(numbers):
            for batch in file.iter_batches(_BATCH, row_groups=[group], columns=columns):
                after = start + batch.num_rows
                if numbers is None:
                    yield batch
                elif len(inside := numbers[(numbers >= start) & (numbers < after)]):
                    yield batch.take(pa.array(inside - start))
                start = after
        start = end


class Sink(io.RawIOBase):
    """What a writer has written since it was last taken."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep some bytes."""
        self._written.append(bytes(data))
        return len(self._written[-1])

    def take(self) -> bytes:
        """What there is, which is then forgotten."""
        taken = b"".join(self._written)
        self._written.clear()
        return taken


def parquet(path: Path, part: Part = WHOLE) -> Iterator[bytes]:
    """The wanted part as a Parquet file of its own, each group of rows sent when it is full."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = Sink()
    writer: pq.ParquetWriter | None = None
    held: list[pa.RecordBatch] = []
    for batch in record_batches(path, part):
        writer = writer or pq.ParquetWriter(sink, batch.schema, compression="zstd", compression_level=1)
        held.append(batch)
        if sum(kept.num_rows for kept in held) >= _GROUP:
            writer.write_table(pa.Table.from_batches(held))
            held.clear()
            yield sink.take()
    assert writer is not None  # noqa: S101 - there is one batch at least
    if held:
        writer.write_table(pa.Table.from_batches(held))
    writer.close()
    yield sink.take()
