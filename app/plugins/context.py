"""What is handed to a plug-in when it works, as protocols: the runner gives the real ones, tests their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from app.domain.dataset import Dataset
from app.domain.job import Job

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


IMAGE_EXTENSIONS = (".jpg", ".png", ".gif", ".webp")
"""The kinds of images that are kept, the most usual first."""


class Source(Protocol):
    """The dataset a processor reads."""

    @property
    def dataset(self) -> Dataset:
        """Its record: label, rows, columns, parameters."""

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""

    @property
    def rows(self) -> int:
        """How many rows it has."""

    def lazy(self) -> pl.LazyFrame:
        """The table as a polars LazyFrame over Parquet."""

    def batches(self, size: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The table as Arrow record batches of at most `size` rows."""

    def files(self) -> Iterator[tuple[str, Path]]:
        """The members of a zip, one at a time, as (name, path of a temporary copy)."""

    def graph(self) -> tuple[pl.LazyFrame, pl.LazyFrame]:
        """Nodes and edges of a network."""


class Run(Protocol):
    """What a plug-in can do besides computing."""

    folder: Path
    """A temporary folder of its own, gone when the work ends."""
    seed: int
    """The seed for anything random; the same for the same request."""
    settings: Mapping[str, Any]
    """Settings that an administrator has made, by name."""

    def progress(self, done: float, total: float | None = None, text: str | None = None) -> None:
        """Say how far the work is: `done` of `total`, or a share from 0 to 1; raises Cancelled when asked to stop."""

    def log(self, text: str) -> None:
        """Write a line to the dataset's log."""

    def warn(self, text: str) -> None:
        """Tell the user of something that did not go as asked, beside the result."""

    def summary(self, text: str) -> None:
        """Say in one sentence what was done; without it the runner writes one."""

    def check(self) -> None:
        """Raise Cancelled if the user asked to stop."""

    def stored_image(self, md5: str) -> Path | None:
        """A copy of the image with this MD5 that scrapers have kept, until the next call; None when none is kept.

        Its name ends as the image's kind has it: `.jpg .png .gif .webp`.
        """


class CaptureRun(Run, Protocol):
    """What a data source can do besides yielding items.

    A capture that takes long calls `checkpoint` after every page, and begins where `resumed` says.
    """

    @property
    def resumed(self) -> Mapping[str, Any] | None:
        """The state of the last checkpoint of an attempt that was broken off; None at a fresh start."""

    @property
    def database(self) -> Database:
        """The database of the installation, for sources that search what is kept there."""

    def checkpoint(self, state: Mapping[str, Any]) -> None:
        """Say that all yielded so far may be brought home, and where to go on from there.

        `state` is small and can be written as JSON: a cursor, a page, the last id. Call this as often as you like: the
        runner brings things home every ten seconds or less often, and at once when the machine is about to stop.
        """

    def start_over(self, why: str) -> NoReturn:
        """Give up what `resumed` stands for, as when a cursor has expired: the work begins again without it."""

    def quarantine(self, position: int, reason: str, record: str) -> None:
        """Keep a record that cannot be mapped, with its line or number in the source and the reason."""


class SourceFile(Protocol):
    """The uploaded file a data source imports."""

    @property
    def filename(self) -> str:
        """Its name as the user sent it."""

    @property
    def size(self) -> int:
        """Its size in bytes."""

    @property
    def path(self) -> Path:
        """Where it can be read."""


class Database(Protocol):
    """Plain SQL, with named parameters `%(name)s`."""

    def one(self, sql: str, **values: Any) -> dict[str, Any]:
        """Exactly one row."""

    def find(self, sql: str, **values: Any) -> dict[str, Any] | None:
        """One row or None."""

    def many(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """All rows."""

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement; how many rows it touched."""

    def stream(self, sql: str, *, size: int = 5_000, **values: Any) -> Iterator[list[dict[str, Any]]]:
        """The rows of a query, `size` at a time; memory stays flat whatever their number."""


class StoredItem(Protocol):
    """A file found in storage."""

    @property
    def name(self) -> str:
        """Its name there."""

    @property
    def size(self) -> int:
        """How many bytes it has."""

    @property
    def modified(self) -> datetime:
        """When it was written."""


@dataclass(frozen=True)
class Answer:
    """What a web server has answered: status, headers by lower-case name, and the body.

    `sent` is when it was asked, by the clock of the database: waiting for a turn may have taken a while.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: datetime


class Web(Protocol):
    """Web servers, asked politely: one request at a time and host for the whole installation."""

    def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, pace: float = 1.0, most_bytes: int = 32_000_000
    ) -> Answer:
        """Wait for a turn at the host, `pace` seconds after the last request, then ask.

        :raises SourceError: when the server does not answer or says that it is busy, with when to try again
        """


class Batch(Protocol):
    """Changes that are made together or not at all."""

    def find(self, sql: str, **values: Any) -> dict[str, Any] | None:
        """One row or None."""

    def many(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """All rows."""

    def run(self, sql: str, **values: Any) -> int:
        """Run a statement; how many rows it touched."""

    def run_each(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Run an `INSERT ... VALUES %s` for many rows at once."""

    def enqueue(self, type_: str, remote_id: str, details: Mapping[str, Any], *, delay: float = 0) -> None:
        """Ask for a job of another worker, unless one of this type and remote id is open; `delay` in seconds."""


class WorkerContext(Protocol):
    """What a standing task can do."""

    @property
    def database(self) -> Database:
        """The database of the installation."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Settings that an administrator has made, by name."""

    @property
    def web(self) -> Web:
        """Web servers whose addresses come from settings."""

    @property
    def database_url(self) -> str:
        """The address of the database with its password, for programs that read it by themselves."""

    def kept_folder(self, name: str) -> Path:
        """A folder on this machine for what is not kept in storage, such as files that a program writes."""

    def batch(self) -> AbstractContextManager[Batch]:
        """Changes to the database, and jobs for other workers, that are made together or not at all."""

    def log(self, text: str) -> None:
        """Write a line to the worker's log."""

    def check(self) -> None:
        """Raise Cancelled if the work should stop."""

    def find_files(self, prefix: str) -> Iterator[StoredItem]:
        """The files in storage below a folder."""

    def put_file(self, content: bytes, name: str) -> None:
        """Keep a file in storage under this name."""

    def delete_file(self, name: str) -> None:
        """Delete a file from storage; a missing one is no error."""

    def sweep_folders(self, hours: float) -> int:
        """Remove temporary folders that a killed process left behind some hours ago; how many."""

    def delete_user(self, user_id: int) -> None:
        """Delete a user who has been switched off for it, with all datasets, one after the other."""

    def send_mail(self, mail_id: int) -> None:
        """Send a mail that waits, and forget it. :raises SourceError: when the mail server does not take it"""


__all__ = ["Answer", "Batch", "CaptureRun", "Database", "Job", "Run", "Source", "SourceFile", "Web", "WorkerContext"]
