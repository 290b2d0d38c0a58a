"""A folder of backups: each in a folder of its own, named by its time, and whole once it has its manifest.

    DIR/2026-11-22T02-30-00Z/
        manifest.json       what is in it: counts, versions, checksums; written last
        database.dump       the database, by pg_dump
        files.ndjson        a line for each file that the database refers to: name, size, SHA-256, whose it is
        keys.json           SECRET_KEY and PSEUDONYM_KEY
        files/ab/ab12...    the files, named by the SHA-256 of their content

A file that the backup before holds already is a hard link to it, so that each backup is whole by itself, takes only the
room of what is new, and can be deleted without harm to the others.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.errors import Conflict, NotFound, UserError
from app.local.folder import write_private

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
LIST = "files.ndjson"
KEYS = "keys.json"
FILES = "files"
PARTS = (DATABASE, LIST, KEYS)
_UNFINISHED = ".unfinished"
_LOCK = ".lock"


class DamagedBackup(UserError):
    """This backup is not what it was when it was made."""


@dataclass(frozen=True)
class Entry:
    """One file that the database refers to: its name in storage, its size and SHA-256, and which row refers to it.

    That is a `dataset`, an `upload` or the `checkpoint` of a job (`kind`), and its key or number (`whose`).
    """

    name: str
    size: int
    sha256: str
    kind: str
    whose: str

    @property
    def place(self) -> str:
        """Where its content lies in a backup."""
        return f"{FILES}/{self.sha256[:2]}/{self.sha256}"


@dataclass(frozen=True)
class Missing:
    """A file that the database refers to and that could not be saved, and why; `is_lost` if it should be there."""

    name: str
    why: str
    kind: str
    whose: str
    is_lost: bool = True


@dataclass(frozen=True)
class Manifest:
    """What a backup holds, and what it was made with."""

    made: str
    version: str
    postgresql: str
    pg_dump: str
    migrations: dict[str, str]
    tables: dict[str, int]
    running: int
    files: int
    bytes: int
    parts: dict[str, tuple[int, str]]
    missing: list[Missing] = field(default_factory=list)
    format: int = FORMAT


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make a backup whole."""
    content = asdict(manifest)
    write_private(folder / MANIFEST, {**content, "checksum": _checksum(content)})


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself.

    :raises NotFound: when there is no whole backup in this folder
    :raises DamagedBackup: when it was changed or cannot be read
    """
    path = folder / MANIFEST
    if not path.is_file():
        within = [backup.name for backup in list_backups(folder)] if folder.is_dir() else []
        advice = f" It holds these; name one: {', '.join(within[-5:])}." if within else ""
        raise NotFound(f"{folder} is no backup, or one that was not finished: it has no {MANIFEST}.{advice}")
    try:
        content = json.loads(path.read_text())
        stated = content.pop("checksum")
        if content["format"] != FORMAT:
            raise UserError(
                f"{folder} was made by 4CAT {content['version']} in another format ({content['format']}) than this "
                f"version reads ({FORMAT}). Restore it with 4CAT {content['version']}."
            )
        if stated != _checksum(content):
            raise DamagedBackup(f"{path} was changed after the backup was made.")
        missing = [Missing(**found) for found in content.pop("missing")]
        parts = {name: (size, sha256) for name, (size, sha256) in content.pop("parts").items()}
        return Manifest(**content, missing=missing, parts=parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedBackup(f"{path} cannot be read: {type(error).__name__}: {error}.") from None


def read_entries(folder: Path) -> Iterator[Entry]:
    """The files of a backup, one at a time."""
    with (folder / LIST).open() as lines:
        for line in lines:
            yield Entry(**json.loads(line))


def list_backups(folder: Path) -> list[Path]:
    """The whole backups in a folder, the oldest first."""
    return sorted(path.parent for path in folder.glob(f"*/{MANIFEST}") if not path.parent.name.endswith(_UNFINISHED))


@contextlib.contextmanager
def new_backup(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Where a new backup will be, and the folder to fill, which is moved there when the block ends well.

    What a former one that did not end well has copied is there again, to be used when it proves right.

    :raises Conflict: when another backup is being made in this folder
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict(f"Another backup is being made in {folder}. Wait until it has ended.") from None
        while (whole := folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}").exists():
            time.sleep(0.1)
        unfinished = whole.with_name(f"{whole.name}{_UNFINISHED}")
        left = sorted(folder.glob(f"*{_UNFINISHED}"))
        if left:
            left[-1].rename(unfinished)
        for older in left[:-1]:
            shutil.rmtree(older)
        unfinished.mkdir(exist_ok=True, mode=0o700)
        for part in (*PARTS, MANIFEST):
            (unfinished / part).unlink(missing_ok=True)
        yield whole, unfinished
        os.sync()
        unfinished.rename(whole)


def prune(folder: Path, keep: int) -> list[str]:
    """Delete all but the newest backups; the names of those deleted."""
    gone = list_backups(folder)[:-keep]
    for backup in gone:
        (backup / MANIFEST).unlink()  # first, so that what is half deleted does not look whole
        shutil.rmtree(backup)
    return [backup.name for backup in gone]


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
