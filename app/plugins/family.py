"""Families: a capture with all made from it, as a data source brings it here from another installation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from app.plugins.context import CaptureRun


@dataclass(frozen=True)
class Reading:
    """A file that the data source `source` is to read into a table of items, with these options."""

    source: str
    path: Path
    filename: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Brought:
    """One dataset of a family, as `app.domain.package.checked_record` has it, keys and times as they were elsewhere.

    Its result is either `files` by role, as they are to be kept; or a `result` as a processor gives it; or a `reading`.
    `log` are lines with the time of each, `codes` values of annotations as in a package. `origin` says where it comes
    from: `site`, `address`, `software` and `version`, as far as they are known.
    """

    record: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    result: Any = None
    reading: Reading | None = None
    log: Iterable[tuple[str, str]] = ()
    codes: Iterable[Mapping[str, Any]] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)


class FamilyRun(CaptureRun, Protocol):
    """What a data source can do that brings in families: also keep files that an attempt which is broken off has."""

    @property
    def replaces_names(self) -> bool:
        """Whether names of authors are to be replaced or removed."""

    @property
    def sources(self) -> Sequence[str]:
        """The data sources here that can read files into items."""

    def keep(self, name: str, path: Path, *, instead_of: Sequence[str] = ()) -> Path:
        """Bring a file home under a name, and forget others; where it can be read from now on."""

    def forget(self, names: Sequence[str]) -> None:
        """Drop what has been kept under these names."""

    def kept(self, name: str) -> Path | None:
        """A file that has been kept under this name, also by an earlier attempt; None when there is none."""
