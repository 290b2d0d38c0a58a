"""The files of a backup: copied out of storage, made sure of, and put into storage again."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from app.domain.errors import NotFound, Unavailable
from app.local.backup_folder import FILES, LIST, PARTS, DamagedBackup, Entry, Manifest, Missing, read_entries
from app.storage.files import FileStore, digest

Say = Callable[[str], None]
Given = TypeVar("Given")
Made = TypeVar("Made")

_AT_ONCE = 8
_PORTION = 2_000
_TRIES = 3
_SHOWN = 10


class Progress:
    """Says every few seconds how far a long copy is."""

    def __init__(self, say: Say, what: str, total: int) -> None:
        self._say = say
        self._what = what
        self._total = total
        self._next = time.monotonic() + 5
        self.count = 0
        self.bytes = 0

    def add(self, size: int) -> None:
        """Count one more file."""
        self.count += 1
        self.bytes += size
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 5
            self._say(f"{self._what}: {self.count:,} of {self._total:,} files, {in_words(self.bytes)}")


def in_words(size: int) -> str:
    """A size for people."""
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


class _Wrong(Exception):
    """What storage gives is not what it was given."""


def save_files(
    files: FileStore, entries: Iterable[Entry], folder: Path, before: Path | None
) -> Iterator[Missing | int]:
    """Copy files into a backup; for each its size, or why it is missing.

    What the backup `before` holds is linked, and what a broken off one has left is used when its content proves right.

    :raises Unavailable: when storage does not answer or the backup cannot be written
    """
    yield from _at_once(entries, lambda entry: _save(files, entry, folder, before))


def verify_files(folder: Path, manifest: Manifest, say: Say) -> None:
    """Read a whole backup and compare it with its checksums.

    :raises DamagedBackup: naming the files that are damaged or gone
    """
    wrong = [name for name in PARTS if not _is(folder / name, *manifest.parts.get(name, (-1, "")))]
    if LIST not in wrong:
        absent = {missing.name for missing in manifest.missing}
        distinct = {entry.sha256: entry for entry in read_entries(folder) if entry.name not in absent}
        progress = Progress(say, "Checking", len(distinct))

        def look(entry: Entry) -> tuple[Entry, bool]:
            return entry, _is(folder / entry.place, entry.size, entry.sha256)

        for entry, is_right in _at_once(distinct.values(), look):
            progress.add(entry.size)
            if not is_right:
                wrong.append(f"{entry.place} ({entry.name})")
    if wrong:
        more = f" and {len(wrong) - _SHOWN:,} more" if len(wrong) > _SHOWN else ""
        raise DamagedBackup(
            f"The backup {folder} is damaged, and nothing was restored. Damaged or gone: "
            f"{', '.join(sorted(wrong)[:_SHOWN])}{more}. Use another backup."
        )


def put_files(files: FileStore, folder: Path, manifest: Manifest, say: Say) -> Progress:
    """Put the files of a backup into storage; what is there already and right is left alone.

    :raises Unavailable: when storage does not take or keep them
    """
    absent = {missing.name for missing in manifest.missing}
    wanted = (entry for entry in read_entries(folder) if entry.name not in absent)
    progress = Progress(say, "Files", manifest.files)
    there = {found.name: found.size for prefix in ("datasets", "uploads") for found in files.find(prefix)}
    with files.workspace() as workspace:

        def put(entry: Entry) -> int:
            if there.get(entry.name) == entry.size and _stored(files, entry.name) == entry.sha256:
                return entry.size
            copy = Path(workspace) / uuid.uuid4().hex
            try:
                shutil.copyfile(folder / entry.place, copy)
            except OSError as error:
                raise Unavailable(f"{entry.place} could not be copied: {error.strerror or error}.") from error
            if files.put(copy, entry.name).sha256 != entry.sha256:
                raise Unavailable(f"{entry.place} was changed while it was restored.")
            copy.unlink(missing_ok=True)
            return entry.size

        for size in _at_once(wanted, put):
            progress.add(size)
    return progress


def drop_unlisted(folder: Path) -> None:
    """Delete what a broken off backup has left and nothing refers to."""
    listed = {entry.sha256 for entry in read_entries(folder)}
    for path in (folder / FILES).glob("*/*"):
        if path.name not in listed:
            path.unlink()


def _save(files: FileStore, entry: Entry, folder: Path, before: Path | None) -> Missing | int:
    target = folder / entry.place
    if target.is_file() and _is(target, entry.size, entry.sha256):
        return entry.size
    if before is not None and _link(before / entry.place, target, entry.size):
        return entry.size
    try:
        for again in reversed(range(_TRIES)):
            try:
                _copy(files, entry, target)
                break
            except _Wrong:
                if not again:
                    raise
            except Unavailable:
                if not again:
                    raise
                time.sleep(1)
    except NotFound:
        return Missing(entry.name, "it is gone from storage", entry.kind, entry.whose)
    except _Wrong as error:
        return Missing(entry.name, str(error), entry.kind, entry.whose)
    return entry.size


def _link(there: Path, target: Path, size: int) -> bool:
    """Whether the former backup has this file, and the file system lets it be linked."""
    try:
        if there.stat().st_size != size:
            return False
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.unlink(missing_ok=True)
        os.link(there, target)
    except FileExistsError:  # the same content under two names
        return True
    except OSError:
        return False
    return True


def _copy(files: FileStore, entry: Entry, target: Path) -> None:
    chunks = files.read(entry.name)
    found, size = hashlib.sha256(), 0
    partial = target.with_name(f".{uuid.uuid4().hex}")
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = partial.open("xb")
        except OSError as error:
            raise _unwritable(error) from error
        with opened:
            while (chunk := _next(chunks)) is not None:
                found.update(chunk)
                size += len(chunk)
                _write(opened.write, chunk)
            _write(opened.flush)
        if (size, found.hexdigest()) != (entry.size, entry.sha256):
            raise _Wrong("its content in storage is not what was stored")
        partial.chmod(0o600)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _next(chunks: Iterator[bytes]) -> bytes | None:
    try:
        return next(chunks, None)
    except OSError as error:
        raise _Wrong(f"it cannot be read from storage: {error.strerror or error}") from error


def _write(write: Callable[..., object], *chunk: bytes) -> None:
    try:
        write(*chunk)
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> Unavailable:
    return Unavailable(f"The backup could not be written: {error.strerror or error}.")


def _is(path: Path, size: int, sha256: str) -> bool:
    try:
        return path.stat().st_size == size and digest(path)[1] == sha256
    except OSError:
        return False


def _stored(files: FileStore, name: str) -> str:
    """SHA-256 of a file in storage."""
    found = hashlib.sha256()
    for chunk in files.read(name):
        found.update(chunk)
    return found.hexdigest()


def _at_once(items: Iterable[Given], do: Callable[[Given], Made]) -> Iterator[Made]:
    """Do something for each, some at a time; the results in order. Memory stays flat however many there are."""
    waiting = iter(items)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while portion := list(islice(waiting, _PORTION)):
            yield from pool.map(do, portion)
