"""Import and preview files as the upload data source does, for its tests."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.plugins import ITEM_COLUMNS
from app.plugins.testing import MemoryRun
from app.plugins.validation import load
from datasources.upload import Upload

NOTHING = {item: "__empty__" for item in ITEM_COLUMNS}
"""A mapping that leaves all columns of the file under their own names."""


@dataclass
class GivenFile:
    """An uploaded file."""

    path: Path
    filename: str = ""
    size: int = 0

    def __post_init__(self) -> None:
        self.filename = self.filename or self.path.name
        self.size = self.path.stat().st_size


@dataclass
class Imported:
    """What came of an import: all rows, and what was said."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    quarantined: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def column(self, name: str) -> list[Any]:
        """The values of one column."""
        return [row[name] for row in self.rows]

    def own(self) -> list[dict[str, Any]]:
        """The rows without the six columns of items."""
        return [{name: value for name, value in row.items() if name not in ITEM_COLUMNS} for row in self.rows]


def import_path(path: Path, filename: str = "", **options: Any) -> Imported:
    """Import a file with these options; every batch must have the same schema."""
    with tempfile.TemporaryDirectory() as folder:
        run = MemoryRun(Path(folder))
        found, schemas = Imported(), []
        for batch in Upload().import_file(GivenFile(path, filename), load(Upload.Options, options), run):
            schemas.append(batch.schema)
            found.rows += batch.to_pylist()
    assert all(schema == schemas[0] for schema in schemas)
    found.columns = schemas[0].names
    found.quarantined, found.warnings = run.quarantined, run.warnings
    return found


def import_data(folder: Path, data: bytes | str, filename: str = "posts.csv", **options: Any) -> Imported:
    """Write data to a file and import it."""
    path = folder / filename
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return import_path(path, **options)


def preview_data(folder: Path, data: bytes | str, filename: str = "posts.csv", **options: Any) -> dict[str, Any]:
    """Write data to a file and preview it."""
    path = folder / filename
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Upload().preview(path, filename, options)
