"""What a plug-in gets when it works: the real ones behind the protocols of `app.plugins.context`."""

from __future__ import annotations

import math
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from app.domain.dataset import Dataset, StoredFile
from app.domain.errors import NotFound, Unavailable
from app.plugins.context import IMAGE_EXTENSIONS
from app.runner.parts import Parts, StartOver
from app.runner.report import Reporter
from app.services.annotation_table import ITEM, Beside
from app.storage.database import Database
from app.storage.files import FileStore

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_PROGRESS_EVERY = 0.2
CHECKPOINT_SECONDS = 10.0
_LONGEST_SECONDS = 300.0
_URGENT_SECONDS = 2.0
_MD5 = re.compile(r"[0-9a-f]{32}")


class DatasetSource:
    """A finished dataset, read from storage; `extra` are its annotations, which become columns of its table."""

    def __init__(self, dataset: Dataset, files: FileStore, folder: Path, extra: Beside | None = None) -> None:
        self.dataset = dataset
        self.extra = extra if ITEM in dataset.columns else None
        self._files = files
        self._folder = folder

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [*self.dataset.columns, *(self.extra.columns if self.extra else ())]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.dataset.rows or 0

    def path(self, role: str) -> Path:
        """Where a file of the result can be read. :raises NotFound: when the result has no such file"""
        result = self.dataset.result
        if result is None or role not in result.files:
            raise NotFound(f"“{self.dataset.label}” has no {role} to read.")
        return self._files.local(result.files[role])

    def lazy(self) -> pl.LazyFrame:
        """The table."""
        import polars as pl

        table = pl.scan_parquet(self.path("table"))
        return self.extra.join_lazy(table) if self.extra else table

    def batches(self, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The table, a batch at a time."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path("table")) as table:
            for batch in table.iter_batches(batch_size=size):
                yield self.extra.join_batch(batch) if self.extra else batch

    def files(self) -> Iterator[tuple[str, Path]]:
        """The members of the zip, one at a time; each is removed when the next one is asked for."""
        with zipfile.ZipFile(self.path("archive")) as archive:
            for member in archive.infolist():
                if member.is_dir() or member.filename == "metadata.json":
                    continue
                path = self._folder / "member"
                with archive.open(member) as packed, path.open("wb") as unpacked:
                    while chunk := packed.read(1024 * 1024):
                        unpacked.write(chunk)
                yield member.filename, path
                path.unlink(missing_ok=True)

    def graph(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Nodes and edges."""
        import polars as pl

        return pl.scan_parquet(self.path("nodes")), pl.scan_parquet(self.path("edges"))


class JobRun:
    """The run of one attempt: says how far it is, and keeps what it is told for the outcome."""

    def __init__(
        self, reporter: Reporter, folder: Path, seed: int, settings: Mapping[str, Any], files: FileStore
    ) -> None:
        self._files = files
        self.folder = folder
        self.seed = seed
        self.settings = settings
        self.warnings: list[str] = []
        self.message = ""
        self.step: tuple[float | None, str] = (None, "")
        self._reporter = reporter
        self._shown = 0.0

    def progress(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Say how far the work is."""
        share = done if total is None else done / max(total, 1)
        self.step = (min(max(share, 0.0), 1.0), text if text is not None else self.step[1])
        if time.monotonic() - self._shown > _PROGRESS_EVERY:
            self._shown = time.monotonic()
            self._reporter.send("progress", self.step)

    def log(self, text: str) -> None:
        """Write a line to the log."""
        self._reporter.send("log", text)

    def warn(self, text: str) -> None:
        """Keep a warning for the result, and log it."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.log(f"Warning: {text}")

    def summary(self, text: str) -> None:
        """Keep the sentence that says what was done."""
        self.message = text

    def check(self) -> None:
        """Nothing to do here: the watching process stops this one, whatever it is doing."""

    def stored_image(self, md5: str) -> Path | None:
        """Fetch an image from storage, where it lies under its MD5; nothing else there can be reached."""
        if not _MD5.fullmatch(md5):
            return None
        for extension in IMAGE_EXTENSIONS:
            path = self.folder / f"image{extension}"
            try:
                with path.open("wb") as copy:
                    copy.writelines(self._files.read(f"images/{md5[:2]}/{md5}{extension}"))
            except NotFound:
                path.unlink()
            else:
                return path
        return None


class QuarantineRun(JobRun):
    """The run of a capture: also keeps the records that could not be read, and brings home what there is so far."""

    def __init__(
        self,
        reporter: Reporter,
        folder: Path,
        seed: int,
        settings: Mapping[str, Any],
        parts: Parts,
        database: Database,
        *,
        withhold: bool,
    ) -> None:
        super().__init__(reporter, folder, seed, settings, parts.files)
        self.database = database
        self.parts = parts
        self.resumed: Mapping[str, Any] | None = None
        self.records = self.quarantined = 0
        self.before_checkpoint: Callable[[], None] = lambda: None
        self._withhold = withhold
        self._home = time.monotonic()
        self._is_urgent = False

    def go_on_from(self, checkpoint: Mapping[str, Any], schema: pa.Schema | None) -> None:
        """Take over what earlier attempts have brought home; `schema` is that of the table, where it is known.

        :raises StartOver: when it cannot be used
        """
        try:
            self.parts.restore(checkpoint["parts"], checkpoint["rows"], schema)
            self.records, self.quarantined = checkpoint["records"], checkpoint["quarantined"]
            self.warnings, self.message = list(checkpoint["warnings"]), checkpoint["message"]
            self.resumed = checkpoint["state"]
        except (KeyError, TypeError):
            raise StartOver("another release has written them down") from None
        self.log(f"Going on where an earlier attempt was broken off: {self.parts.rows:,} rows are there.")

    def quarantine(self, position: int, reason: str, record: str) -> None:
        """Keep one record with its place and the reason; its text only where names may be kept."""
        self.quarantined += 1
        kept = "(not kept, since names are not to be)" if self._withhold else record
        self.parts.set_aside(position, reason, kept)

    def hurry(self, *_: Any) -> None:
        """Bring everything home with the next checkpoints, since this machine is about to stop."""
        self._is_urgent, self._home = True, -math.inf

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Bring home what there is, unless that was done a moment ago: the more parts, the longer ago."""
        kept = orjson.loads(orjson.dumps(state))
        pause = _URGENT_SECONDS if self._is_urgent else min(max(CHECKPOINT_SECONDS, len(self.parts)), _LONGEST_SECONDS)
        if time.monotonic() - self._home < pause:
            return
        self.before_checkpoint()
        try:
            stored = self.parts.store()
        except Unavailable as error:
            self.log(f"What is there so far could not be brought home, and the work goes on: {error}")
        else:
            self._reporter.send("checkpoint", self._described(kept, stored))
        self._home = time.monotonic()

    def _described(self, state: Any, parts: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "state": state,
            "parts": parts,
            "records": self.records,
            "rows": self.parts.rows,
            "quarantined": self.quarantined,
            "warnings": self.warnings,
            "message": self.message,
        }

    def start_over(self, why: str) -> NoReturn:
        """Drop what earlier attempts have brought home, and begin again."""
        if self.resumed is None:
            raise RuntimeError(f"This began from the start and cannot start over: {why}")
        raise StartOver(why)


@dataclass(frozen=True)
class UploadedFile:
    """An upload, as a data source reads it."""

    filename: str
    file: StoredFile
    files: FileStore

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.file.size

    @property
    def path(self) -> Path:
        """Where it can be read."""
        return self.files.local(self.file)
