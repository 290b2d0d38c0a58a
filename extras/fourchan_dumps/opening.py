"""Open a dump, packed or not; know it again; and read its board from its name."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from extras.fourchan_dumps.record import DumpError

_PACKED: dict[str, Callable[[Path], object]] = {
    ".gz": gzip.open,
    ".tgz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
_BOARD = re.compile(r"(?<![a-z0-9])([a-z0-9]{1,5})(?![a-z0-9])")
_NO_BOARDS = {"4chan", "dump", "csv", "tar", "gz", "tgz", "bz2", "xz", "db", "data", "posts", "of", "the", "board"}


UNREADABLE = (DumpError, OSError, EOFError, zlib.error, lzma.LZMAError)
"""What is raised when a file cannot be read on."""


def fingerprint(path: Path) -> str:
    """What a file is known again by, wherever it lies: its size, its beginning and its end."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(1 << 20))
        file.seek(max(size - (1 << 20), 0))
        digest.update(file.read(1 << 20))
    return digest.hexdigest()


@contextmanager
def open_text(path: Path) -> Iterator[BinaryIO]:
    """The text of a CSV dump, which may be packed (.gz, .bz2, .xz) and in a .tar; it can be searched through.

    :raises DumpError: when there is no CSV file in it
    """
    opener = _PACKED.get(path.suffix.lower())
    with ExitStack() as opened:
        file = opened.enter_context(cast(BinaryIO, opener(path)) if opener else path.open("rb"))
        if re.search(r"\.(tar(\.\w+)?|tgz)$", path.name.lower()):
            file = _inside(file, opened)
        yield file


def _inside(file: BinaryIO, opened: ExitStack) -> BinaryIO:
    """The first CSV file in an archive."""
    try:
        archive = opened.enter_context(tarfile.open(fileobj=file))  # noqa: SIM115 - the stack closes it
        member = next((member for member in archive if member.isfile() and member.name.lower().endswith(".csv")), None)
        inside = archive.extractfile(member) if member else None
    except tarfile.TarError as error:
        raise DumpError(f"The archive cannot be read: {error}.") from error
    if inside is None:
        raise DumpError("There is no .csv file in the archive.")
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, inside)))


def board_of(path: Path) -> str | None:
    """The board that a file's name says: `pol` for `pol.csv.tar.gz`, `4plebs_pol_2020.csv` or `4chan-pol.db`."""
    name = path.name.lower()
    stem = name.partition(".")[0]
    if re.fullmatch(r"[a-z0-9]{1,5}", stem) and stem not in _NO_BOARDS:
        return stem
    found = [part for part in _BOARD.findall(stem) if part not in _NO_BOARDS and not part.isdigit()]
    return found[0] if len(found) == 1 else None
