"""Downloads: a result in the format asked for, as a stream that begins at once and needs little memory."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from urllib.parse import quote

from app.domain.dataset import Dataset, Kind, StoredFile
from app.domain.errors import InvalidInput, NotCompatible, NotFound
from app.domain.texts import say
from app.domain.user import User
from app.services import charts, table_export, table_part, timeline, workbook_export
from app.services.annotation_table import Beside, beside
from app.services.context import Context
from app.services.dataset import get_dataset
from app.services.items import require_result
from app.services.palette import accent_of, palette
from app.services.parquet_table import keep_open
from app.services.table_part import WHOLE, Part

_CHUNK = 1024 * 1024
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Options:
    """How a table is written: `bom` and `excel_safe` are for CSV that goes into a spreadsheet; `part` is what of it."""

    bom: bool = False
    excel_safe: bool = False
    part: Part = WHOLE


@dataclass(frozen=True)
class Download:
    """A file to send. What is stored as it is has a `size`, and `read(start, end)` gives a part of it."""

    filename: str
    media_type: str
    chunks: Iterator[bytes]
    etag: str
    size: int | None = None
    path: Path | None = None
    read: Callable[[int, int | None], Iterator[bytes]] | None = None


@dataclass(frozen=True)
class Format:
    """One way to download a result: made from, or simply being, the stored file of a role."""

    label: str
    role: str
    suffix: str
    media_type: str
    make: Callable[[Context, Dataset, Options], Iterator[bytes]] | None = None
    make_part: Callable[[Context, Dataset, Options], Iterator[bytes]] | None = None


def formats(dataset: Dataset) -> list[tuple[str, str]]:
    """The formats in which a dataset can be downloaded, the usual one first: (name for `format=`, label)."""
    return [(name, found.label) for name, found in _formats_of(dataset).items()]


def open_download(
    ctx: Context,
    actor: User,
    key: str,
    format: str | None = None,
    *,
    bom: bool = False,
    excel_safe: bool = False,
    columns: Sequence[str] | None = None,
    filter: Sequence[str] | None = None,
) -> Download:
    """A result the actor may see, in a format; without one in the usual format of its kind.

    `columns` and `filter` choose a part of a table, as for a page of its rows.

    :raises InvalidInput: when there is no such format, column or filter, naming those there are
    :raises Conflict: when there is no result (yet)
    :raises NotCompatible: when the table does not fit into the format
    """
    dataset = get_dataset(ctx, actor, key)
    require_result(dataset)
    choices = _formats_of(dataset)
    name = format or next(iter(choices), "")
    if name not in choices:
        there = ", ".join(choices) or "none"
        wrong = say("This dataset cannot be downloaded as “{name}”. Choose from: {there}.", name=name, there=there)
        raise InvalidInput({"format": [wrong]})
    chosen = choices[name]
    stored = _stored(dataset, chosen.role)
    filename = file_name(dataset, _suffix(dataset, name, chosen))
    extra = beside(ctx.database, actor, dataset) if chosen.role == "table" else None
    make = chosen.make_part if columns or filter or extra else chosen.make
    if make is None and (columns or filter):
        whole = say("Only tables can be downloaded in part. Leave out columns and filter for “{name}”.", name=name)
        raise NotCompatible(whole)
    if make is None:
        return Download(
            filename,
            chosen.media_type,
            lazily(lambda: ctx.files.read(stored.name)),
            stored.sha256,
            stored.size,
            None,
            lambda start, end: ctx.files.read(stored.name, start, end),
        )
    path = ctx.files.local(stored)
    part, rows = WHOLE, dataset.rows
    if columns or filter or extra:
        part, rows = _part(ctx, path, columns, filter, extra, count=name == "xlsx")
    if name == "xlsx":
        workbook_export.check_fits_excel(rows or 0, len(part.columns or dataset.columns))
    state = (extra.columns, extra.state.checksum) if extra else None
    asked = hashlib.sha256(repr((columns, filter, state)).encode()).hexdigest()[:16] if part is not WHOLE else ""
    tag = "-".join(word for word in (stored.sha256, name, "bom" * bom, "safe" * excel_safe, asked) if word)
    return Download(filename, chosen.media_type, make(ctx, dataset, Options(bom, excel_safe, part)), tag)


def _part(
    ctx: Context,
    path: Path,
    columns: Sequence[str] | None,
    conditions: Sequence[str] | None,
    extra: Beside | None,
    *,
    count: bool,
) -> tuple[Part, int]:
    """What of a table is asked for, annotations included, and of how many rows (at most, unless counted)."""
    table = keep_open(ctx, path, extra)
    chosen = tuple(column.name for column in table.choose(columns))
    filters = table.parse(conditions or [])
    is_counted = filters and count and table.rows >= workbook_export.EXCEL_ROWS  # fewer fit, whatever they are
    rows = table.count(filters) if filters and is_counted else table.rows
    matching = partial(table.matching, filters) if filters else None
    return Part(chosen if columns or extra else None, matching, extra), rows


def file_name(dataset: Dataset, suffix: str) -> str:
    """A name for a downloaded file: the label in letters, digits and hyphens, and the start of the key."""
    label = unicodedata.normalize("NFC", dataset.label)
    slug = re.sub(r"[\W_]+", "-", label.lower()).strip("-")[:80].strip("-")
    return f"{slug or dataset.type}-{dataset.key[:8]}{suffix}"


def _stored(dataset: Dataset, role: str) -> StoredFile:
    if dataset.result is None or role not in dataset.result.files:
        raise NotFound(say("This file is not part of the result."))
    return dataset.result.files[role]


def _suffix(dataset: Dataset, name: str, chosen: Format) -> str:
    if name != "original":
        return chosen.suffix
    return PurePath(str(dataset.work.get("filename", ""))).suffix[:16] or chosen.suffix


def lazily(opened: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    """The same chunks, from a file that is not opened before the first of them is asked for."""
    yield from opened()


def _csv(role: str) -> Callable[[Context, Dataset, Options], Iterator[bytes]]:
    def make(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
        path = ctx.files.local(_stored(dataset, role))
        return table_export.csv(path, options.part, bom=options.bom, excel_safe=options.excel_safe)

    return make


def _ndjson(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    return table_export.ndjson(ctx.files.local(_stored(dataset, "table")), options.part)


def _json(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    return table_export.json(ctx.files.local(_stored(dataset, "table")), options.part)


def _parquet(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    return table_part.parquet(ctx.files.local(_stored(dataset, "table")), options.part)


def _xlsx(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    path = ctx.files.local(_stored(dataset, "table"))
    return workbook_export.xlsx(path, options.part, made=dataset.ended or dataset.created)


def _gexf(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    from app.services.graphs import write_gexf

    yield from _graph(ctx, dataset, partial(write_gexf, colours=palette(accent_of(ctx))))


def _graphml(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    from app.services.graphs import write_graphml

    yield from _graph(ctx, dataset, write_graphml)


def _graph(ctx: Context, dataset: Dataset, write: Callable[..., None]) -> Iterator[bytes]:
    import polars as pl
    import pyarrow.parquet as pq

    nodes, edges = (ctx.files.local(_stored(dataset, role)) for role in ("nodes", "edges"))
    directed = (pq.read_metadata(edges).metadata or {}).get(b"directed") == b"true"
    with tempfile.TemporaryFile(dir=_temporary(ctx)) as stream:
        write(pl.read_parquet(nodes), pl.read_parquet(edges), directed, stream)
        stream.seek(0)
        yield from iter(partial(stream.read, _CHUNK), b"")


def _temporary(ctx: Context) -> Path:
    folder = ctx.settings.data_dir / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _spec(ctx: Context, dataset: Dataset) -> dict[str, object]:
    if timeline.has_timeline(dataset):
        return timeline.spec_of(ctx, dataset)
    loaded: dict[str, object] = json.loads(b"".join(ctx.files.read(_stored(dataset, "chart").name)))
    return loaded


def _svg(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    return iter([charts.draw_svg(_spec(ctx, dataset), accent=accent_of(ctx)).encode()])


def _png(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    return iter([charts.draw_png(_spec(ctx, dataset), accent=accent_of(ctx))])


def _values(ctx: Context, dataset: Dataset, options: Options) -> Iterator[bytes]:
    """The values of a chart as CSV."""
    rows = charts.values_of(_spec(ctx, dataset))
    return table_export.csv_of(rows, bom=options.bom, excel_safe=options.excel_safe)


_TABLE = {
    "csv": Format("CSV", "table", ".csv", "text/csv; charset=utf-8; header=present", _csv("table"), _csv("table")),
    "ndjson": Format("NDJSON", "table", ".ndjson", "application/x-ndjson", _ndjson, _ndjson),
    "xlsx": Format(say("Excel"), "table", ".xlsx", _XLSX, _xlsx, _xlsx),
    "json": Format("JSON", "table", ".json", "application/json", _json, _json),
    "parquet": Format(say("Parquet"), "table", ".parquet", "application/vnd.apache.parquet", make_part=_parquet),
}
_FORMATS: dict[Kind, dict[str, Format]] = {
    Kind.TABLE: _TABLE,
    Kind.GRAPH: {
        "gexf": Format(say("GEXF, for Gephi"), "edges", ".gexf", "application/gexf+xml", _gexf),
        "graphml": Format(say("GraphML"), "edges", ".graphml", "application/graphml+xml", _graphml),
        "nodes-csv": Format(say("Nodes as CSV"), "nodes", "-nodes.csv", "text/csv; charset=utf-8", _csv("nodes")),
        "edges-csv": Format(say("Edges as CSV"), "edges", "-edges.csv", "text/csv; charset=utf-8", _csv("edges")),
    },
    Kind.CHART: {
        "svg": Format(say("SVG picture"), "chart", ".svg", "image/svg+xml", _svg),
        "png": Format(say("PNG picture"), "chart", ".png", "image/png", _png),
        "csv": Format(say("Values as CSV"), "chart", ".csv", "text/csv; charset=utf-8; header=present", _values),
        "json": Format(say("Vega-Lite specification"), "chart", ".vl.json", "application/json"),
    },
    Kind.PAGE: {"html": Format("HTML", "page", ".html", "text/html; charset=utf-8")},
    Kind.FILES: {"zip": Format(say("Zip archive"), "archive", ".zip", "application/zip")},
}
_TIMELINE = {name: replace(_FORMATS[Kind.CHART][name], role="table") for name in ("svg", "png")}
_KEPT = {
    "raw": Format(say("Records as captured"), "raw", ".raw.ndjson.zst", "application/zstd"),
    "original": Format(say("The file as uploaded"), "original", ".bin", "application/octet-stream"),
}


def media_types() -> list[str]:
    """The media types of all formats, without their parameters."""
    every = [found for formats in (*_FORMATS.values(), _KEPT) for found in formats.values()]
    return sorted({found.media_type.partition(";")[0] for found in every})


def _formats_of(dataset: Dataset) -> dict[str, Format]:
    drawn = _TIMELINE if timeline.has_timeline(dataset) else {}
    there = {**_FORMATS[dataset.result.kind], **drawn, **_KEPT} if dataset.result else {}
    return {name: found for name, found in there.items() if dataset.result and found.role in dataset.result.files}


def disposition(filename: str) -> str:
    """The header that names a file to save, for browsers old (ASCII) and new (RFC 5987)."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    named = f'attachment; filename="{plain}"'
    return named if plain == filename else f"{named}; filename*=UTF-8''{quote(filename, safe='')}"
