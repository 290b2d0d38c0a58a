"""Result files of 4CAT 1.56 as results here: tables, networks, pages and archives; anything else as a file in one."""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.plugins import FamilyRun, Files, Graph, Kind, Page
from datasources.import_4cat._gexf import read_gexf

_MOST_PAGE = 32 * 1024**2
_MOST_NETWORK = 256 * 1024**2
_INFERRED = 10_000


@dataclass(frozen=True)
class Result:
    """A result: `files` as they are to be kept, with rows and columns; or a `result` as a processor gives it."""

    kind: Kind | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    rows: int = 0
    columns: Sequence[str] = ()
    result: Any = None


def result_of(path: Path, name: str, run: FamilyRun) -> Result:
    """What a file is here, by the end of its name; what cannot be read so is kept as it is, and the log says why."""
    suffix = Path(name).suffix.lower()
    try:
        if suffix in (".csv", ".tsv"):
            return _table(path, _free(run.folder), "\t" if suffix == ".tsv" else ",")
        if suffix == ".gexf" and path.stat().st_size <= _MOST_NETWORK:
            return _network(path)
        if suffix in (".html", ".htm") and path.stat().st_size <= _MOST_PAGE:
            return Result(result=Page(path.read_text("utf-8", "replace")))
        if suffix == ".zip":
            return _archive(path)
    except (ValueError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        run.log(f"“{name}” is kept as a file, since it cannot be read: {reason}")
    return Result(result=Files([(name, path)]))


def _free(folder: Path) -> Path:
    """A name for a table that no other one has had."""
    return folder / f"{uuid.uuid4().hex}.parquet"


def _table(path: Path, target: Path, separator: str) -> Result:
    """A table; columns whose first cells are numbers and later ones are not become text."""
    import polars as pl
    import pyarrow.parquet as pq

    for inferred in (_INFERRED, 0):
        frame = pl.scan_csv(path, separator=separator, infer_schema_length=inferred, encoding="utf8-lossy")
        try:
            frame.sink_parquet(target, compression="zstd")
            break
        except pl.exceptions.NoDataError:
            return Result(Kind.TABLE, {}, 0, ())
        except pl.exceptions.PolarsError as error:
            if not inferred:
                raise ValueError(str(error)) from None
    metadata = pq.read_metadata(target)
    return Result(Kind.TABLE, {"table": target}, metadata.num_rows, metadata.schema.to_arrow_schema().names)


def _network(path: Path) -> Result:
    import polars as pl

    nodes, edges, directed = read_gexf(path)
    if not nodes:
        raise ValueError("it has no nodes")
    frames = [pl.DataFrame(rows, infer_schema_length=None, strict=False) for rows in (nodes, edges)]
    if not edges:
        frames[1] = pl.DataFrame(schema={"source": pl.String, "target": pl.String, "weight": pl.Float64})
    return Result(result=Graph(frames[0], frames[1], directed))


def _archive(path: Path) -> Result:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
    return Result(Kind.FILES, {"archive": path}, len(members), ())
