"""A ZIP that somebody has sent: its members are read within bounds, by name, and nothing is written where they say."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from app.domain.texts import say
from datasources.import_4cat._refusal import refusal

MOST_MEMBERS = 200_000
MOST_TOLD = 32 * 1024**2
"""How many bytes all that tells of datasets may have, which is read at once."""
_CHUNK = 1024 * 1024
_MEGABYTE = 1_000_000
_LEAST_SUSPECT = 100 * _MEGABYTE
_MOST_RATIO = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """The members of a ZIP by name."""

    def __init__(self, archive: zipfile.ZipFile, most_mb: float) -> None:
        self._archive = archive
        self.members: dict[str, zipfile.ZipInfo] = {}
        infos = archive.infolist()
        if len(infos) > MOST_MEMBERS:
            raise refusal(say("This ZIP holds more than {most:,} files.", most=MOST_MEMBERS))
        for info in infos:
            if not info.is_dir():
                _check(info)
                if info.filename in self.members:
                    raise refusal(say("“{name}” is in the ZIP twice.", name=info.filename[:200]))
                self.members[info.filename] = info
        size = sum(info.file_size for info in self.members.values())
        packed = sum(info.compress_size for info in self.members.values())
        if size > most_mb * _MEGABYTE:
            raise refusal(
                say(
                    "Unpacked this ZIP has {size:,} MB, and the most that is taken here is {most:,.0f} MB.",
                    size=size // _MEGABYTE,
                    most=most_mb,
                )
            )
        if size > _LEAST_SUSPECT and size > _MOST_RATIO * packed:
            raise refusal(say("This ZIP unpacks to more than {ratio} times its size.", ratio=_MOST_RATIO))

    def read(self, name: str, most: int = MOST_TOLD) -> bytes:
        """A member as a whole, which has at most so many bytes."""
        if self._info(name).file_size > most:
            raise refusal(say("“{name}” in the ZIP is too large.", name=name[:200]))
        return b"".join(self._chunks(name))

    def take(self, name: str, target: Path) -> tuple[int, str]:
        """Unpack a member to a file; its size and SHA-256."""
        digest, size = hashlib.sha256(), 0
        with target.open("wb") as written:
            for chunk in self._chunks(name):
                digest.update(chunk)
                size += len(chunk)
                written.write(chunk)
        return size, digest.hexdigest()

    def _info(self, name: str) -> zipfile.ZipInfo:
        if name not in self.members:
            raise refusal(say("“{name}” is missing in the ZIP.", name=name[:200]))
        return self.members[name]

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._archive.open(self._info(name)) as member:
                while chunk := member.read(_CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise refusal(say("“{name}” in the ZIP is damaged: {reason}", name=name[:200], reason=error)) from None


def _check(info: zipfile.ZipInfo) -> None:
    name = info.filename
    if name.startswith(("/", "\\")) or "\\" in name or ":" in name.split("/")[0] or ".." in name.split("/"):
        raise refusal(say("“{name}” in the ZIP leads out of it.", name=name[:200]))
    if info.flag_bits & 1:
        raise refusal(say("“{name}” in the ZIP is encrypted.", name=name[:200]))
    if stat.S_ISLNK(info.external_attr >> 16) or info.compress_type not in _METHODS:
        raise refusal(say("“{name}” in the ZIP is of a kind that is not taken.", name=name[:200]))


def safe_suffix(name: str) -> str:
    """What the name of a member ends with, where that is fit for the name of a file."""
    found = PurePosixPath(name).suffix.lower()
    return found if re.fullmatch(r"\.\w{1,15}", found) else ".bin"


@contextmanager
def open_archive(path: Path, most_mb: float) -> Iterator[Archive]:
    """A ZIP for the time of a `with` block. :raises InvalidInput: when it is none, or will not do"""
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise refusal(
            say("This is no package: it is no ZIP, or it has not come in whole. Download it there again.")
        ) from None
    with opened:
        yield Archive(opened, most_mb)
