"""What a capture brings home, in parts: each is safe once it is in storage, and all become one result at the end.

An attempt that nothing interrupts usually writes one part, which is the result as it stands.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.domain.dataset import Kind, StoredFile
from app.domain.errors import NotFound
from app.runner.results import CountRows, TableWriter, Written, uncounted, write_batches
from app.storage.files import FileStore, digest

if TYPE_CHECKING:
    import pyarrow as pa

_QUARANTINE_GROUP = 10_000
_FILES = {"table": "table.parquet", "raw": "raw.ndjson.zst", "quarantine": "quarantine.parquet"}


class StartOver(Exception):
    """What earlier attempts have brought home cannot be used: the capture begins again. Its text says why."""


@dataclass
class PartFile:
    """One file of a part: where it is on this machine, if this attempt made it, and in storage, once it is there."""

    path: Path | None = None
    stored: StoredFile | None = None


Part = dict[str, PartFile]
"""The files of a part by role: `table`, `raw` and `quarantine`, as far as it has them."""


class OpenPart:
    """The part that is being written."""

    def __init__(self, folder: Path, count: CountRows = uncounted) -> None:
        folder.mkdir(parents=True)
        self.table = TableWriter(folder / _FILES["table"], count)
        self._aside = TableWriter(folder / _FILES["quarantine"], group=_QUARANTINE_GROUP)
        self._aside_rows: list[tuple[int, str, str]] = []
        self._raw_path = folder / _FILES["raw"]
        self._raw: Any = None

    def keep(self, record: bytes) -> None:
        """Add a raw record."""
        if self._raw is None:
            import zstandard

            target = self._raw_path.open("wb")
            self._raw = zstandard.ZstdCompressor(level=3).stream_writer(target, closefd=True)
        self._raw.write(record)

    def set_aside(self, position: int, reason: str, record: str) -> None:
        """Add a record that could not be read."""
        self._aside_rows.append((position, reason, record))
        if len(self._aside_rows) >= _QUARANTINE_GROUP:
            self._write_aside()

    def _write_aside(self) -> None:
        import pyarrow as pa

        schema = pa.schema([("position", pa.int64()), ("reason", pa.string()), ("record", pa.string())])
        columns = [list(column) for column in zip(*self._aside_rows, strict=True)]
        self._aside_rows.clear()
        for batch in pa.table(columns, schema=schema).to_batches():
            self._aside.write(batch)

    def close(self) -> Part:
        """Finish its files; those that would hold nothing are not there."""
        if self._aside_rows:
            self._write_aside()
        for writer in (self.table, self._aside):
            writer.close()
        found = {"table": self.table.path} if self.table.has_begun else {}
        if self._raw is not None:
            self._raw.close()
            found["raw"] = self._raw_path
        if self._aside.has_begun:
            found["quarantine"] = self._aside.path
        return {role: PartFile(path) for role, path in found.items()}


class Parts:
    """All parts of a capture, in order: those of earlier attempts, those finished since, and the one being written.

    `prefix` is the folder in storage for those of this attempt.
    """

    def __init__(self, files: FileStore, folder: Path, prefix: str, count: CountRows = uncounted) -> None:
        self.files, self._folder, self._prefix = files, folder / ".parts", prefix
        self._count = count
        self._finished: list[Part] = []
        self._schema: pa.Schema | None = None
        self._is_restored = False
        self._opened = 0
        self.rows = 0
        shutil.rmtree(self._folder, ignore_errors=True)
        self._open = self._begin()

    def _begin(self) -> OpenPart:
        self._opened += 1
        before = self.rows
        return OpenPart(self._folder / f"part-{self._opened}", lambda rows: self._count(before + rows))

    def __len__(self) -> int:
        return len(self._finished)

    def restore(self, parts: list[Mapping[str, Any]], rows: int, schema: pa.Schema | None = None) -> None:
        """Take over the parts of earlier attempts, which have so many rows, with this schema where it is known.

        :raises StartOver: when something of it is missing, damaged, or of another form
        """
        import pyarrow.parquet as pq

        self._schema, self._is_restored = schema, True
        found = 0
        for part in parts:
            files = {role: PartFile(stored=StoredFile(**file)) for role, file in part.items()}
            paths = {role: self._path(file) for role, file in files.items()}
            if "table" in paths:
                with pq.ParquetFile(paths["table"]) as table:
                    self._check(table.schema_arrow)
                    found += table.metadata.num_rows
            self._finished.append(files)
        if found != rows:
            raise StartOver(f"{found:,} rows are in storage where there should be {rows:,}")
        self.rows = rows
        self._open = self._begin()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows of the table."""
        self._check(batch.schema)
        self._open.table.write(batch)
        self.rows += batch.num_rows

    def _check(self, schema: pa.Schema) -> None:
        if self._schema is None:
            self._schema = schema
        if schema.equals(self._schema):
            return
        if self._is_restored:
            raise StartOver("its columns are not what they were")
        raise ValueError(f"all batches must have the same columns; {schema.names} are not {self._schema.names}")

    def keep(self, record: bytes) -> None:
        """Add a raw record, as a line."""
        self._open.keep(record)

    def set_aside(self, position: int, reason: str, record: str) -> None:
        """Add a record that could not be read."""
        self._open.set_aside(position, reason, record)

    def store(self) -> list[dict[str, Any]]:
        """Finish the part at hand and bring into storage what is not there yet; all parts, as plain JSON.

        :raises Unavailable: when storage refuses; what has not been stored then is stored the next time
        """
        part = self._open.close()
        if part:
            self._finished.append(part)
        self._open = self._begin()
        for number, files in enumerate(self._finished, start=1):
            for role, file in files.items():
                if file.stored is None:
                    file.stored = self._put(file, f"{self._prefix}/part-{number}/{_FILES[role]}")
        return [{role: asdict(file.stored) for role, file in files.items() if file.stored} for files in self._finished]

    def _put(self, file: PartFile, name: str) -> StoredFile:
        """Store a second name of the file (or a copy), since storing moves it and the end needs it once more."""
        assert file.path is not None  # noqa: S101 - what is not stored was made here
        leaving = file.path.with_name(f"{file.path.name}.leaving")
        leaving.unlink(missing_ok=True)
        try:
            os.link(file.path, leaving)
        except OSError:
            shutil.copyfile(file.path, leaving)
        stored = self.files.put(leaving, name)
        leaving.unlink(missing_ok=True)
        return stored

    def _path(self, file: PartFile) -> Path:
        """Where a file can be read; what comes out of storage is compared with its checksum.

        :raises StartOver: when it is gone or damaged
        """
        if file.path is not None:
            return file.path
        assert file.stored is not None  # noqa: S101 - what was not made here is stored
        try:
            path = self.files.local(file.stored)
        except NotFound:
            raise StartOver(f"{file.stored.name} is gone from storage") from None
        if digest(path) != (file.stored.size, file.stored.sha256):
            raise StartOver(f"{file.stored.name} is damaged")
        return path

    def finish(self, folder: Path) -> Written:
        """Make one result of all parts; memory stays bounded. :raises StartOver: when a part is gone or damaged"""
        last = self._open.close()
        columns = list(self._schema.names) if self._schema is not None else []
        if not self._finished:
            return Written(Kind.TABLE, {role: self._path(file) for role, file in last.items()}, self.rows, columns)
        self._finished.append(last)
        found: dict[str, Path] = {}
        for role in ("table", "quarantine"):
            written = write_batches(self._batches(role), folder / _FILES[role])
            if written.files:
                found[role] = written.files["table"]
            if role == "table" and written.rows != self.rows:
                raise StartOver(f"{written.rows:,} rows came together where there should be {self.rows:,}")
        if any("raw" in part for part in self._finished):
            found["raw"] = folder / _FILES["raw"]
            self._join_raw(found["raw"])
        return Written(Kind.TABLE, found, self.rows, columns)

    def _batches(self, role: str) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        for part in self._finished:
            if role in part:
                with pq.ParquetFile(self._path(part[role])) as table:
                    yield from table.iter_batches()

    def _join_raw(self, target: Path) -> None:
        """Make one stream of the compressed records. Not by joining them: some readers stop at the end of the first."""
        import zstandard

        with target.open("wb") as joined, zstandard.ZstdCompressor(level=3).stream_writer(joined) as packed:
            for part in self._finished:
                if "raw" in part:
                    with self._path(part["raw"]).open("rb") as opened:
                        zstandard.ZstdDecompressor().copy_stream(opened, packed)
