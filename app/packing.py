"""Answers packed with zstd or gzip for whoever takes that: what is text and not packed already, streams too.

Each form of a download has an `ETag` of its own; elsewhere a weak one stands for all forms. Answers of the API get such
a one here, so that who asks again is told that nothing has changed.
"""

from __future__ import annotations

import gzip
import io
import secrets
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, cast

import zstandard
from flask import Flask, Response, request

_LEAST = 1_000
"""Shorter answers fit into one or two packets either way."""
_TEXT = (
    "text/",
    "application/json",
    "application/x-ndjson",
    "application/javascript",
    "application/gexf+xml",
    "application/graphml+xml",
    "image/svg+xml",
)
_PADDING = 64


def init_packing(app: Flask) -> None:
    """Pack the answers of an application. What is told of answers first sees them last, so this comes first."""
    app.after_request(pack)


def packing_of(media_type: str) -> str | None:
    """How an answer of this type to this request is packed: `zstd`, `gzip` or, with None, not at all."""
    if not media_type.startswith(_TEXT):
        return None
    wanted = request.accept_encodings
    offered = ("gzip",) if media_type.startswith("text/html") else ("zstd", "gzip")
    best = max(offered, key=wanted.quality)
    return best if wanted.quality(best) > 0 and wanted.quality(best) >= wanted.quality("identity") else None


def packed_tag(tag: str, media_type: str) -> str:
    """The ETag of a download in the form in which this request gets it."""
    packing = packing_of(media_type)
    return f"{tag}-{packing}" if packing else tag


def pack(answer: Response) -> Response:
    """Pack an answer, if that is worth it and the client takes it."""
    _tag(answer)
    media_type = answer.content_type or ""
    if (
        answer.status_code in (204, 206, 304)
        or "Content-Encoding" in answer.headers
        or not media_type.startswith(_TEXT)
    ):
        return answer
    answer.vary.add("Accept-Encoding")
    packing, length = packing_of(media_type), answer.content_length
    if request.endpoint == "static":
        answer.headers.pop("Accept-Ranges", None)  # nobody asks for parts of a script
    if packing is None or "Accept-Ranges" in answer.headers or (length is not None and length < _LEAST):
        return answer
    answer.direct_passthrough = False
    if answer.is_sequence:
        answer.set_data(_packed(answer.get_data(), packing, hide=media_type.startswith("text/html")))
    else:
        chunks = cast(Iterable[bytes], answer.response)
        if hasattr(chunks, "close"):
            answer.call_on_close(chunks.close)
        answer.response = _stream(chunks, packing)
        answer.headers.pop("Content-Length", None)
    answer.headers["Content-Encoding"] = packing
    tag, is_weak = answer.get_etag()
    if tag and not is_weak and not tag.endswith(f"-{packing}"):
        answer.set_etag(tag, weak=True)
    return answer


def _tag(answer: Response) -> None:
    """Give an answer of the API a tag by its content, and answer that it has not changed if the client knows it."""
    is_read = request.method in ("GET", "HEAD") and request.path.startswith("/api/")
    if is_read and answer.status_code == 200 and answer.is_sequence and "ETag" not in answer.headers:
        answer.add_etag(weak=True)
        answer.make_conditional(request)


def _packed(content: bytes, packing: str, *, hide: bool) -> bytes:
    """All of it at once. `hide` blurs its length, by which one could guess at secrets in a page, letter by letter."""
    if packing == "zstd":
        return zstandard.ZstdCompressor(level=3).compress(content)
    target = io.BytesIO()
    name = "-" * secrets.randbelow(_PADDING) if hide else ""
    with gzip.GzipFile(name, "wb", 5, target, mtime=0) as packer:
        packer.write(content)
    return target.getvalue()


def _stream(chunks: Iterable[bytes], packing: str) -> Iterator[bytes]:
    """Chunk after chunk; the first goes out at once, whatever its size."""
    packer: Any = zlib.compressobj(1, zlib.DEFLATED, 31)
    flush = zlib.Z_SYNC_FLUSH
    if packing == "zstd":
        packer, flush = zstandard.ZstdCompressor(level=1).compressobj(), zstandard.COMPRESSOBJ_FLUSH_BLOCK
    first = True
    for chunk in chunks:
        packed = packer.compress(chunk)
        if first:
            packed += packer.flush(flush)
            first = False
        if packed:
            yield packed
    yield packer.flush()
