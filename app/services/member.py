"""What is in a result that is an archive: the list of its members, and single ones."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import NotFound
from app.domain.texts import say
from app.domain.user import User
from app.services.context import Context
from app.services.dataset import get_dataset

PICTURES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
"""The kinds of pictures that pages show, by the end of their names."""
VIDEOS = {"mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm"}
"""Those of videos that browsers play."""
SOUNDS = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "m4a": "audio/mp4", "flac": "audio/flac"}
"""Those of sound that browsers play."""
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Member:
    """One file in an archive: its place in it, counted from 1, its name and how many bytes it has unpacked."""

    number: int
    name: str
    size: int

    @property
    def end(self) -> str:
        """What its name ends with, such as `jpg`; empty when there is no point in it."""
        return self.name.rpartition("/")[2].rpartition(".")[2].lower()

    @property
    def picture(self) -> str | None:
        """The media type of a picture that can be shown; None for everything else."""
        return PICTURES.get(self.end)

    @property
    def media(self) -> str | None:
        """The media type of what a browser shows or plays by itself; None for everything else."""
        return PICTURES.get(self.end) or VIDEOS.get(self.end) or SOUNDS.get(self.end)


def list_members(ctx: Context, actor: User, key: str) -> list[Member]:
    """The files in the archive of a dataset the actor may see, in their order. :raises NotFound: when it has none"""
    with zipfile.ZipFile(_archive(ctx, actor, key)) as archive:
        return _members(archive)


def open_member(ctx: Context, actor: User, key: str, name: str) -> tuple[Member, Iterator[bytes]]:
    """One of them, and its bytes as they are unpacked.

    :raises NotFound: when there is no such member, or the dataset is none that the actor may see
    """
    path = _archive(ctx, actor, key)
    with zipfile.ZipFile(path) as archive:
        found = next((member for member in _members(archive) if member.name == name), None)
    if found is None:
        raise NotFound(say("There is no file “{name}” in this archive.", name=name))
    return found, _unpack(path, name)


def _members(archive: zipfile.ZipFile) -> list[Member]:
    files = [info for info in archive.infolist() if not info.is_dir()]
    return [Member(number, info.filename, info.file_size) for number, info in enumerate(files, 1)]


def _archive(ctx: Context, actor: User, key: str) -> Path:
    dataset = get_dataset(ctx, actor, key)
    if dataset.result is None or "archive" not in dataset.result.files:
        raise NotFound(say("“{dataset}” has no archive.", dataset=dataset.label))
    return ctx.files.local(dataset.result.files["archive"])


def _unpack(path: Path, name: str) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as member:
        while chunk := member.read(_CHUNK):
            yield chunk
