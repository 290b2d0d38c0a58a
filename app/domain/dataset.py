"""A dataset: the persistent record of one result, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

ITEMS = "items"
"""What a dataset of captured posts, or a filter of one, *acts as* (see `Dataset.acts_as`)."""


class Status(StrEnum):
    """Where a dataset stands. It is waiting or running, or it has ended in one of four ways."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    EMPTY = "empty"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to a dataset with this status by itself."""
        return self not in (Status.WAITING, Status.RUNNING)


class Kind(StrEnum):
    """What a result is made of."""

    TABLE = "table"
    FILES = "files"
    GRAPH = "graph"
    CHART = "chart"
    PAGE = "page"


@dataclass(frozen=True)
class StoredFile:
    """One file in storage: its name there, its size in bytes and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str


def attempt_folder(key: str, token: int | None) -> str:
    """Where in storage one attempt at a dataset puts its files, and no other one does."""
    return f"datasets/{key}/{token}"


@dataclass(frozen=True)
class Result:
    """The published result of a dataset.

    `files` maps a role to a file: `table` (Parquet), `nodes` and `edges` (Parquet), `chart` (JSON),
    `page` (HTML), `archive` (zip), `raw` (NDJSON, zstd), `original` (the file as uploaded),
    `quarantine` (Parquet: position, reason, record).
    """

    kind: Kind
    files: dict[str, StoredFile]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files.values())


@dataclass(frozen=True)
class Dataset:
    """One dataset. `key` names it everywhere; `parent` is the dataset it was made from, `top` the capture at the root.

    `acts_as` says what analyses take it for: `items` for captured posts, the processor's type for its result,
    and for a filter whatever its parent acts as. `work` is what its job needs to know besides the parameters: `source`
    (the dataset to read), or `upload` and `pseudonymise`.

    Who may see it is decided for the whole family: `is_private`, `shares` (the role of each that it is shared with, see
    `app.domain.share`) and `family_owner_id` are those of the capture at the root.

    A capture may go by itself on a day (`expires`), or stay whatever is set for all (`is_kept`). One with a time in
    `deleted` can be brought back for a while; it is found by nothing else.
    """

    key: str
    type: str
    datasource: str | None
    parent: str | None
    top: str
    acts_as: str
    label: str
    parameters: dict[str, Any]
    status: Status
    message: str
    owner_id: int
    is_private: bool
    created: datetime
    progress: float | None = None
    rows: int | None = None
    quarantined: int = 0
    warnings: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    started: datetime | None = None
    ended: datetime | None = None
    attach_to: str | None = None
    kind: Kind | None = None
    result: Result | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    work: dict[str, Any] = field(default_factory=dict)
    expires: datetime | None = None
    is_kept: bool = False
    deleted: datetime | None = None
    family_owner_id: int | None = None
    shares: dict[str, str] = field(default_factory=dict)

    @property
    def is_items(self) -> bool:
        """Whether this is a table of posts: a capture, or a filter of one."""
        return self.acts_as == ITEMS

    @property
    def ended_elsewhere(self) -> bool:
        """Whether it ended in another installation and was brought here so: there is no work that could be redone."""
        return "imported" in self.provenance and "upload" not in self.work

    @property
    def seconds(self) -> float | None:
        """How long the work took, or None while it has not ended."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds()
