"""What a reader of dumps gives: records in blocks, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

FIELDS = (
    "num",
    "subnum",
    "thread_num",
    "op",
    "timestamp",
    "timestamp_expired",
    "preview_orig",
    "preview_w",
    "preview_h",
    "media_filename",
    "media_w",
    "media_h",
    "media_size",
    "media_hash",
    "media_orig",
    "spoiler",
    "deleted",
    "capcode",
    "email",
    "name",
    "trip",
    "title",
    "comment",
    "sticky",
    "locked",
    "poster_hash",
    "poster_country",
    "exif",
)
"""The columns of a dump by 4plebs, in their order. A record is a value for each; None is what the dump calls NULL."""

WHOLE_TABLE = (
    *("doc_id", "media_id", "poster_ip"),
    *FIELDS[: FIELDS.index("sticky")],
    "delpass",
    *FIELDS[FIELDS.index("sticky") :],
)
"""The columns of the archives' own table, all of which some dumps hold."""

Record = Sequence[str | None]
SCHEMA = pl.Schema(dict.fromkeys(FIELDS, pl.String))
"""What frames of records look like."""


class DumpError(ValueError):
    """The file is not a dump that can be read; the text says why and what to do."""


class Fault(NamedTuple):
    """A place in a dump that could not be read: the line or row it begins at, and why."""

    place: int
    reason: str


@dataclass
class Block:
    """Some records of a dump, and where it goes on after them."""

    frame: pl.DataFrame
    """The records, as text columns by the names of FIELDS."""
    position: int
    """Bytes of the text or the last row's number: what `read` takes to go on behind this block."""
    line: int
    """The line or row at which the next block begins."""
    place: Callable[[int], int]
    """The line or row at which a record of this block begins."""
    faults: list[Fault] = field(default_factory=list)
    mended: int = 0
    """Records with bytes that are no UTF-8, which were replaced by the sign for that."""

    def fault(self, number: int, reason: str) -> Fault:
        """That a record of this block is no post."""
        return Fault(self.place(number), reason)
