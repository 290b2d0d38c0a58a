"""Result files: a folder of this machine, or S3, reached only through here.

A file is written under a name that no other attempt uses and is complete before any row refers to it, so no reader ever
sees part of one. Names look like `datasets/<key>/<attempt>/table.parquet`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from app.domain.dataset import StoredFile
from app.domain.errors import FourcatError, NotFound, Unavailable
from app.domain.texts import say

log = logging.getLogger(__name__)

CHUNK = 1024 * 1024


class StorageError(FourcatError):
    """Result files cannot be stored as set up."""


@dataclass(frozen=True)
class Listed:
    """A file found in storage."""

    name: str
    size: int
    modified: datetime


class FileStore(Protocol):
    """Where result files live."""

    def put(self, path: Path, name: str) -> StoredFile:
        """Move a finished file into storage. :raises Unavailable: when storage refuses or is full"""

    def local(self, file: StoredFile) -> Path:
        """A path on this machine with the content of a stored file, to be read only."""

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file from `start` up to `end` (exclusive), in chunks. :raises NotFound: when it is gone"""

    def delete(self, name: str) -> None:
        """Delete a file; a missing one is no error."""

    def find(self, prefix: str) -> Iterator[Listed]:
        """The files whose names begin with a folder's name."""

    def workspace(self) -> Any:
        """A context manager: a temporary folder from which `put` is cheap; gone afterwards."""

    def sweep(self, hours: float) -> int:
        """Remove temporary folders that a killed process left behind; how many."""


def open_files(url: str, data_dir: Path) -> FileStore:
    """Open the storage that a STORAGE_URL names. :raises StorageError: when the URL is of no known form"""
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return FolderStore(Path(parts.path or url))
    if parts.scheme == "s3":
        from app.storage.bucket import S3Store

        return S3Store(url, data_dir)
    raise StorageError(f"STORAGE_URL must begin with file:// or s3://, and it begins with {parts.scheme}://.")


def digest(path: Path) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file."""
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256")
        return opened.tell(), found.hexdigest()


@contextmanager
def temporary_folder(root: Path) -> Iterator[Path]:
    """A folder below `root` for the time of a `with` block; its name begins with the id of this process."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folders(root: Path, hours: float) -> int:
    """Remove temporary folders not touched for some hours."""
    removed = 0
    oldest = datetime.now(UTC).timestamp() - hours * 3600
    for folder in root.glob("*-*") if root.is_dir() else ():
        with suppress(OSError):
            newest = max((path.stat().st_mtime for path in (folder, *folder.rglob("*"))), default=0)
            if newest < oldest:
                shutil.rmtree(folder)
                removed += 1
    return removed


class FolderStore:
    """Result files in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._temporary = self.root / "tmp"

    def _path(self, name: str) -> Path:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root):
            raise NotFound(say("There is no file {name}.", name=name))
        return path

    def put(self, path: Path, name: str) -> StoredFile:
        """Move a finished file into the folder, on disk before it is returned."""
        target = self._path(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("rb+") as opened:
                os.fsync(opened.fileno())
            size, sha256 = digest(path)
            try:
                path.replace(target)
            except OSError:
                shutil.copyfile(path, partial := target.with_name(f".{uuid.uuid4().hex}"))
                partial.replace(target)
        except OSError as error:
            raise Unavailable(
                say("The result could not be stored: {reason}.", reason=error.strerror or error)
            ) from error
        return StoredFile(name, size, sha256)

    def local(self, file: StoredFile) -> Path:
        """The file itself."""
        path = self._path(file.name)
        if not path.is_file():
            raise NotFound(say("The file of this result is gone from storage."))
        return path

    def read(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes of a file, in chunks."""
        try:
            opened = self._path(name).open("rb")
        except FileNotFoundError:
            raise NotFound(say("The file of this result is gone from storage.")) from None
        return self._chunks(opened, start, end)

    @staticmethod
    def _chunks(opened: Any, start: int, end: int | None) -> Iterator[bytes]:
        with opened:
            opened.seek(start)
            left = None if end is None else end - start
            while left is None or left > 0:
                chunk = opened.read(CHUNK if left is None else min(CHUNK, left))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk

    def delete(self, name: str) -> None:
        """Delete a file and the folders it leaves empty."""
        path = self._path(name)
        path.unlink(missing_ok=True)
        with suppress(OSError):
            for folder in path.parents:
                if folder == self.root:
                    break
                folder.rmdir()

    def find(self, prefix: str) -> Iterator[Listed]:
        """Files below a folder."""
        for path in self._path(prefix).rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file():
                    stat = path.stat()
                    modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                    yield Listed(str(path.relative_to(self.root)), stat.st_size, modified)

    def workspace(self) -> Any:
        """A temporary folder on the same disk."""
        return temporary_folder(self._temporary)

    def sweep(self, hours: float) -> int:
        """Remove abandoned temporary folders."""
        return sweep_folders(self._temporary, hours)


def discard(files: FileStore, names: Iterable[str]) -> None:
    """Delete files that nothing refers to; what storage will not delete now is left to the clean-up."""
    for name in names:
        try:
            files.delete(name)
        except (Unavailable, OSError) as error:
            log.warning("%s is left to be cleaned up: %s", name, error)


def probe(files: FileStore) -> None:
    """Write, read and delete a small file. :raises Unavailable: when storage does not keep what it is given"""
    name = f"probe/{uuid.uuid4().hex}"
    with files.workspace() as folder:
        path = Path(folder) / "probe"
        path.write_bytes(b"4cat")
        files.put(path, name)
    kept = b"".join(files.read(name))
    files.delete(name)
    if kept != b"4cat":
        raise Unavailable(say("Storage gave back something else than it was given."))
